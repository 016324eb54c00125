// A terminal: a command is run on it, and answers are typed when the questions appear. Called by tests of programs
// that ask.

import assert from "node:assert/strict";
import type { Machine } from "./machine.ts";

/** What is waited for, and what is typed then. */
export type Dialogue = readonly (readonly [question: RegExp, answer: string])[];

/** What a command may take, in ms. */
const PATIENCE = 60_000;

/** Runs a command on a terminal of a machine, and gives answers to what it shows, in order. */
export async function converse(
  machine: Pick<Machine, "spawn">,
  command: readonly string[],
  dialogue: Dialogue,
): Promise<{ code: number; shown: string }> {
  const quoted = command.map((word) => `'${word}'`).join(" ");
  const script = machine.spawn(
    ["script", "--quiet", "--return", "--command", quoted, "/dev/null"],
    { input: true, env: { TERM: "xterm" } },
  );
  const keyboard = script.stdin.getWriter();
  const limit = setTimeout(() => script.kill("SIGKILL"), PATIENCE);
  const left = [...dialogue];
  let shown = "";
  let seen = 0;
  for await (const text of script.stdout.pipeThrough(new TextDecoderStream())) {
    shown += text;
    for (let next = left[0]; next; next = left[0]) {
      const match = next[0].exec(shown.slice(seen));
      if (!match) break;
      seen += match.index + match[0].length;
      await keyboard.write(new TextEncoder().encode(next[1]));
      left.shift();
    }
  }
  await keyboard.close().catch(() => {});
  await script.stderr.cancel();
  const { code } = await script.status;
  clearTimeout(limit);
  assert.deepEqual(left.map(([pattern]) => pattern), [], shown);
  return { code, shown };
}
