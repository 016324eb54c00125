// Whole logins of one process, one kind after the other and round again, so that whatever else the machine does
// strikes all alike. Called by test/bench/main.ts.

import assert from "node:assert/strict";
import { TOTP } from "otpauth";
import { pickMedian, pickPercentile } from "../statistics.ts";
import type { Table } from "./report.ts";
import {
  BIG_ID,
  configure,
  ID,
  makeCode,
  RUN,
  run,
  SCRATCH,
  type Server,
  TWO_PROMPTS,
  type Wanted,
} from "./world.ts";

/** One kind of login, or of program. */
interface Case {
  readonly name: string;
  readonly command: readonly string[];
  /** What is typed, all of it at once. */
  readonly input: () => string | Promise<string>;
}

/** What run.c prints. */
interface Cost {
  readonly status: number;
  readonly first: number;
  readonly wall: number;
  readonly cpu: number;
  readonly memory: number;
}

/** What all runs of one case took, in milliseconds and KiB. */
export type Costs = Record<"first" | "wall" | "cpu" | "memory", number[]>;

/** The rows that the goals speak of. */
export const EMPTY_DENO = "empty Deno program, by itself";
export const DENO_TLS = "Deno program, one TLS connection";
export const WPAM = "wpam";

/** Settings that fill what a configuration file may have: 16 KiB. */
const CONFIG_MAX = 16_384;
/** Bytes that the server, the ID and the key take. */
const CONFIG_BASE = 256;

function fill(unit: (number: number) => string, start: string, end: string): string {
  let text = start;
  for (let i = 1; text.length + unit(i).length < CONFIG_MAX - CONFIG_BASE; i++) text += unit(i);
  return text.replace(/,$/, "") + end;
}

const OFFLINE = "offline_users = alice\n";
const USERS = fill((i) => `user${i},`, "offline_users = ", "\n");

/** wpam with more work than usual; all are expected to cost what the first one costs. */
const GROWN: readonly (readonly [string, string, Wanted])[] = [
  [WPAM, ID, {}],
  [`${WPAM}, the system's trust store`, ID, { system: true }],
  [`${WPAM}, an answer of 65,000 bytes`, BIG_ID, {}],
  [`${WPAM}, ${USERS.split(",").length} offline users (16 KiB)`, ID, { more: USERS }],
  [`${WPAM}, 16 KiB of settings`, ID, { more: fill(() => `# ${"-".repeat(60)}\n`, "", "") }],
  [`${WPAM}, a log of 1 GB`, ID, { log: 1e9 }],
  [`${WPAM}, an offline code`, ID, { more: OFFLINE, offline: 1 }],
  [`${WPAM}, an offline code, 10,000 users have some`, ID, { more: OFFLINE, offline: 10_000 }],
];

/** Sets up a PAM service of its own and returns the command that logs in through it. */
async function serve(service: string, ...module: string[]): Promise<string[]> {
  const line = module.join(" ");
  const account = /^\S*pam_(wpam|two_prompts)\.so/.test(line) ? line : "pam_permit.so";
  await Deno.writeTextFile(
    `/etc/pam.d/bench-${service}`,
    `auth required ${line}\naccount required ${account}\n`,
  );
  return ["pamtester", `bench-${service}`, "alice", "authenticate", "acct_mgmt"];
}

/** Writes a program that Deno runs with its own defaults, and returns the command; it ends with an empty line. */
async function writeProgram(name: string, work: string, ...options: string[]): Promise<string[]> {
  const program = `${SCRATCH}/${name}.js`;
  const ending = 'Deno.stdout.writeSync(new TextEncoder().encode("\\n"));\n';
  await Deno.writeTextFile(program, work + ending);
  const variables = ["DENO_NO_UPDATE_CHECK=1", "DENO_TLS_CA_STORE=", "HOME=/root"];
  return ["/usr/bin/env", "-i", ...variables, Deno.execPath(), "run", ...options, program];
}

/** What no program on this runtime can do for less: a verified TLS connection, and the end. */
function connectTo({ place }: Server): string {
  const [hostname, port] = place.address.split(":");
  const options = JSON.stringify({ hostname, port: Number(port), caCerts: [place.ca] });
  return `await (await Deno.connectTls(${options})).handshake();\n`;
}

