// wpam doctor on machines with the real sshd and an installed wpam, on which faults are planted: one at a time, and two
// at once. Prints the table fault, finding, mended. Several machines at once, each in a network of its own. Only
// inside test/sandbox.sh. Called by `deno test`.

import assert from "node:assert/strict";
import { CHECKS } from "../installer/checks.ts";
import { type Fault, readFaults } from "./drill.ts";
import { explainNoSshd, findMissing, makeTest } from "./installed.ts";

const test = makeTest(explainNoSshd() ?? findMissing("wpam"));
const FAULTS = readFaults(new URL("faults/", import.meta.url));
const WORKER = new URL("drill_worker.ts", import.meta.url).pathname;
const MACHINES = 3;
const PAIRS = 20;

/** What came of one job: of a fault, how it was mended, or why doctor was wrong. */
type Outcome = { readonly done: string } | { readonly failed: string };

/** A machine of its own, in a process and a network of its own. */
class Worker implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: ReadableStreamDefaultReader<string>;
  #rest = "";

  private constructor() {
    const run = `ip link set lo up; exec "$0" run -A --no-check --quiet "$1"`;
    this.#child = new Deno.Command("unshare", {
      args: ["--net", "--kill-child", "--fork", "sh", "-ec", run, Deno.execPath(), WORKER],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#lines = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  static async start(): Promise<Worker> {
    const worker = new Worker();
    assert.equal(await worker.#read(), "ready");
    return worker;
  }

  async play(names: readonly string[]): Promise<Outcome> {
    await this.#input.write(new TextEncoder().encode(`${names.join(" ")}\n`));
    return JSON.parse(await this.#read());
  }

  async #read(): Promise<string> {
    while (!this.#rest.includes("\n")) {
      const { value, done } = await this.#lines.read();
      if (done) assert.fail(await new Response(this.#child.stderr).text());
      this.#rest += value;
    }
    const [line, ...rest] = this.#rest.split("\n");
    this.#rest = rest.join("\n");
    return line!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    await this.#child.status;
    await this.#lines.cancel();
    await this.#child.stderr.cancel().catch(() => {});
  }
}

/** Gives what a fault touches: two that touch the same hide each other. */
function listTouched({ plant, werbot, certificate, finds }: Fault): string[] {
  const places = [
    "$conf",
    "$pam",
    "/etc/pam.d",
    "$module",
    "$home",
    "/etc/ssh",
    "/var/log",
    "sshd",
    "passwd",
  ];
  const touched = places.filter((place) => plant.includes(place));
  const server = werbot !== undefined || certificate !== undefined;
  return [...touched, finds, ...server ? ["$conf", "werbot"] : []];
}

/** Tells whether a check is pointless once another one has failed. */
function depends(id: string, on: string): boolean {
  const { needs } = CHECKS.find((check) => check.id === id) ?? { needs: [] };
  return needs.some((need) => need === on || depends(need, on));
}

function areIndependent(a: Fault, b: Fault): boolean {
  const [ofA, ofB] = [a, b].map(listTouched);
  return !ofA!.some((place) => ofB!.includes(place)) &&
    !depends(a.finds, b.finds) && !depends(b.finds, a.finds);
}

/** Draws pairs of faults of which each stays visible beside the other. */
function drawPairs(seed: number): Fault[][] {
  let state = seed;
  // A linear congruential generator: the seed tells all.
  const draw = () => FAULTS[(state = (state * 1664525 + 1013904223) % 2 ** 32) % FAULTS.length]!;
  const pairs: Fault[][] = [];
  while (pairs.length < PAIRS) {
    const pair = [draw(), draw()];
    // These have something to undo that is not of one fault alone.
    const alone = pair.some(({ finds, undo }) => finds === "set-up" || undo !== undefined);
    if (!alone && areIndependent(pair[0]!, pair[1]!)) pairs.push(pair);
  }
  return pairs;
}

test("doctor names every fault first and nothing else, its commands mend it, and of two it names both", async () => {
  assert.ok(FAULTS.length >= 60);
  const seed = Number(Deno.env.get("SEED") ?? Date.now() % 2 ** 32);
  // Those that take long come first.
  const single = FAULTS.toSorted((a, b) => Number(b.mends) - Number(a.mends)).map((it) => [it]);
  const jobs = [...single, ...drawPairs(seed)];
  const rows: string[] = [];
  const failures: string[] = [];
  const work = async (worker: Worker) => {
    await using mine = worker;
    for (let job = jobs.shift(); job; job = jobs.shift()) {
      const outcome = await mine.play(job.map(({ name }) => name));
      const name = job.map(({ name }) => name).join(" + ");
      if ("failed" in outcome) failures.push(`${name}: ${outcome.failed}`);
      const finds = job.map(({ finds }) => finds).join(", ");
      const end = "failed" in outcome ? "NO" : outcome.done;
      rows.push(`${name.padEnd(26)} ${finds.padEnd(18)} ${end}`);
    }
  };
  const running: Promise<void>[] = [];
  // One after the other: the first one copies what was built.
  for (let at = 0; at < MACHINES; at++) running.push(work(await Worker.start()));
  await Promise.all(running);
  console.log(`fault                      finding            mended  (pairs by SEED=${seed})`);
  console.log(rows.sort().join("\n"));
  assert.deepEqual(failures, []);
});
