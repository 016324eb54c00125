// One drill in a process of its own: reads the names of one or two faults a line, plants them, asks doctor, and writes
// a line of JSON: what came of it, or why doctor was wrong. Started by doctor_test.ts, in a network of its own.

import assert from "node:assert/strict";
import { type Diagnosis, Drill, type Fault, readFaults } from "./drill.ts";

const WIDTH = 80;
const FAULTS = new Map(
  readFaults(new URL("faults/", import.meta.url)).map((fault) => [fault.name, fault]),
);

/** Gives what doctor names, each once, the worst first. */
function listNamed({ findings }: Diagnosis): string[] {
  return [...new Set(findings.map(({ id }) => id))];
}

function expectReadable({ text, json, findings, exit }: Diagnosis): void {
  for (const line of text.split("\n")) assert.ok([...line].length <= WIDTH, `too wide: ${line}`);
  assert.doesNotMatch(text, /\x1b/);
  for (const { seen } of findings) assert.match(seen, /[.?!]$/, seen);
  const facts = JSON.parse(json);
  assert.deepEqual([facts.schema, facts.exit, facts.findings], [1, exit, findings]);
  const worst = findings[0]?.severity;
  assert.equal(exit, worst === "error" ? 2 : worst === "warning" ? 1 : 0);
}

async function expectHealthy(drill: Drill, after: string): Promise<void> {
  const found = await drill.examine();
  expectReadable(found);
  assert.deepEqual([found.exit, listNamed(found)], [0, []], `${after}\n${found.text}`);
}

/** Plants one fault; doctor has to name it first and nothing besides, and its commands have to mend it. */
async function play(drill: Drill, fault: Fault): Promise<string> {
  return await drill.with([fault], async () => {
    const found = await drill.examine();
    expectReadable(found);
    const [first, ...others] = listNamed(found);
    assert.equal(first, fault.finds, found.text);
    assert.deepEqual(others.filter((id) => !fault.also.includes(id)), [], found.text);
    const commands = [...new Set(found.findings.flatMap(({ fix }) => fix?.commands ?? []))];
    assert.equal(commands.length > 0, fault.mends, found.text);
    if (!fault.mends) return "by a person";
    await drill.mend(commands);
    await expectHealthy(drill, commands.join("; "));
    return "yes";
  });
}

/** Plants two faults; doctor has to name both. */
async function playPair(drill: Drill, pair: readonly Fault[]): Promise<string> {
  return await drill.with(pair, async () => {
    const found = await drill.examine();
    expectReadable(found);
    const named = listNamed(found);
    for (const { finds } of pair) assert.ok(named.includes(finds), `${finds}\n${found.text}`);
    return "both";
  });
}

await using drill = await Drill.start();
await expectHealthy(drill, "after the installation");
console.log("ready");
let rest = "";
for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  const lines = (rest + text).split("\n");
  rest = lines.pop()!;
  for (const line of lines) {
    const faults = line.split(" ").map((name) => FAULTS.get(name)!);
    const work = faults.length === 1 ? play(drill, faults[0]!) : playPair(drill, faults);
    const outcome = await work.then((done) => ({ done }), (error) => ({ failed: `${error}` }));
    console.log(JSON.stringify(outcome));
  }
}
