// The fault matrix: one login for each thing that can break under a running module, and what must come of it, as
// docs/faults.md says. Real module, real libpam, and a real helper wherever a fault needs one. Only inside
// test/sandbox.sh, where the helper has a user of its own. Called by `deno test`.

import assert from "node:assert/strict";
import { compile } from "./compile.ts";
import { Werbot } from "./fake/werbot.ts";
import { explainNoModule, findParts, makeTest, type Parts, SANDBOX } from "./installed.ts";
import { countThreads, listChildren, listHelpers, waitFor } from "./processes.ts";
import { type Attempt, readLog, type Report, runApplication } from "./rung_pam.ts";

const ID = "alice@example.com";
const SIDE_BY_SIDE = 6;
/** Milliseconds in which every login must be over; the ceilings take 1.5 s at most on the module's fast clock. */
const LIMIT = 20_000;
/** More than fits into the socket to a helper. */
const BIG = 1_000_000;
const CLOSING = /^[A-Z]+: login /;

const test = makeTest(
  explainNoModule() ?? (SANDBOX ? null : "only inside test/sandbox.sh the helper has a user"),
);

/** What is done to one login. */
interface Fault {
  /** Lines of a shell script that takes the helper's place; `$HELPER` is the real one, `$HOSTILE` the hostile one. */
  helper?: string;
  /** Content of ca.pem in place of the fake server's authority. */
  anchors?: string;
  /** Variables for test/fake/faults.c. */
  faults?: Record<string, string>;
  /** Options of test/pam_app.c. */
  options?: string[];
  /** The user database in which the helper's user is looked up, from the real one. */
  passwd?: (text: string) => string;
  /** Runs the module's clock fast from the start. */
  fast?: boolean;
  /** The signal for the helper, and the prompt at which it comes; at 3, while Werbot is asked. */
  signal?: Deno.Signal;
  at?: 2 | 3;
}

/** What came of one login. */
interface Result {
  report: Report;
  log: string[];
  ms: number;
}

const signals: Deno.Signal[] = ["SIGKILL", "SIGSEGV", "SIGTERM", "SIGSTOP"];

/** All faults by their names in docs/faults.md, but for those of memory, which are many in one. */
const FAULTS: Record<string, Fault> = {
  ...Object.fromEntries(signals.flatMap((signal): [string, Fault][] => {
    const name = signal.slice(3);
    const fast = signal === "SIGSTOP";
    const number = { SIGKILL: 9, SIGSEGV: 11, SIGTERM: 15, SIGSTOP: 19 }[signal as string];
    const verdict = `exec $HOSTILE verdict-then-signal ${number}`;
    return [
      [`${name} before it has read the hello`, { helper: `kill -${name} $$; exec $HELPER`, fast }],
      [`${name} at the second prompt`, { signal, at: 2 }],
      [`${name} while Werbot is asked`, { signal, at: 3 }],
      [`${name} after its verdict`, { helper: verdict, fast }],
    ].map(([what, fault]) => [`the helper gets ${what}`, fault as Fault]);
  })),
  "the helper never reads, and its socket is full": {
    helper: "exec sleep 600",
    anchors: "x".repeat(BIG),
    fast: true,
  },
  "the helper ends without reading, and its socket is full": {
    helper: "exit 3",
    anchors: "x".repeat(BIG),
  },
  "no process can be made": { faults: { FAULT_CALL: "fork" } },
  "no socket can be made": { faults: { FAULT_CALL: "socketpair" } },
  "the socket to the helper cannot be written": { faults: { FAULT_CALL: "sendmsg" } },
  "the socket to the helper cannot be read": { faults: { FAULT_CALL: "recv" } },
  "the socket to the helper cannot be waited for": { faults: { FAULT_CALL: "poll" } },
  "the settings cannot be read": { faults: { FAULT_CALL: "read" } },
  "the kernel gives no random bytes": { faults: { FAULT_CALL: "getentropy" } },
  "the helper's process cannot be confined": { faults: { FAULT_CALL: "prctl" } },
  "the helper's exit status is taken by somebody else": { faults: { FAULT_CALL: "waitpid" } },
  "the user database cannot be read": { faults: { FAULT_CALL: "getpwnam_r" } },
  "the kernel has no close_range": { faults: { FAULT_CALL: "close_range" } },
  "there is no user wpam": { passwd: (text) => text.replace(/^wpam:.*\n/m, "") },
  "the user wpam is root": { passwd: (text) => text.replace(/^wpam:.*$/m, "wpam:x:0:0::/:/") },
  "the helper cannot be executed": { helper: "" },
  "memory is too short for the helper": { helper: "ulimit -v 300000; exec $HELPER" },
  "the application ignores SIGCHLD": { options: ["--sigchld", "ignore"] },
  "the application wants no zombies (SA_NOCLDWAIT)": { options: ["--sigchld", "nowait"] },
  "the application has a SIGCHLD handler that reaps every child": {
    options: ["--sigchld", "reap"],
  },
  "the application leaves SIGCHLD alone": { options: ["--sigchld", "default"] },
  "the application is interrupted by a signal every 300 µs": { options: ["--interrupt", "300"] },
};
const MEMORY = "any one allocation of the module fails";

