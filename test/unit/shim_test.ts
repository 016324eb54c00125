// The shim's frame.c on its own, against the golden frames. Needs `make build/frame_test`; `make test` sees to that.

import assert from "node:assert/strict";
import { findMissing, locate, makeTest } from "../installed.ts";

const test = makeTest(findMissing("frame_test"));

async function run(command: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(command, { args }).output();
  const text = new TextDecoder().decode(stdout);
  assert.equal(code, 0, `${command}: ${text}${new TextDecoder().decode(stderr)}`);
  return text;
}

test("frame_receive() and frame_send() agree with the golden frames", async () => {
  const golden = new URL("../frames.txt", import.meta.url).pathname;
  const report = await run(locate("frame_test"), golden);
  const wanted = (await Deno.readTextFile(golden)).split("\n").filter((l) => /^[a-z]/.test(l));
  assert.deepEqual(report.trim().split("\n"), wanted.map((line) => `ok ${line.split(" ")[0]}`));
});
