// A throw-away machine with the real sshd on port 22 of the sandbox's own network, and people who log in to it.
// test/machine.sh makes it; here it is used and looked at. WPAM_TREE names the root of an installed system that
// takes this one's place (test/distros.sh). Only inside test/sandbox.sh, one at a time. Called by install_test.ts.

import assert from "node:assert/strict";
import { compare, list, type Listing } from "./listing.ts";
import { waitFor } from "./processes.ts";

const SCRIPT = new URL("machine.sh", import.meta.url).pathname;
const CHECKOUT = new URL("../", import.meta.url).pathname;
const TREE = Deno.env.get("WPAM_TREE");
const PATH = "/usr/sbin:/usr/bin:/sbin:/bin";
/** Where wpam could change anything. */
const PLACES = ["/etc", "/home", "/root", "/var", "/run"];
/** What a login, a listener or this test writes to. */
const NOISE = new RegExp(
  "^/(run/(test|sshd\\.pid|utmp|wpam\\.lock|wpam-test|\\.sandbox)|var/log/(wtmp|btmp|lastlog|faillog|wpam\\.log)|" +
    "run/motd\\.dynamic|etc/(passwd|shadow|group|gshadow|subuid|subgid)-|etc/\\.pwd\\.lock|" +
    "var/lib/(lastlog|wtmpdb)|home/[a-z]+/\\.cache)",
);

/** How a command ended. */
export interface Ending {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** How a login goes about it. */
export interface LoginOptions {
  readonly user?: string;
  readonly key?: boolean;
  /** What to run there; `id -un` unless told. */
  readonly command?: string;
}

/** As an answer: none, for as long as the client lives. */
export const SILENCE = "(silence)";
// The n-th prompt gets the n-th line, and whatever comes after the last an empty one.
const ASKPASS = `#!/bin/sh
printf '%s\\n' "$1" >>"$ANSWERS.prompts"
answer=$(sed -n "$(wc -l <"$ANSWERS.prompts")p" "$ANSWERS")
[ "$answer" = "${SILENCE}" ] || { printf '%s\\n' "$answer"; exit; }
while kill -0 "$PPID" 2>/dev/null; do sleep 0.1; done
`;

let installed = false;

/** A machine that runs until it is disposed of. */
export class Machine implements AsyncDisposable {
  #logins = 0;

  private constructor(
    readonly outside: Deno.ChildProcess,
    /** Process 1, as the sandbox counts. */
    readonly pid: number,
    readonly folder: string,
  ) {}

