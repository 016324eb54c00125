// What a helper cannot do, proved by one that tries it, as a program of Deno's and as machine code, and by a look at
// it from outside. Started by the real module under libpam, as root. Only inside test/sandbox.sh. Called by `deno test`.

import assert from "node:assert/strict";
import { explainNoSshd, findMissing, findParts, makeTest } from "./installed.ts";
import { listChildren, listProcesses, readStatus } from "./processes.ts";
import { readLog, runApplication } from "./rung_pam.ts";
import { ID_PROMPT } from "./stage.ts";
import type { Reply } from "./story.ts";

const test = makeTest(explainNoSshd() ?? findMissing("wpam-auth.js"));
const SOURCE = new URL("fake/", import.meta.url).pathname;
/** What a login with the probe may take: it does more than any other. */
const PATIENCE = 20_000;

/** As the module sets them; nothing is set that counts by user, or that V8 cannot start under. */
const LIMITS = {
  "Max cpu time": "20 20",
  "Max file size": "0 0",
  "Max data size": "134217728 134217728",
  "Max core file size": "0 0",
  "Max open files": "64 64",
  "Max locked memory": "0 0",
};

/** Whether the kernel can keep memory from becoming code (Linux 6.3). */
const [MAJOR = 0, MINOR = 0] = Deno.osRelease().split(".").map(Number);
const KEEPS_CODE_OUT = MAJOR > 6 || (MAJOR === 6 && MINOR >= 3);

async function run(program: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
}

/** Puts the probe where the module finds it, as wpam is installed, with the launcher and runtime of the real helper. */
async function installProbe(folder: string): Promise<string> {
  const { helper } = findParts();
  const home = helper.replace(/\/[^/]*$/, "");
  for (const [name, mode] of [["wpam-auth", 0o755], ["deno", 0o711]] as const) {
    await Deno.copyFile(`${home}/${name}`, `${folder}/${name}`);
    await Deno.chmod(`${folder}/${name}`, mode);
  }
  const esbuild = Deno.env.get("ESBUILD") ?? assert.fail("ESBUILD is not set: make test");
  const options = ["--bundle", "--format=esm", "--platform=neutral", "--external:node:*"];
  await run(esbuild, `${SOURCE}probe.ts`, ...options, `--outfile=${folder}/wpam-auth.js`);
  return `${folder}/wpam-auth`;
}

/** Logs in with a helper; `answer` hears what it asks, after the module's own question. */
async function logIn(folder: string, helper: string, answer: () => Promise<Reply>) {
  await Deno.writeTextFile(`${folder}/wpam.conf`, "", { mode: 0o600 });
  const report = await runApplication(findParts(), folder, {
    user: "alice",
    rhost: "203.0.113.7",
    tty: "ssh",
    environment: [],
    conversation: true,
    arguments: [
      `config=${folder}/wpam.conf`,
      `helper=${helper}`,
      `log_file=${folder}/wpam.log`,
    ],
    calls: ["authenticate"],
    answer: (_echo, prompt) =>
      prompt === ID_PROMPT ? Promise.resolve({ kind: "text", text: "alice" }) : answer(),
  });
  assert.deepEqual(report.codes, [["authenticate", "PAM_AUTH_ERR"]]);
  const attempts = (await readLog(`${folder}/wpam.log`))
    .flatMap((line) => /^INFO: attempt (\S+) (.*)$/.exec(line)?.slice(1) ?? []);
  return Object.fromEntries(
    Array.from({ length: attempts.length / 2 }, (_, i) => attempts.slice(2 * i, 2 * i + 2)),
  ) as Record<string, string>;
}

/** Finds the helper that the scripted application has started. */
function findHelper(): number {
  const app = listProcesses().find(({ name }) => name === "pam_app") ?? assert.fail("no pam_app");
  return listChildren(app.pid)[0]?.pid ?? assert.fail("no helper");
}

const readProc = (pid: number, file: string) => Deno.readTextFileSync(`/proc/${pid}/${file}`);

/** Fails unless the helper is what it has to be, seen from outside. */
function inspect(pid: number): void {
  const limits = readProc(pid, "limits");
  for (const [name, values] of Object.entries(LIMITS)) {
    const found = new RegExp(`^${name} +(\\S+) +(\\S+)`, "m").exec(limits)?.slice(1).join(" ");
    assert.equal(found, values, name);
  }
  // Both can be written or run, never both, and code comes from files alone.
  for (const line of readProc(pid, "maps").trim().split("\n")) {
    const [, mode = "", , , , path = ""] = line.split(/\s+/);
    assert.doesNotMatch(mode, /wx/, line);
    if (mode.includes("x")) assert.match(path, /^(\/|\[vdso\]|\[vsyscall\])/, line);
  }
  assert.match(readProc(pid, "cmdline"), /\0--v8-flags=--jitless,/);
  const { Uid, NoNewPrivs, CapEff, Seccomp } = readStatus(pid);
  assert.notEqual(Uid!.split("\t")[0], "0");
  assert.deepEqual([NoNewPrivs, CapEff, Seccomp], ["1", "0000000000000000", "0"]);
}

test("a helper has the network and nothing else, whatever its program tries", async () => {
  const folder = await Deno.makeTempDir({ prefix: "wpam-" });
  try {
    await Deno.chmod(folder, 0o755);
    const helper = await installProbe(folder);
    const started = performance.now();
    const outcomes = await logIn(folder, helper, () => {
      inspect(findHelper());
      return Promise.resolve({ kind: "text", text: "" });
    });
    assert.ok(performance.now() - started < PATIENCE);
    const names = Object.keys(outcomes);
    assert.equal(names.length, 20);
    assert.deepEqual(outcomes, Object.fromEntries(names.map((name) => [name, "refused"])));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

test("machine code in a helper reaches neither root, nor the module, nor the helper of another login, as the predecessor guarded nothing (defect 35)", async () => {
  const folder = await Deno.makeTempDir({ prefix: "wpam-" });
  try {
    await Deno.chmod(folder, 0o755);
    for (const name of ["probe", "intruder"]) await Deno.mkdir(`${folder}/${name}`);
    const program = `${folder}/intruder/program`;
    await run("cc", "-std=c11", "-D_GNU_SOURCE", "-o", program, `${SOURCE}intruder.c`);
    const launcher = `${folder}/intruder/helper`;
    const settings = `${folder}/intruder/wpam.conf`;
    await Deno.writeTextFile(launcher, `#!/bin/sh\nexec ${program} ${settings}\n`, { mode: 0o755 });
    let outcomes: Record<string, string> = {};
    // Another login waits at a prompt meanwhile.
    await logIn(`${folder}/probe`, await installProbe(`${folder}/probe`), async () => {
      outcomes = await logIn(`${folder}/intruder`, launcher, () => assert.fail("asked"));
      return { kind: "text", text: "" };
    });
    const denied = "Permission denied";
    const forbidden = "Operation not permitted";
    assert.deepEqual(outcomes, {
      "read-shadow": denied,
      "read-settings": denied,
      "write": "File too large",
      "become-root": forbidden,
      "signal-module": forbidden,
      "trace-module": forbidden,
      "read-module-memory": denied,
      // It sees that others log in, and could end them; it learns nothing of them.
      "find-neighbour": "done",
      "trace-neighbour": forbidden,
      "read-neighbour-memory": denied,
      "read-neighbour-environment": denied,
      "map-code": KEEPS_CODE_OUT ? denied : "done",
      "take-memory": "Cannot allocate memory",
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