/** Reads the cases of docs/faults.md: the expected code and log line of each. */
function readMatrix(): Map<string, { code: string; log: string }> {
  const text = Deno.readTextFileSync(new URL("../docs/faults.md", import.meta.url));
  const cases = text.matchAll(/^\| (.+?) \| `(PAM_\w+)` \| `(.+)` \|$/gm);
  return new Map([...cases].map(([, name, code, log]) => [name!, { code: code!, log: log! }]));
}

/** Where all logins of the matrix happen. */
class Workshop {
  #count = 0;

  private constructor(readonly folder: string) {}

  static async open(): Promise<Workshop> {
    const folder = await Deno.makeTempDir({ prefix: "wpam-" });
    // The helper runs as another user.
    await Deno.chmod(folder, 0o755);
    await compile("faults.c", `${folder}/faults.so`, "-shared", "-fPIC");
    await compile("hostile_helper.c", `${folder}/hostile`);
    return new Workshop(folder);
  }

  /** Runs one login with one fault. */
  async run(fault: Fault): Promise<Result> {
    const folder = `${this.folder}/${++this.#count}`;
    await Deno.mkdir(folder);
    await using werbot = await Werbot.start({ users: [{ id: ID }] });
    if (fault.at === 3) await werbot.behave("silence");
    const { address, serviceID, serviceKey } = werbot;
    await Deno.writeTextFile(
      `${folder}/wpam.conf`,
      `server_url = ${address}\nservice_id = ${serviceID}\nservice_key = ${serviceKey}\n` +
        "timeout = 60\n",
      { mode: 0o600 },
    );
    await Deno.writeTextFile(`${folder}/ca.pem`, fault.anchors ?? werbot.ca);
    const clock = `${folder}/fast`;
    if (fault.fast) await Deno.writeTextFile(clock, "");
    const parts = await this.#prepare(fault, folder);
    let asked = 0;
    let application = 0;
    const attempt: Attempt = {
      arguments: [
        `config=${folder}/wpam.conf`,
        `helper=${parts.helper}`,
        `log_file=${folder}/wpam.log`,
      ],
      user: "alice",
      rhost: "203.0.113.7",
      tty: "ssh",
      environment: [],
      variables: { LD_PRELOAD: `${this.folder}/faults.so`, FAULT_CLOCK: clock, ...fault.faults },
      conversation: true,
      options: fault.options ?? [],
      calls: ["authenticate"],
      answer: async (_echo, _prompt, app) => {
        application = app;
        if (++asked === fault.at) await strike(app, fault.signal!, clock);
        return { kind: "text", text: asked === 1 ? ID : werbot.code(ID) };
      },
    };
    const started = performance.now();
    const [report] = await Promise.all([
      runApplication(parts, folder, attempt),
      fault.at === 3 &&
      werbot.until(() => werbot.requests.length === 1, LIMIT)
        .then(() => strike(application, fault.signal!, clock)),
    ]);
    const ms = Math.round(performance.now() - started);
    return { report, log: await readLog(`${folder}/wpam.log`), ms };
  }

