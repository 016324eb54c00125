/**
 * The life of the Debian package on a whole Debian: installed, set up, logged in with, upgraded from the version before
 * while a login waits at its prompt, removed, purged.
 *
 * WPAM_TREE names the system, the packages are build/distros/wpam_*.deb. Not part of `make test`; run by
 * test/distros.sh, inside test/sandbox.sh.
 */
import assert from "node:assert/strict";
import { VERSION } from "../installer/version.ts";
import { Werbot } from "./fake/werbot.ts";
import { type Ending, finish, Machine } from "./machine.ts";
import { waitFor } from "./processes.ts";

const DEBS = new URL("../build/distros/", import.meta.url).pathname;
const BEFORE = "0.0.9";
const ID = "alice@example.com";
const PASSWORD = "Passw0rd-root";
/** What dpkg and pam-auth-update write for themselves. */
const NOISE = /^\/(var\/(lib\/(dpkg|pam)|cache|log\/dpkg\.log)|run\/test)/;

/** Answers from $ANSWERS as the usual one does, but not the code before /run/test/go is there. */
const PATIENT = `#!/bin/sh
printf '%s\\n' "$1" >>"$ANSWERS.prompts"
case $1 in *code*) until [ -e /run/test/go ]; do sleep 0.1; done ;; esac
sed -n "$(wc -l <"$ANSWERS.prompts")p" "$ANSWERS"
`;

async function dpkg(machine: Machine, code: number, ...words: string[]): Promise<string> {
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const ending = await machine.run(["dpkg", ...words], env);
  assert.equal(ending.code, code, `dpkg ${words.join(" ")}:\n${ending.out}${ending.err}`);
  return ending.out + ending.err;
}

async function load(machine: Machine, version: string): Promise<string> {
  const [deb] = [...Deno.readDirSync(DEBS)].filter(({ name }) =>
    name.startsWith(`wpam_${version}_`)
  );
  const path = `/run/test/${deb!.name}`;
  await Deno.copyFile(DEBS + deb!.name, machine.path(path));
  return path;
}

function expectIn({ code, out, err }: Ending): void {
  assert.equal(code, 0, out + err);
  assert.equal(out, "root\n");
}

Deno.test("the Debian package: install, log in, upgrade under a login, remove, purge", async () => {
  await using werbot = await Werbot.start({ users: [{ id: ID }], reuse: true });
  await using machine = await Machine.start({ wpam: false });
  const answers = () => [PASSWORD, ID, werbot.code(ID)];
  const before = machine.list();
  const changes = () => machine.changes(before).filter((path) => !NOISE.test(path));
  const older = await load(machine, BEFORE);
  const newer = await load(machine, VERSION);

  // Installing changes no login.
  await dpkg(machine, 0, "--install", older);
  assert.deepEqual(changes().filter((path) => path.startsWith("/etc/pam.d/")), []);
  expectIn(await machine.login([PASSWORD]));
  assert.match(await machine.wpam(3, "status"), /not set up/);
  assert.match(machine.read("/etc/passwd"), /^wpam:.*:\/nonexistent:\/usr\/sbin\/nologin$/m);

  await machine.write("/etc/wpam/ca.pem", werbot.ca, 0o600);
  await machine.write("/run/test/key", `${werbot.serviceKey}\n`, 0o600);
  await machine.wpam(
    0,
    ...["install", "--yes", "--server-url", werbot.address, "--service-id", werbot.serviceID],
    ...["--service-key-file", "/run/test/key", "--confirm-within", "60s"],
  );
  const confirmed = await machine.login(answers(), { command: "wpam confirm" });
  assert.equal(confirmed.code, 0, confirmed.out + confirmed.err);
  assert.match(await machine.wpam(0, "status"), new RegExp(`^wpam ${BEFORE} `));

  // A login that began before the upgrade ends after it.
  await machine.write("/run/test/askpass", PATIENT, 0o755);
  const waiting = machine.startLogin(answers());
  await waitFor(
    "the prompt for the code",
    30_000,
    () =>
      [...Deno.readDirSync(machine.path("/run/test"))].some(({ name }) =>
        name.endsWith(".prompts") && /totp code/.test(machine.read(`/run/test/${name}`)) &&
        name.startsWith("answers-3")
      ),
  );
  await dpkg(machine, 0, "--install", newer);
  assert.ok(!machine.has(`/usr/lib/wpam/${BEFORE}`), "the version before is gone");
  await machine.write("/run/test/go", "");
  expectIn(await finish(waiting));
  expectIn(await machine.login(answers()));
  assert.match(await machine.wpam(0, "status"), new RegExp(`^wpam ${VERSION} `));
  const wrong = await machine.login([PASSWORD, ID, "000000"]);
  assert.notEqual(wrong.code, 0);
  assert.deepEqual((await machine.run(["dpkg", "--verify", "wpam"])).out, "");

  // The profile for every service is there, off, and goes before the module does.
  const common = machine.read("/etc/pam.d/common-auth");
  const enable = ["pam-auth-update", "--enable", "wpam"];
  const enabled = await machine.run(enable, { DEBIAN_FRONTEND: "noninteractive" });
  assert.equal(enabled.code, 0, enabled.err);
  assert.match(machine.read("/etc/pam.d/common-auth"), /^auth\trequired\tpam_wpam\.so/m);

  // It does not go while a line of somebody else's would let nobody in without it.
  await machine.write("/etc/pam.d/other-service", "auth required pam_wpam.so\n");
  assert.match(await dpkg(machine, 1, "--remove", "wpam"), /other-service, line 1: auth required/);
  assert.match(machine.read("/etc/pam.d/sshd"), /pam_wpam/);
  assert.equal(machine.read("/etc/pam.d/common-auth"), common);
  await machine.run(["rm", "/etc/pam.d/other-service"]);
  await dpkg(machine, 0, "--configure", "--pending");

  await dpkg(machine, 0, "--remove", "wpam");
  expectIn(await machine.login([PASSWORD]));
  assert.ok(!changes().some((path) => /pam\.d|sshd_config|security/.test(path)), `${changes()}`);
  assert.ok(machine.has("/etc/wpam/wpam.conf") && machine.has("/var/log/wpam.log"));
  await dpkg(machine, 0, "--purge", "wpam");
  assert.deepEqual(changes(), []);
  assert.ok(!machine.has("/var/log/wpam.log"));
  assert.deepEqual(werbot.violations, []);
});
