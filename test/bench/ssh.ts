// Logins through a real sshd: what a person waits for, alone, among a hundred, and under a flood; always with the C
// module that asks the same beside ours. Called by test/bench/main.ts.

import { listHelpers, listProcesses, readMemory, waitFor } from "../processes.ts";
import { Sshd, visitWithSsh2 } from "../rung_sshd.ts";
import { pickMedian, pickPercentile, sum } from "../statistics.ts";
import type { Table } from "./report.ts";
import { configure, type Distance, ID, Server, TWO_PROMPTS } from "./world.ts";

const FLOOD = new URL("flood.ts", import.meta.url).pathname;
const FLOOD_SIZE = 500;
/**
 * What floods there are: how many at a time, the milliseconds from one connection to the next, and how many prompts
 * are answered before the one at which it leaves.
 */
const FLOODS = [
  { name: "20 a second", atOnce: 100, pause: 50, answers: 0 },
  { name: "20 a second, to the second prompt", atOnce: 100, pause: 50, answers: 1 },
  // sshd begins to refuse by itself where ten wait.
  { name: "10 at a time", atOnce: 10, pause: 0, answers: 0 },
];
const PATIENCE = 60_000;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** An sshd with a module, and the server that the module asks. */
interface Place {
  readonly name: string;
  readonly sshd: Sshd;
  readonly server: Server | undefined;
  readonly distance: Distance;
  /** Milliseconds that the user types the code, enough for a connection to stand. */
  readonly typing: number;
}

/** What a person waits for, in milliseconds. */
export interface Wait {
  /** From the first packet to the first prompt. */
  readonly prompt: number;
  /** From the answer to that to the second prompt. */
  readonly second: number;
  /** From the last key to the verdict. */
  readonly verdict: number;
}

/** What many logins waited; the ones that failed are counted and left out. */
export interface Waits {
  readonly prompt: number[];
  readonly second: number[];
  readonly verdict: number[];
  readonly tried: number;
}

/** Logs in; between the prompts `typing` passes. Undefined when sshd lets nobody in. */
async function logIn(
  { sshd, server }: Pick<Place, "sshd" | "server">,
  typing: () => Promise<unknown>,
): Promise<Wait | undefined> {
  const asked: number[] = [];
  let sent = NaN;
  const begun = performance.now();
  const visit = await visitWithSsh2(sshd, {
    user: "alice",
    methods: ["keyboard-interactive"],
    async answer() {
      asked.push(performance.now());
      if (asked.length === 1) return { kind: "text", text: ID };
      await typing();
      sent = performance.now();
      return { kind: "text", text: server?.code() ?? "123456" };
    },
  });
  if (!visit.accepted) return undefined;
  return {
    prompt: asked[0]! - begun,
    second: asked[1]! - asked[0]!,
    verdict: visit.acceptedAt - sent,
  };
}

function gather(waits: readonly (Wait | undefined)[]): Waits {
  const good = waits.filter((wait) => wait !== undefined);
  return {
    prompt: good.map(({ prompt }) => prompt),
    second: good.map(({ second }) => second),
    verdict: good.map(({ verdict }) => verdict),
    tried: waits.length,
  };
}

const OURS = "wpam";
const PLAIN = "C module, the same two prompts";
const NEAR: Distance = { delay: 0, loss: 0 };
/** How far Werbot is: the line's delay is one way. */
const FAR: readonly [string, Distance, number][] = [
  [`${OURS}, Werbot 50 ms away`, { delay: 25, loss: 0 }, 500],
  [`${OURS}, 150 ms and 1 % lost`, { delay: 75, loss: 1 }, 1200],
];

