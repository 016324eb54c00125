// What every package of wpam has to live through, whichever package manager it is for: installed, set up, upgraded while a
// login waits at its prompt, refused to go, removed. Packages are those of build and, made by test/older.sh, build/older.
// Only inside test/sandbox.sh. Called by deb.ts and rpm.ts.

import assert from "node:assert/strict";
import { VERSION } from "../installer/version.ts";
import type { Werbot } from "./fake/werbot.ts";
import { type Ending, finish, type Machine } from "./machine.ts";
import { waitFor } from "./processes.ts";

const BUILD = new URL("../build/", import.meta.url).pathname;
export const ID = "alice@example.com";
const PASSWORD = "Passw0rd-root";

/** Answers from $ANSWERS as the usual one does, but not the code before /run/test/go is there. */
const PATIENT = `#!/bin/sh
printf '%s\\n' "$1" >>"$ANSWERS.prompts"
case $1 in *code*) until [ -e /run/test/go ]; do sleep 0.1; done ;; esac
sed -n "$(wc -l <"$ANSWERS.prompts")p" "$ANSWERS"
`;

/** How a package manager is asked. */
export interface Manager {
  /** Installs a package, or upgrades to it. */
  install(file: string): Promise<unknown>;
  /** Tries to remove wpam: it must end with this code. Returns what was said. */
  remove(code: number): Promise<string>;
  /** Lists what is otherwise than in the package. */
  verify: readonly string[];
}

/** Runs a command on a machine, which must end with a code; returns what it said. */
export async function run(
  machine: Machine,
  code: number,
  argv: readonly string[],
  env?: Record<string, string>,
): Promise<string> {
  const ending = await machine.run(argv, env);
  assert.equal(ending.code, code, `${argv.join(" ")}:\n${ending.out}${ending.err}`);
  return ending.out + ending.err;
}

/** Copies the package whose name begins and ends so to a machine. */
export async function load(machine: Machine, start: string, end: string): Promise<string> {
  for (const folder of [BUILD, `${BUILD}older/`]) {
    for (const { name } of Deno.readDirSync(folder)) {
      if (!name.startsWith(start) || !name.endsWith(end)) continue;
      await Deno.copyFile(folder + name, machine.path(`/run/test/${name}`));
      return `/run/test/${name}`;
    }
  }
  assert.fail(`no ${start}*${end} in build or build/older`);
}

export function expectIn({ code, out, err }: Ending): void {
  assert.equal(code, 0, out + err);
  assert.equal(out, "root\n");
}

/** One package on one machine, whose Werbot knows ID. */
export class PackageLife {
  constructor(
    readonly machine: Machine,
    readonly werbot: Werbot,
    readonly manager: Manager,
  ) {}

  /** The answers of a login that gets in. */
  answers(): string[] {
    return [PASSWORD, ID, this.werbot.code(ID)];
  }

  /** Installing changes no login; then wpam is set up. */
  async setUp(file: string, version: string): Promise<void> {
    const { machine, werbot } = this;
    const before = machine.list();
    await this.manager.install(file);
    const changes = machine.changes(before);
    assert.deepEqual(changes.filter((path) => path.startsWith("/etc/pam.d/")), []);
    await this.expectWithout();
    assert.match(await machine.wpam(3, "status"), /not set up/);
    const user = /^wpam:.*:\/nonexistent:(\/usr)?\/sbin\/nologin$/m;
    assert.match(machine.read("/etc/passwd"), user);

    await machine.write("/etc/wpam/ca.pem", werbot.ca, 0o600);
    await machine.write("/run/test/key", `${werbot.serviceKey}\n`, 0o600);
    await machine.wpam(
      0,
      ...["install", "--yes", "--server-url", werbot.address, "--service-id", werbot.serviceID],
      ...["--service-key-file", "/run/test/key", "--confirm-within", "60s"],
    );
    const confirmed = await machine.login(this.answers(), { command: "wpam confirm" });
    assert.equal(confirmed.code, 0, confirmed.out + confirmed.err);
    await this.expectWith(version);
  }

  /** A login that began before the upgrade ends after it. */
  async upgrade(file: string, before: string): Promise<void> {
    const { machine } = this;
    await machine.write("/run/test/askpass", PATIENT, 0o755);
    const seen = this.#waiting();
    const login = machine.startLogin(this.answers());
    await waitFor("the prompt for the code", 30_000, () => this.#waiting() > seen);
    await this.manager.install(file);
    assert.ok(!machine.has(`/usr/lib/wpam/${before}`), "the version before is gone");
    await machine.write("/run/test/go", "");
    expectIn(await finish(login));
    await this.expectWith(VERSION);
    const wrong = await machine.login([PASSWORD, ID, "000000"]);
    assert.notEqual(wrong.code, 0);
  }

  /** It does not go while a line of somebody else's would let nobody in without it. */
  async refuse(): Promise<void> {
    const { machine } = this;
    await machine.write("/etc/pam.d/other-service", "auth required pam_wpam.so\n");
    // Neither is anything that PAM reads.
    await run(machine, 0, ["sh", "-ec", "mkdir /etc/pam.d/folder; ln -s none /etc/pam.d/nowhere"]);
    assert.match(await this.manager.remove(1), /other-service, line 1: auth required/);
    assert.match(machine.read("/etc/pam.d/sshd"), /pam_wpam/);
    const made = ["other-service", "folder", "nowhere"].map((name) => `/etc/pam.d/${name}`);
    await run(machine, 0, ["rm", "-r", ...made]);
  }

  /** Takes itself out of the logins, and leaves what another installation can use. */
  async remove(): Promise<void> {
    await this.manager.remove(0);
    await this.expectWithout();
    assert.ok(this.machine.has("/etc/wpam/wpam.conf") && this.machine.has("/var/log/wpam.log"));
  }

  /** wpam is set up, works, and is as it was packaged. */
  async expectWith(version: string): Promise<void> {
    expectIn(await this.machine.login(this.answers()));
    assert.match(await this.machine.wpam(0, "status"), new RegExp(`^wpam ${version} `));
    assert.equal(await run(this.machine, 0, this.manager.verify), "");
  }

  /** A password is all it takes. */
  async expectWithout(): Promise<void> {
    expectIn(await this.machine.login([PASSWORD]));
  }

  /** Counts the logins that have seen the prompt for the code. */
  #waiting(): number {
    return [...Deno.readDirSync(this.machine.path("/run/test"))].filter(({ name }) =>
      name.endsWith(".prompts") && /totp code/.test(this.machine.read(`/run/test/${name}`))
    ).length;
  }
}
