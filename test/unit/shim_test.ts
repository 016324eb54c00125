// The shim's C files on their own: frame.c against the golden frames, and what the module exports and links.
// Needs `make build/frame_test build/pam_wpam.so`; `make test` sees to that.

import assert from "node:assert/strict";
import { findMissing, makeTest } from "../installed.ts";

const build = new URL("../../build/", import.meta.url).pathname;
const test = makeTest(findMissing("frame_test", "pam_wpam.so"));

async function run(command: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(command, { args }).output();
  const text = new TextDecoder().decode(stdout);
  assert.equal(code, 0, `${command}: ${text}${new TextDecoder().decode(stderr)}`);
  return text;
}

test("frame_receive() and frame_send() agree with the golden frames", async () => {
  const golden = new URL("../frames.txt", import.meta.url).pathname;
  const report = await run(`${build}frame_test`, golden);
  const wanted = (await Deno.readTextFile(golden)).split("\n").filter((l) => /^[a-z]/.test(l));
  assert.deepEqual(report.trim().split("\n"), wanted.map((line) => `ok ${line.split(" ")[0]}`));
});

test("pam_wpam.so exports three functions and nothing else", async () => {
  const symbols = await run(
    "nm",
    "-D",
    "--defined-only",
    "--format=just-symbols",
    `${build}pam_wpam.so`,
  );
  assert.deepEqual(symbols.trim().split("\n").sort(), [
    "pam_sm_acct_mgmt",
    "pam_sm_authenticate",
    "pam_sm_setcred",
  ]);
});

test("pam_wpam.so links libpam and libc only, with full RELRO and no executable stack", async () => {
  const dynamic = await run("readelf", "-dW", `${build}pam_wpam.so`);
  const needed = [...dynamic.matchAll(/\(NEEDED\).*\[(.*)\]/g)].map((match) => match[1]);
  assert.deepEqual(needed.sort(), ["libc.so.6", "libpam.so.0"]);
  assert.match(dynamic, /BIND_NOW/);
  const program = await run("readelf", "-lW", `${build}pam_wpam.so`);
  assert.match(program, /GNU_RELRO/);
  assert.match(program, /GNU_STACK\s.*\sRW /);
});
