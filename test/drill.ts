// A machine with wpam installed for real, on which faults are planted one at a time and wpam doctor is asked. What a
// fault changes is undone by taking an overlay away. Only inside test/sandbox.sh. Called by doctor_test.ts.

import assert from "node:assert/strict";
import type { Finding } from "../installer/check.ts";
import { VERSION } from "../installer/version.ts";
import { type Options, Werbot } from "./fake/werbot.ts";
import { Machine } from "./machine.ts";

export const ID = "alice@example.com";
export const KEY = "K3y-that-nobody-may-see";
const HOME = `/usr/lib/wpam/${VERSION}`;
const CHECKOUT = new URL("../", import.meta.url).pathname;
/** Folders of the sandbox of which the machine gets copies of its own; sshd would not see an overlay over the last. */
const SHARED = ["/usr/lib/wpam", "/usr/lib/security", "/usr/lib/pam.d", "/usr/sbin"];
/** Folders that faults may change, besides that of the modules. */
const PLACES = ["/etc", "/var", "/home", "/root", "/run", ...SHARED.slice(0, 3)];
const SCRATCH = "/tmp/drill";
const COPIES = "/tmp/drill-copies";

/** What doctor says. */
export interface Diagnosis {
  readonly exit: number;
  readonly findings: readonly Finding[];
  readonly skipped: readonly string[];
  /** Checks that took long. */
  readonly slow: readonly string[];
  readonly ms: number;
  /** What a person is shown, and what a program gets. */
  readonly text: string;
  readonly json: string;
}

/** A fault, as its file has it. */
export interface Fault {
  readonly name: string;
  /** What is broken, for people. */
  readonly title: string;
  /** What doctor has to name first. */
  readonly finds: string;
  /** What else doctor may name, and nothing besides. */
  readonly also: readonly string[];
  /** Whether the commands that doctor shows make all well again. */
  readonly mends: boolean;
  /** How Werbot behaves, and what it shows. */
  readonly werbot: string | undefined;
  readonly certificate: Options["certificate"];
  readonly plant: string;
  readonly undo: string | undefined;
}

/** Reads all faults, in the order of their names. */
export function readFaults(folder: URL): Fault[] {
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => name.endsWith(".fault")).sort();
  return names.map((name) => {
    const text = Deno.readTextFileSync(new URL(name, folder));
    const [, title, head, plant] = /^# (.+)\n((?:[a-z]+(?: .*)?\n)*)\n([^]*)$/.exec(text) ??
      assert.fail(`${name} is no fault: see README.md`);
    const values = new Map(
      head!.trim().split("\n").map((line) =>
        /^(\S+) ?(.*)$/.exec(line)!.slice(1) as [string, string]
      ),
    );
    const known = ["finds", "also", "mends", "werbot", "certificate", "undo"];
    for (const key of values.keys()) assert.ok(known.includes(key), `${name}: ${key}`);
    return {
      name: name.replace(/\.fault$/, ""),
      title: title!,
      finds: values.get("finds") ?? assert.fail(`${name} finds nothing`),
      also: values.get("also")?.split(" ") ?? [],
      mends: values.has("mends"),
      werbot: values.get("werbot"),
      certificate: values.get("certificate") as Options["certificate"],
      plant: plant!,
      undo: values.get("undo"),
    };
  });
}

/** Puts times of a server's clock in: `{date+100}` is that of one which is 100 s ahead. */
function fillDates(line: string): string {
  return line.replace(
    /\{date([+-]\d+)\}/,
    (_, seconds) => new Date(Date.now() + Number(seconds) * 1000).toUTCString(),
  );
}

/** Says where the machine has a file of the checkout. */
function findOnMachine(path: string): string {
  return path.startsWith(CHECKOUT) ? `/mnt/${path.slice(CHECKOUT.length)}` : path;
}

/** A machine that is well, until a fault is planted. */
export class Drill implements AsyncDisposable {
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: ReadableStreamDefaultReader<string>;
  #rest = "";

