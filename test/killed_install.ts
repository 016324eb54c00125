// An install in the order in which installer/install.ts does it, and the process that dies in the middle of it.
// On a tree of files, service manager and user tools are stood in for; all else is the real transaction.
// Called by test/kill_test.ts and, as a program, started by it and by test/transaction_test.ts:
//   killed_install.ts WORK.json          installs, confirms, and prints which operations that took
//   killed_install.ts WORK.json N        kills itself (KILL) right before its N-th operation
//   killed_install.ts WORK.json N:half   the same, but after half of what that operation writes
//   killed_install.ts WORK.json wait     installs, says so, and waits to be killed, as if for a confirmation

import assert from "node:assert/strict";
import { openView, type Output, toBytes, toText, uptime, type View } from "../installer/host.ts";
import type { Step } from "../installer/steps.ts";
import { type Operations, operations, Transaction } from "../installer/transaction.ts";

/** What is to be done. */
export interface Work {
  /** Of the tree, or "" for the machine itself. */
  readonly root: string;
  /** What the test logins need. */
  readonly early: readonly Step[];
  /** What is there only for the time of a test login. */
  readonly canary: readonly Step[];
  readonly steps: readonly Step[];
  /** What takes it back, and after how many seconds. */
  readonly alarm: { readonly seconds: number; readonly command: readonly string[] };
}

/** Opens a tree as the running machine, with a systemd that is only believed in. */
export function openTree(root: string): View {
  return { ...openView(root), live: true };
}

/** The operations on a tree: the real ones, but for users and what runs on a machine. */
export function makeOperations(root: string): Operations {
  return root === ""
    ? operations
    : { ...operations, run: (argv) => Promise.resolve(pretend(root, argv)) };
}

/** Takes the lock for as long as some work takes. */
export async function hold<T>(
  root: string,
  ops: Operations,
  work: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  let transaction = Transaction.open(openTree(root), ops);
  // A program that another job starts has our descriptors too, until it is loaded.
  for (let tries = 50; "busy" in transaction; tries--) {
    assert.ok(tries > 0, "somebody else has the lock");
    await new Promise((resolve) => setTimeout(resolve, 20));
    transaction = Transaction.open(openTree(root), ops);
  }
  try {
    return await work(transaction);
  } finally {
    transaction.close();
  }
}

/** Does what comes before the test logins, those, the alarm and the rest. */
export async function change(
  { root, early, canary, steps, alarm }: Work,
  ops: Operations,
): Promise<void> {
  await hold(root, ops, async (transaction) => {
    const begun = await transaction.apply(early, { more: true });
    assert.ok(begun.done, JSON.stringify(begun));
    await transaction.during(canary, () => Promise.resolve());
    await transaction.arm(alarm.seconds, alarm.command);
    const applied = await transaction.apply(steps);
    assert.ok(applied.done, JSON.stringify(applied));
  });
}

/** Installs and confirms. */
export async function install(work: Work, ops: Operations): Promise<void> {
  await change(work, ops);
  await hold(work.root, ops, async (transaction) => {
    const login = { pid: 2, started: uptime() + 1, client: undefined };
    assert.deepEqual(await transaction.confirm(login), { problems: [] });
  });
}

/** Stands in for all commands; those that add and remove users do so. */
export function pretend(root: string, argv: readonly string[]): Output {
  const name = argv.at(-1)!;
  const edit = (file: string, add: string | undefined) => {
    const text = Deno.readTextFileSync(`${root}/etc/${file}`);
    const rest = text.replace(new RegExp(`^${name}:.*\n`, "m"), "");
    Deno.writeTextFileSync(`${root}/etc/${file}`, rest + (add ?? ""));
  };
  if (argv[0] === "useradd") edit("passwd", `${name}:x:999:999::/nonexistent:/bin/false\n`);
  if (argv.includes("--user-group")) edit("group", `${name}:x:999:\n`);
  if (argv[0] === "userdel") edit("passwd", undefined);
  if (argv[0] === "groupdel") edit("group", undefined);
  return { code: 0, out: "", err: "", timedOut: false };
}

/** Calls `before` before each operation, with its number, from 1. */
export function count(
  ops: Operations,
  before: (number: number, name: string, args: unknown[]) => void,
): Operations {
  let number = 0;
  const entries = Object.entries(ops).map(([name, work]) => [name, (...args: unknown[]) => {
    before(++number, name, args);
    return (work as (...args: unknown[]) => unknown)(...args);
  }]);
  return Object.fromEntries(entries);
}

if (import.meta.main) {
  const [file, point] = Deno.args;
  // Latin-1 texts in UTF-8: JSON has them as characters.
  const work: Work = JSON.parse(Deno.readTextFileSync(file!));
  const [at, half] = (point ?? "0").split(":");
  const names: string[] = [];
  const ops = makeOperations(work.root);
  const counted = count(ops, (number, name, args) => {
    names.push(name);
    if (number !== Number(at)) return;
    if (half) {
      const bytes = args[1] as Uint8Array;
      const written = toBytes(toText(bytes).slice(0, bytes.length / 2));
      if (name === "writeNew") {
        const [path, , mode, uid, gid] = args as Parameters<Operations["writeNew"]>;
        ops.writeNew(path, written, mode, uid, gid);
      } else ops.overwrite(args[0] as string, written);
    }
    Deno.kill(Deno.pid, "SIGKILL");
  });
  if (point === "wait") {
    await change(work, ops);
    console.log("installed");
    setInterval(() => {}, 1000);
  } else {
    await install(work, counted);
    console.log(JSON.stringify(names));
  }
}