async function listPeers(server: Server): Promise<Case[]> {
  const { place } = server;
  const nothing = () => "";
  await run("sh", "-c", "echo alice:Passw0rd-alice | chpasswd -c YESCRYPT");
  const totp = new TOTP();
  const secret = `${SCRATCH}/google`;
  await Deno.writeTextFile(secret, `${totp.secret.base32}\n" TOTP_AUTH\n`, { mode: 0o600 });
  const [host] = place.address.split(":");
  const duo = `${SCRATCH}/duo.conf`;
  await Deno.writeTextFile(`${SCRATCH}/duo.pem`, place.duoCa);
  await Deno.writeTextFile(
    duo,
    `[duo]\nikey = DIXXXXXXXXXXXXXXXXXX\nskey = ${"s".repeat(40)}\nhost = ${host}\n` +
      `cafile = ${SCRATCH}/duo.pem\nfailmode = secure\n`,
    { mode: 0o600 },
  );
  const empty = await writeProgram("empty", "");
  return [
    { name: "pam_permit", command: await serve("permit", "pam_permit.so"), input: nothing },
    {
      name: "C module, the same two prompts",
      command: await serve("two", TWO_PROMPTS),
      input: () => `${ID}\n123456\n`,
    },
    {
      name: "pam_unix, yescrypt",
      command: await serve("unix", "pam_unix.so"),
      input: () => "Passw0rd-alice\n",
    },
    {
      name: "pam_google_authenticator",
      command: await serve(
        "google",
        `pam_google_authenticator.so user=root allowed_perm=0600 secret=${secret}`,
      ),
      input: () => `${totp.generate()}\n`,
    },
    {
      name: "pam_duo, a server on loopback",
      command: await serve("duo", `pam_duo.so conf=${duo}`),
      input: () => "123456\n",
    },
    {
      name: "pam_exec, an empty program",
      command: await serve("exec", "pam_exec.so", "/bin/true"),
      input: nothing,
    },
    {
      name: "pam_exec, an empty Deno program",
      command: await serve("deno", "pam_exec.so", ...empty),
      input: nothing,
    },
    { name: EMPTY_DENO, command: empty, input: nothing },
    {
      name: DENO_TLS,
      command: await writeProgram("tls", connectTo(server), "--allow-net"),
      input: nothing,
    },
  ];
}

async function listOurs(server: Server): Promise<Case[]> {
  const cases: Case[] = [];
  for (const [i, [name, id, wanted]] of GROWN.entries()) {
    const folder = `grown-${i}`;
    const command = await serve(
      `wpam-${i}`,
      "pam_wpam.so",
      ...await configure(folder, server, wanted),
    );
    const input = async () => {
      const more = wanted.offline ? `${await makeCode(folder)}\n` : "";
      return `${id}\n${server.code()}\n${more}`;
    };
    cases.push({ name, command, input });
  }
  return cases;
}

async function measure({ name, command, input }: Case): Promise<Cost> {
  const process = new Deno.Command(RUN, {
    args: [...command],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(await input()));
  await writer.close();
  const { stdout } = await process.output();
  const cost: Cost = JSON.parse(new TextDecoder().decode(stdout));
  assert.equal(cost.status, 0, `${name} failed: ${command.join(" ")}`);
  return cost;
}

/** Runs every case so many times and returns what each run took. */
export async function measurePam(server: Server, rounds: number): Promise<Map<string, Costs>> {
  const cases = [...await listPeers(server), ...await listOurs(server)];
  const found = new Map<string, Costs>();
  for (const { name } of cases) found.set(name, { first: [], wall: [], cpu: [], memory: [] });
  // The first round only fills the caches.
  for (let round = 0; round <= rounds; round++) {
    for (const one of cases) {
      const cost = await measure(one);
      const costs = found.get(one.name)!;
      if (round > 0) {
        for (const key of Object.keys(costs)) {
          costs[key as keyof Costs].push(cost[key as keyof Costs]);
        }
      }
    }
  }
  return found;
}

/** Makes two tables of it: wpam among others, and wpam with more work than usual. */
export function tabulatePam(found: ReadonlyMap<string, Costs>): Table[] {
  const base = found.get(EMPTY_DENO)!;
  const usual = found.get(WPAM)!;
  const grown = new Set(GROWN.map(([name]) => name));
  const rows = [...found].map(([name, { first, wall, cpu, memory }]) => ({
    name,
    figures: [
      pickMedian(first),
      pickMedian(wall),
      pickPercentile(wall, 95),
      pickMedian(cpu),
      pickMedian(memory) / 1024,
    ],
    toBase: pickMedian(cpu) / pickMedian(base.cpu),
    toUsual: [pickMedian(wall) / pickMedian(usual.wall), pickMedian(cpu) / pickMedian(usual.cpu)],
  }));
  const columns = ["", "first output ms", "wall p50 ms", "p95", "CPU ms", "peak MiB"];
  return [
    {
      title: "One login, the whole process",
      columns: [...columns, "CPU / Deno's"],
      rows: rows.filter(({ name }) => name === WPAM || !grown.has(name))
        .map(({ name, figures, toBase }) => [name, ...figures, toBase]),
    },
    {
      title: "The same login with more work",
      columns: [...columns, "wall / usual", "CPU / usual"],
      rows: rows.filter(({ name }) => grown.has(name))
        .map(({ name, figures, toUsual }) => [name, ...figures, ...toUsual]),
    },
  ];
}