/** The sshds of all measurements; dispose it at the end. */
export class Places implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();
  readonly all: Place[] = [];

  /** Starts an sshd for the C module and one for each distance of Werbot. */
  static async open(near: Server): Promise<Places> {
    const places = new Places();
    await places.#add(PLAIN, undefined, NEAR, 200);
    await places.#add(OURS, near, NEAR, 200);
    for (const [name, distance, typing] of FAR) {
      const server = places.#stack.use(await Server.start(distance));
      await places.#add(name, server, distance, typing);
    }
    return places;
  }

  async #add(name: string, server: Server | undefined, distance: Distance, typing: number) {
    const number = this.all.length;
    const options = ["LogLevel INFO", "MaxStartups 400"];
    const sshd = server
      ? await Sshd.start(
        await configure(`ssh-${number}`, server, { more: "timeout = 30\n" }),
        options,
      )
      : await Sshd.start([], options, TWO_PROMPTS);
    this.all.push({ name, sshd: this.#stack.use(sshd), server, distance, typing });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

/** Logs in at every place, round after round; the first round only fills the caches. */
export async function measureWaits(places: Places, rounds: number): Promise<Map<string, Waits>> {
  const found = new Map<string, (Wait | undefined)[]>(places.all.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const place of places.all) {
      const wait = await logIn(place, () => pause(place.typing));
      if (round > 0) found.get(place.name)!.push(wait);
    }
  }
  return new Map([...found].map(([name, waits]) => [name, gather(waits)]));
}

export function tabulateWaits(places: Places, found: ReadonlyMap<string, Waits>): Table {
  return {
    title:
      "A login through sshd: connect to first prompt, its answer to the second, last key to verdict",
    columns: [
      ...["", "let in", "prompt p50 ms", "p95", "second p50 ms", "p95", "verdict p50 ms", "p95"],
      "round trips",
    ],
    rows: places.all.map(({ name, distance }) => {
      const { prompt, second, verdict, tried } = found.get(name)!;
      return [
        name,
        `${verdict.length}/${tried}`,
        pickMedian(prompt),
        pickPercentile(prompt, 95),
        pickMedian(second),
        pickPercentile(second, 95),
        pickMedian(verdict),
        pickPercentile(verdict, 95),
        distance.delay > 0 ? pickMedian(verdict) / (2 * distance.delay) : "",
      ];
    }),
  };
}

/** What so many logins at once came to; KiB and milliseconds. */
export interface Crowd {
  readonly name: string;
  readonly size: number;
  readonly succeeded: number;
  readonly tried: number;
  readonly verdict: readonly number[];
  /** Of each helper while all wait at the second prompt. */
  readonly helpers: readonly number[];
  /** Of helpers and sshds together. */
  readonly memory: number;
  /** Processor time of one login, sshd's own work for the connection and the session among it. */
  readonly cpu: number;
}

/** Processor time of a process and all that it has waited for, in milliseconds; counted in hundredths of a second. */
function readProcessorTime(pid: number): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).replace(/^.*\) /, "").split(" ");
  return 10 * sum(fields.slice(11, 15).map(Number));
}

async function waitForQuiet({ process }: Sshd): Promise<void> {
  await waitFor(
    "the end of every connection",
    PATIENCE,
    () =>
      listProcesses().every(({ parent }) => parent !== process.pid) && listHelpers().length === 0,
  );
}

/** Has so many log in at once, holds all of them at the second prompt, and lets them go at one moment. */
async function measureCrowd(place: Place, size: number): Promise<Crowd> {
  await waitForQuiet(place.sshd);
  const before = readProcessorTime(place.sshd.process.pid);
  const earlier = await place.server?.countHandshakes() ?? 0;
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  let waiting = 0;
  const logins = Array.from({ length: size }, () =>
    logIn(place, () => {
      waiting++;
      return gate;
    }));
  await waitFor("every second prompt", PATIENCE, () => waiting === size);
  while (place.server && await place.server.countHandshakes() < earlier + size) await pause(20);
  const helpers = listHelpers().map(({ pid }) => readMemory(pid, "Pss"));
  const servers = listProcesses().filter(({ name }) => /^(sshd|wpam-\d)/.test(name));
  const memory = sum(helpers) + sum(servers.map(({ pid }) => readMemory(pid, "Pss")));
  open();
  const { verdict, tried } = gather(await Promise.all(logins));
  await waitForQuiet(place.sshd);
  const cpu = (readProcessorTime(place.sshd.process.pid) - before) / size;
  const { name } = place;
  return { name, size, succeeded: verdict.length, tried, verdict, helpers, memory, cpu };
}

