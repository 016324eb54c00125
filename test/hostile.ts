// Helpers that break the protocol, one way each, and what the log must say of it. It runs no login: the
// rungs do. Called by test/pam_test.ts and test/sshd_test.ts.

import assert from "node:assert/strict";
import { compile } from "./compile.ts";

/** Ways to break the protocol, by name, with the reason that belongs into the log. */
export const FAULTS: Record<string, RegExp> = {
  "missing": /No such file or directory/,
  "not-executable": /could not be started/,
  "exits-at-once": /ended before its verdict/,
  "silent": /said nothing in time/,
  "silent-and-deaf": /said nothing in time/,
  "dies": /ended before its verdict.*signal 9/,
  "endless-frames": /more than a login may/,
  "endless-bytes": /over its limit/,
  "big-frames": /more than a login may/,
  "zero-bytes": /unknown frame/,
  "half-a-frame": /broken frame|ended before its verdict/,
  "unknown-type": /unknown frame/,
  "frame-over-limit": /over its limit/,
  "prompt-over-limit": /too long or not printable/,
  "prompt-with-escape": /too long or not printable/,
  "prompt-not-utf8": /too long or not printable/,
  "spends-four-times": /asked to spend what it may not/,
  "spends-too-short-a-name": /asked to spend what it may not/,
  "spends-a-name-and-more": /asked to spend what it may not/,
  "spends-a-path": /asked to spend what it may not/,
  "spends-upper-case": /asked to spend what it may not/,
  "log-of-two-lines": /too long or not printable/,
  "log-without-level": /unknown frame/,
  "log-that-closes": /unknown frame/,
  "log-that-spends": /unknown frame/,
  "verdict-that-logs-another": /not for this login/,
  "verdict-without-nonce": /not for this login/,
  "verdict-with-wrong-nonce": /not for this login/,
  "verdict-with-unknown-word": /not for this login/,
  "verdict-then-status-1": /exit status 1/,
  "verdict-then-signal": /signal 9/,
  "verdict-then-byte": /went on after its verdict/,
  "verdict-twice": /went on after its verdict/,
  "verdict-then-open-stream": /did not end after its verdict/,
  "verdict-then-no-exit": /had to be killed/,
};

/** Milliseconds in which a login with any of them must be over: the first-frame limit and a little. */
export const HOSTILE_LIMIT = 20_000;

const CLOSING = /^ERROR: login misconfigured user=alice rhost=\S+ ref=\w{8} reason="(.*)"$/;

/** Compiles the hostile helper into a folder; the program's arguments say what it does. */
export async function compileHostileHelper(folder: string): Promise<string> {
  const program = `${folder}/hostile_helper`;
  await compile("hostile_helper.c", program);
  // The helper runs as another user.
  await Deno.chmod(folder, 0o755);
  await Deno.chmod(program, 0o755);
  return program;
}

/** Writes a helper that runs a program with arguments. */
export async function writeHelper(path: string, ...words: string[]): Promise<void> {
  await Deno.writeTextFile(path, `#!/bin/sh\nexec ${words.join(" ")}\n`);
  await Deno.chmod(path, 0o755);
}

/** Compiles the hostile helper into a folder and returns the path of each faulty one, by its fault. */
export async function makeHostileHelpers(folder: string): Promise<Record<string, string>> {
  const program = await compileHostileHelper(folder);
  const paths: Record<string, string> = {};
  for (const fault of Object.keys(FAULTS)) {
    paths[fault] = `${folder}/${fault}`;
    if (fault === "missing") continue;
    await writeHelper(paths[fault], program, fault);
    if (fault === "not-executable") await Deno.chmod(paths[fault], 0o644);
  }
  return paths;
}

/** Fails unless the log holds exactly one line of the module's own, and that with the right reason. */
export function checkHostileLog(fault: string, log: string[]): void {
  const own = log.filter((line) => !/^(INFO: noise|WARN: offline code refused )/.test(line));
  assert.equal(own.length, 1, `${fault}: closing lines: ${own.join(" | ")}`);
  const reason = CLOSING.exec(own[0]!)?.[1] ?? "";
  assert.ok(FAULTS[fault]!.test(reason), `${fault}: ${own[0]}`);
}