  /** Makes a machine, and starts its sshd unless told otherwise; without wpam only in a tree. */
  static async start(
    { init = "none", sshd = true, wpam = true }: {
      init?: "none" | "systemd";
      sshd?: boolean;
      wpam?: boolean;
    } = {},
  ): Promise<Machine> {
    if (wpam && !installed) {
      const args = ["-C", CHECKOUT, "--old-file=build", "--silent", "install"];
      const { success, stderr } = await new Deno.Command("make", { args }).output();
      assert.ok(success, new TextDecoder().decode(stderr));
      installed = true;
    }
    const folder = await Deno.makeTempDir({ dir: "/run/wpam-test", prefix: "machine-" });
    const outside = new Deno.Command("unshare", {
      args: [
        ...["--mount", "--pid", "--ipc", "--fork", "--kill-child"],
        ...["bash", SCRIPT, folder, init, wpam ? "installed" : "absent", ...TREE ? [TREE] : []],
      ],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const reader = outside.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const { value } = await reader.read();
    await reader.cancel();
    if (value !== "ready\n") {
      assert.fail(new TextDecoder().decode((await outside.output()).stderr));
    }
    const children = `/proc/${outside.pid}/task/${outside.pid}/children`;
    const pid = Number((await Deno.readTextFile(children)).trim());
    const machine = new Machine(outside, pid, folder);
    await machine.write("/run/test/askpass", ASKPASS, 0o755);
    if (sshd) await machine.startSshd(init === "systemd");
    return machine;
  }

  /** Says where a file of the machine is for us. */
  path(path: string): string {
    return `/proc/${this.pid}/root${path}`;
  }

  read(path: string): string {
    return Deno.readTextFileSync(this.path(path));
  }

  has(path: string): boolean {
    try {
      Deno.lstatSync(this.path(path));
      return true;
    } catch {
      return false;
    }
  }

  async write(path: string, text: string, mode = 0o644): Promise<void> {
    await Deno.mkdir(this.path(path.replace(/\/[^/]*$/, "")), { recursive: true });
    await Deno.writeTextFile(this.path(path), text);
    await Deno.chmod(this.path(path), mode);
  }

  /** Starts a command as root, in an environment of its own. */
  spawn(
    argv: readonly string[],
    { env = {}, input }: { env?: Record<string, string>; input?: boolean } = {},
  ): Deno.ChildProcess {
    const variables = { HOME: "/root", PATH, LC_ALL: "C.UTF-8", ...env };
    return new Deno.Command("nsenter", {
      args: [
        ...["--target", `${this.pid}`, "--mount", "--pid", "--ipc", "--root", "--wd"],
        ...["env", "-i", ...Object.entries(variables).map(([name, value]) => `${name}=${value}`)],
        ...argv,
      ],
      stdin: input ? "piped" : "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  /** Runs a command as root to its end. */
  async run(argv: readonly string[], env?: Record<string, string>): Promise<Ending> {
    return await finish(this.spawn(argv, env ? { env } : {}));
  }

  /** Runs wpam, and shows on failure what it said. */
  async wpam(code: number, ...args: string[]): Promise<string> {
    const ending = await this.run(["wpam", ...args]);
    assert.equal(ending.code, code, `wpam ${args.join(" ")}:\n${ending.out}${ending.err}`);
    return ending.out + ending.err;
  }

  /** Starts the real sshd as the machine's own; under systemd it is in its unit's group. */
  async startSshd(unit = false): Promise<void> {
    const { code, err } = await this.run(["/usr/sbin/sshd"]);
    assert.equal(code, 0, err);
    await waitFor("sshd's number", 5000, () => this.has("/run/sshd.pid"));
    if (!unit) return;
    await this.write("/run/test/cgroup", "0::/system.slice/ssh.service\n");
    const place = `/proc/${this.read("/run/sshd.pid").trim()}/cgroup`;
    const { code: mounted, err: why } = await this.run(
      ["mount", "--bind", "/run/test/cgroup", place],
    );
    assert.equal(mounted, 0, why);
  }

  /** Starts the ssh client; it answers prompts in order. */
  startLogin(
    answers: readonly string[],
    { user = "root", key = false, command = "id -un" }: LoginOptions = {},
  ): Deno.ChildProcess {
    const file = `/run/test/answers-${++this.#logins}`;
    Deno.writeTextFileSync(this.path(file), answers.map((line) => `${line}\n`).join(""));
    Deno.writeTextFileSync(this.path(`${file}.prompts`), "");
    const options = [
      "UserKnownHostsFile=/dev/null",
      "StrictHostKeyChecking=no",
      "LogLevel=ERROR",
      "NumberOfPasswordPrompts=1",
      "IdentitiesOnly=yes",
      "IdentityFile=/run/test/user_key",
      `PubkeyAuthentication=${key ? "yes" : "no"}`,
    ];
    return this.spawn(
      [
        ...["setsid", "--wait", "ssh", "-F", "none", "-l", user],
        ...options.flatMap((option) => ["-o", option]),
        ...["127.0.0.1", command],
      ],
      {
        env: {
          SSH_ASKPASS: "/run/test/askpass",
          SSH_ASKPASS_REQUIRE: "force",
          DISPLAY: ":0",
          ANSWERS: file,
        },
      },
    );
  }

  /** Logs in, and returns how that ended with the prompts that were shown. */
  async login(
    answers: readonly string[],
    options: LoginOptions = {},
  ): Promise<Ending & { readonly prompts: readonly string[] }> {
    const child = this.startLogin(answers, options);
    const file = `/run/test/answers-${this.#logins}.prompts`;
    const ending = await finish(child);
    return { ...ending, prompts: this.read(file).split("\n").slice(0, -1) };
  }

  /** The folder of the PAM modules. */
  get modules(): string {
    const folders = [...Deno.readDirSync(this.path("/usr/lib"))].map(({ name }) => name).sort();
    return ["/usr/lib64", "/usr/lib", ...folders.map((name) => `/usr/lib/${name}`)]
      .map((folder) => `${folder}/security`).find((folder) =>
        this.has(`${folder}/pam_permit.so`)
      ) ??
      assert.fail("no folder with pam_permit.so");
  }

  /** Everything that wpam could change, by path. */
  list(): Listing {
    const all = list(this.path(""), [...PLACES, this.modules]);
    return Object.fromEntries(Object.entries(all).filter(([path]) => !NOISE.test(path)));
  }

  /** Lists what is otherwise than in an earlier list(). */
  changes(before: Listing): string[] {
    return compare(before, this.list());
  }

  /** Ends the machine and all that runs on it. */
  async [Symbol.asyncDispose](): Promise<void> {
    Deno.kill(this.pid, "SIGKILL");
    await this.outside.stderr.cancel();
    await this.outside.status;
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** Collects a command's output until it ends. */
export async function finish(child: Deno.ChildProcess): Promise<Ending> {
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}
