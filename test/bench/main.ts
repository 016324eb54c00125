// The benchmark: measures, prints, and says which goals are met. Takes under ten minutes, and nothing of it leaves
// the sandbox's loopback and private namespaces. Called by `make bench`.
//
// ROUNDS=N repeats every login so often (40). WRITE=1 puts the results into docs/ as well as into build/bench.

import assert from "node:assert/strict";
import { explainNoSshd, findMissing } from "../installed.ts";
import { pickMedian, pickPercentile } from "../statistics.ts";
import { drawChart } from "./chart.ts";
import { type Costs, DENO_TLS, EMPTY_DENO, measurePam, tabulatePam, WPAM } from "./pam.ts";
import { formatText, type Goal, replaceReport, type Report } from "./report.ts";
import {
  addUp,
  type Crowd,
  type Flooded,
  measureCrowds,
  measureFloods,
  measureWaits,
  Places,
  tabulateCrowds,
  tabulateFloods,
  tabulateWaits,
  type Waits,
} from "./ssh.ts";
import { installPeers, run, Server } from "./world.ts";

const ROUNDS = Number(Deno.env.get("ROUNDS") ?? 40);
const CROWDS = [1, 10, 20, 50, 100];
const ROOT = new URL("../../", import.meta.url).pathname;

/** Says on what it was measured. */
async function describeMachine(): Promise<Record<string, string>> {
  const find = (file: string, pattern: RegExp) =>
    pattern.exec(Deno.readTextFileSync(file))?.[1] ?? "?";
  const memory = Number(find("/proc/meminfo", /MemTotal: +(\d+)/)) / 1024 / 1024;
  const packages = ["libpam0g", "libpam-google-authenticator", "libpam-duo"];
  const list = await run("apt-cache", "policy", ...packages);
  const versions = [...list.matchAll(/^(\S+):\n.*\n +Candidate: (\S+)/gm)];
  return {
    date: new Date().toISOString().slice(0, 10),
    machine:
      `${navigator.hardwareConcurrency} × ${find("/proc/cpuinfo", /model name\s*: (.*)/)}, ` +
      `${memory.toFixed(0)} GiB`,
    system: `${find("/etc/os-release", /PRETTY_NAME="(.*)"/)}, Linux ${Deno.osRelease()}`,
    versions: [
      `Deno ${Deno.version.deno}`,
      (await run(Deno.env.get("SSHD") ?? "sshd", "-V")).split(/[, ]/).slice(0, 1).join(),
      ...versions.map(([, name, version]) => `${name} ${version}`),
    ].join(", "),
    "load before": Deno.loadavg().map((load) => load.toFixed(1)).join(" "),
    rounds: `${ROUNDS}`,
  };
}

function judge(
  costs: ReadonlyMap<string, Costs>,
  waits: ReadonlyMap<string, Waits>,
  crowds: readonly Crowd[],
  floods: readonly Flooded[],
): Goal[] {
  // In the order in which Places opens them.
  const [plain, near, far] = [...waits.values()].map(({ verdict }) => pickMedian(verdict));
  const ratio = (name: string, key: keyof Costs) =>
    pickMedian(costs.get(name)![key]) / pickMedian(costs.get(EMPTY_DENO)![key]);
  const twenty = crowds.find(({ size, helpers }) => size === 20 && helpers.length > 0)!;
  const { quiet, flooded, flood } = floods.find(({ name }) => name === WPAM)!;
  return [
    { what: "verdict at 50 ms, in round trips", value: far! / 50, most: 1.25, least: 1 },
    { what: "verdict at 0 ms, ms more than the C module", value: near! - plain!, most: 8 },
    {
      what: "first prompt, in starts of an empty Deno program",
      value: ratio(WPAM, "first"),
      most: 1.3,
    },
    {
      what: "CPU of a login, in empty Deno programs",
      value: ratio(WPAM, "cpu"),
      most: 2.7,
      least: ratio(DENO_TLS, "cpu"),
    },
    {
      what: "PSS of a helper with 20 at once, MB",
      value: pickMedian(twenty.helpers) * 1024 / 1e6,
      most: 13,
    },
    {
      what: "logins that failed with 100 at once",
      value: crowds.at(-1)!.tried - crowds.at(-1)!.succeeded,
      most: 0,
    },
    {
      what: `a good login's wait in a flood of ${flood}, in quiet ones`,
      value: pickMedian(addUp(flooded)) / pickMedian(addUp(quiet)),
      most: 2,
    },
  ];
}

async function measure(): Promise<[Report, string]> {
  await installPeers();
  const machine = await describeMachine();
  await using near = await Server.start();
  const costs = await measurePam(near, ROUNDS);
  await using places = await Places.open(near);
  const waits = await measureWaits(places, ROUNDS);
  const crowds = await measureCrowds(places, CROWDS);
  const floods = await measureFloods(places, waits);
  const bar = (name: string, values: readonly number[]) => ({
    name,
    p50: pickMedian(values),
    p95: pickPercentile(values, 95),
  });
  const tables = [
    ...tabulatePam(costs),
    tabulateWaits(places, waits),
    tabulateCrowds(crowds),
    tabulateFloods(floods),
  ];
  const chart = drawChart([
    {
      title: "A login, the whole process, at 0 ms: wall ms, p50 / p95",
      bars: tables[0]!.rows.map(([name]) => bar(`${name}`, costs.get(`${name}`)!.wall)),
    },
    {
      title: "Through sshd: last key to verdict, ms, p50 / p95",
      bars: [...waits].map(([name, { verdict }]) => bar(name, verdict)),
    },
  ]);
  return [{ machine, tables, goals: judge(costs, waits, crowds, floods) }, chart];
}

async function write(report: Report, chart: string): Promise<void> {
  const json = JSON.stringify(report, null, 2) + "\n";
  const folders = [`${ROOT}build/bench`];
  if (Deno.env.get("WRITE") === "1") {
    folders.push(`${ROOT}docs`);
    const page = `${ROOT}docs/performance.md`;
    await Deno.writeTextFile(page, replaceReport(await Deno.readTextFile(page), report));
  }
  for (const folder of folders) {
    await Deno.writeTextFile(`${folder}/performance.json`, json);
    await Deno.writeTextFile(`${folder}/performance.svg`, chart);
  }
}

const why = explainNoSshd() ?? findMissing("peers", "bench/run", "bench/distance");
assert.equal(why, null, why ?? "");
const begun = performance.now();
const [report, chart] = await measure();
await write(report, chart);
console.log(`\n${formatText(report)}`);
console.log(`measured in ${((performance.now() - begun) / 1000).toFixed(0)} s`);