export async function measureCrowds(places: Places, sizes: readonly number[]): Promise<Crowd[]> {
  const crowds: Crowd[] = [];
  for (const size of sizes) {
    for (const place of places.all.slice(0, 2)) crowds.push(await measureCrowd(place, size));
  }
  return crowds;
}

export function tabulateCrowds(crowds: readonly Crowd[]): Table {
  return {
    title: "Many logins at once, through sshd",
    columns: [
      ...["", "at once", "let in", "verdict p50 ms", "p95"],
      ...["PSS of a helper MiB", "PSS of all MiB", "CPU of a login ms"],
    ],
    rows: crowds.map(({ name, size, succeeded, tried, verdict, helpers, memory, cpu }) => [
      name,
      size,
      `${succeeded}/${tried}`,
      pickMedian(verdict),
      pickPercentile(verdict, 95),
      helpers.length > 0 ? pickMedian(helpers) / 1024 : "",
      memory / 1024,
      cpu,
    ]),
  };
}

/** What a good login waits in quiet and while a flood runs. */
export interface Flooded {
  readonly name: string;
  readonly flood: string;
  readonly quiet: Waits;
  readonly flooded: Waits;
  /** How many connections of the flood saw a prompt, and the seconds that all of them took. */
  readonly prompted: number;
  readonly seconds: number;
}

/** All that a login waits for: both prompts and the verdict. */
export function addUp({ prompt, second, verdict }: Waits): number[] {
  return prompt.map((wait, i) => wait + second[i]! + verdict[i]!);
}

async function measureFlood(
  place: Place,
  quiet: Waits,
  { name: flood, atOnce, pause: between, answers }: typeof FLOODS[number],
): Promise<Flooded> {
  const begun = performance.now();
  let seconds: number | undefined;
  const running = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      FLOOD,
      ...[place.sshd.port, FLOOD_SIZE, atOnce, between, answers].map(String),
    ],
  }).output().then((output) => {
    seconds = (performance.now() - begun) / 1000;
    return Number(new TextDecoder().decode(output.stdout));
  });
  const { pid } = place.sshd.process;
  await waitFor("the flood", PATIENCE, () => listProcesses().some(({ parent }) => parent === pid));
  const waits: (Wait | undefined)[] = [];
  while (seconds === undefined) waits.push(await logIn(place, () => pause(place.typing)));
  // The last one has outlived the flood.
  const flooded = gather(waits.slice(0, -1));
  await waitForQuiet(place.sshd);
  return { name: place.name, flood, quiet, flooded, prompted: await running, seconds };
}

/** Has the C module's sshd and ours flooded; `found` tells what a login waits in quiet. */
export async function measureFloods(
  places: Places,
  found: ReadonlyMap<string, Waits>,
): Promise<Flooded[]> {
  const floods: Flooded[] = [];
  for (const flood of FLOODS) {
    for (const place of places.all.slice(0, 2)) {
      floods.push(await measureFlood(place, found.get(place.name)!, flood));
    }
  }
  return floods;
}

export function tabulateFloods(floods: readonly Flooded[]): Table {
  return {
    title:
      `A good login, prompts and verdict, while ${FLOOD_SIZE} others leave at a prompt, the first unless told`,
    columns: [
      ...["", "flood", "its s", "prompted", "let in", "quiet p50 ms", "flooded p50 ms", "p95"],
      ...["flooded / quiet", "verdict quiet ms", "flooded ms"],
    ],
    rows: floods.map(({ name, flood, quiet, flooded, prompted, seconds }) => [
      name,
      flood,
      seconds,
      prompted,
      `${flooded.verdict.length}/${flooded.tried}`,
      pickMedian(addUp(quiet)),
      pickMedian(addUp(flooded)),
      pickPercentile(addUp(flooded), 95),
      pickMedian(addUp(flooded)) / pickMedian(addUp(quiet)),
      pickMedian(quiet.verdict),
      pickMedian(flooded.verdict),
    ]),
  };
}