  private constructor(
    readonly machine: Machine,
    readonly werbot: Werbot,
    readonly server: Deno.ChildProcess,
  ) {
    this.#input = server.stdin.getWriter();
    this.#output = server.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Makes a machine and installs wpam on it. */
  static async start(): Promise<Drill> {
    const werbot = await Werbot.start({ users: [{ id: ID }], reuse: true, serviceKey: KEY });
    const machine = await Machine.start();
    await machine.write("/etc/wpam/ca.pem", werbot.ca, 0o600);
    Deno.chmodSync(machine.path("/etc/wpam"), 0o700);
    await machine.write("/run/test/key", `${KEY}\n`, 0o600);
    await machine.wpam(
      0,
      ...["install", "--yes", "--server-url", werbot.address, "--service-id", werbot.serviceID],
      ...["--service-key-file", "/run/test/key", "--confirm-within", "never"],
    );
    for (const [at, place] of SHARED.entries()) {
      const copy = `${COPIES}/${at}`;
      const script = `mkdir -p ${place} ${copy}; mount -t tmpfs -o mode=755 tmpfs ${copy}; ` +
        `cp -a ${place}/. ${copy}; mount --bind ${copy} ${place}`;
      assert.equal((await machine.run(["sh", "-ec", script])).code, 0);
    }
    await machine.run(["sh", "-c", "kill -HUP $(cat /run/sshd.pid); sleep 0.5"]);
    const [deno, cache] = [Deno.execPath(), Deno.env.get("DENO_DIR") ?? ""].map(findOnMachine);
    const program = findOnMachine(`${CHECKOUT}test/doctor_server.ts`);
    const words = [deno!, "run", "-A", "--no-check", "--quiet", program, HOME];
    const server = machine.spawn(words, {
      input: true,
      env: { DENO_DIR: cache!, DENO_NO_PACKAGE_JSON: "1" },
    });
    return new Drill(machine, werbot, server);
  }

  /** Asks doctor. */
  async examine(): Promise<Diagnosis> {
    await this.#input.write(new TextEncoder().encode("\n"));
    while (!this.#rest.includes("\n")) {
      const { value, done } = await this.#output.read();
      if (done) assert.fail(await new Response(this.server.stderr).text());
      this.#rest += value;
    }
    const [line, ...rest] = this.#rest.split("\n");
    this.#rest = rest.join("\n");
    return JSON.parse(line!);
  }

  /** Runs a script as root on the machine; fails when it does. */
  async run(script: string): Promise<string> {
    const { machine, werbot } = this;
    const { code, out, err } = await machine.run(["bash", "-euc", script], {
      home: HOME,
      module: `${machine.modules}/pam_wpam.so`,
      conf: "/etc/wpam/wpam.conf",
      pam: "/etc/pam.d/sshd",
      server: werbot.address,
    });
    assert.equal(code, 0, `${script}\n${out}${err}`);
    return out;
  }

  /** Runs commands that doctor shows, and waits for an sshd that was told to read its settings. */
  async mend(commands: readonly string[]): Promise<void> {
    for (const command of commands) {
      // Nobody is here to be asked, and nothing is to be on trial.
      await this.run(command.replace(/^wpam install\b.*/, "$& --yes --confirm-within never"));
    }
    // It takes away the file that it had written, reads, and writes it anew; before that the old one is there.
    await this.run(
      "for i in {1..50}; do [ -s /run/sshd.pid ] && " +
        '[ -z "$(find /etc/ssh -type f -newer /run/sshd.pid)" ] && break; sleep 0.1; done',
    );
  }

  /** Plants faults, does something, and makes the machine well again. */
  async with<T>(faults: readonly Fault[], work: () => Promise<T>): Promise<T> {
    const { machine } = this;
    const places = [...PLACES, machine.modules];
    const over = places.map((place, at) =>
      `mkdir -p ${SCRATCH}/${at}/u ${SCRATCH}/${at}/w; chmod --reference=${place} ${SCRATCH}/${at}/u\n` +
      `mount -t overlay -o lowerdir=${place},upperdir=${SCRATCH}/${at}/u,workdir=${SCRATCH}/${at}/w overlay ${place}\n`
    );
    await this.run(`mkdir -p ${SCRATCH}; mount -t tmpfs tmpfs ${SCRATCH}\n${over.join("")}`);
    const servers: Werbot[] = [];
    try {
      for (const { werbot, certificate } of faults) {
        if (werbot !== undefined) await this.werbot.behave(fillDates(werbot));
        if (certificate === undefined) continue;
        const server = await Werbot.start({ certificate, serviceKey: KEY });
        servers.push(server);
        await this.run(
          `sed -i 's/^server_url.*/server_url = ${server.address}/' $conf; cat >/etc/wpam/ca.pem <<'E'\n${server.ca}E`,
        );
      }
      for (const { plant } of faults) await this.run(plant);
      return await work();
    } finally {
      await this.werbot.behave();
      for (const server of servers) await server[Symbol.asyncDispose]();
      for (const { undo } of faults) if (undo !== undefined) await this.run(undo);
      const down = places.toReversed().map((place) => `umount -l ${place}\n`);
      await this.run(
        `${down.join("")}umount -l ${SCRATCH}\n` +
          // The listener has to forget what it was told, and be there.
          "pid=$(cat /run/sshd.pid); if kill -HUP $pid 2>&-; then sleep 0.1; else pkill -x sshd || :; /usr/sbin/sshd; fi\n" +
          "for i in {1..50}; do [ -s /run/sshd.pid ] && break; sleep 0.1; done",
      );
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    await this.#output.cancel();
    await this.server.stderr.cancel().catch(() => {});
    await this.server.status;
    await this.machine[Symbol.asyncDispose]();
    await this.werbot[Symbol.asyncDispose]();
  }
}