  /** Puts what a fault needs into the place of the helper or of the user database. */
  async #prepare({ helper, passwd }: Fault, folder: string): Promise<Parts> {
    const parts = findParts();
    if (helper !== undefined) {
      const script = helper.replace("$HELPER", parts.helper)
        .replace("$HOSTILE", `${this.folder}/hostile`);
      const text = script === "" ? "neither a script nor a program\n" : `#!/bin/sh\n${script}\n`;
      parts.helper = `${folder}/helper`;
      await Deno.writeTextFile(parts.helper, text);
      await Deno.chmod(parts.helper, 0o755);
    }
    if (passwd !== undefined) {
      const text = passwd(await Deno.readTextFile("/etc/passwd"));
      await Deno.writeTextFile(`${folder}/passwd`, text);
      const mount = `mount --bind ${folder}/passwd /etc/passwd && exec ${parts.app} "$@"`;
      parts.app = `${folder}/app`;
      await Deno.writeTextFile(
        parts.app,
        `#!/bin/sh\nexec unshare --mount sh -c '${mount}' sh "$@"\n`,
        { mode: 0o755 },
      );
    }
    return parts;
  }

  async close(): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** Sends a signal to the helper of an application, and waits until it has struck. */
async function strike(app: number, signal: Deno.Signal, clock: string): Promise<void> {
  const [helper, ...more] = listChildren(app);
  assert.ok(helper && more.length === 0, "one helper");
  const state = () => listChildren(app).find(({ pid }) => pid === helper.pid)?.state ?? "Z";
  // Again and again: V8 takes the first SIGSEGV for one of its own and goes on.
  await waitFor(`${signal} strikes`, 5000, () => {
    const works = /[RSD]/.test(state());
    if (works) Deno.kill(helper.pid, signal);
    return !works;
  });
  // The first thread dies before the last, with which the socket is closed.
  await waitFor(
    "the end of all threads",
    5000,
    () => state() !== "Z" || countThreads(helper.pid) < 2,
  );
  if (signal === "SIGSTOP") await Deno.writeTextFile(clock, "");
}

/** Checks what all logins must end with, and returns the line that closes this one. */
function check({ report, log, ms }: Result, code: string, expected: string): string {
  assert.deepEqual(report.codes, [["authenticate", code]], `the log:\n  ${log.join("\n  ")}`);
  assert.deepEqual(report.remains, { fds: 0, children: 0, signals: 0 }, "left over");
  assert.equal(report.complaints, "", "standard error");
  assert.ok(ms < LIMIT, `took ${ms} ms`);
  const [line, ...more] = log.filter((line) => CLOSING.test(line));
  assert.deepEqual(more, [], "further closing lines");
  const pattern = expected.split("…").map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  assert.match(line ?? "", new RegExp(`^${pattern.join(".*")}$`));
  return line!;
}

/** Fails each allocation of a login, one login after the other, until one login gets through. */
async function failAllocations(workshop: Workshop, code: string, log: string): Promise<Result> {
  for (let number = 1;; number++) {
    const result = await workshop.run({ faults: { FAULT_ALLOCATION: String(number) } });
    if (result.report.codes[0]?.[1] === "PAM_SUCCESS") {
      // Its mark, its files, and each path and each frame of the helper.
      assert.ok(number > 10, `only ${number - 1} allocations`);
      return result;
    }
    assert.match(check(result, code, log), /memory|PAM cannot keep a mark/);
  }
}

test("every fault ends in the code and the line of docs/faults.md, and leaves nothing behind", async (t) => {
  const matrix = readMatrix();
  assert.deepEqual([...matrix.keys()].sort(), [...Object.keys(FAULTS), MEMORY].sort());
  const workshop = await Workshop.open();
  const rows: string[] = [];
  const work = async (names: string[]) => {
    for (let name; (name = names.shift()) !== undefined;) {
      const { code, log } = matrix.get(name)!;
      const [row, fault] = [name, FAULTS[name]];
      const fn = async () => {
        const result = fault
          ? await workshop.run(fault)
          : await failAllocations(workshop, code, log);
        const line = fault ? check(result, code, log) : log;
        rows.push(`${row.padEnd(62)} ${code.padEnd(15)} ${String(result.ms).padStart(5)} ${line}`);
      };
      const sanitizers = { sanitizeOps: false, sanitizeResources: false, sanitizeExit: false };
      await t.step({ name, fn, ...sanitizers });
    }
  };
  const names = [MEMORY, ...Object.keys(FAULTS)];
  try {
    await Promise.all(Array.from({ length: SIDE_BY_SIDE }, () => work(names)));
    console.log(`${"case".padEnd(62)} ${"code".padEnd(15)}    ms log line\n${rows.join("\n")}`);
  } finally {
    await workshop.close();
  }
  assert.deepEqual(listHelpers(), []);
});
