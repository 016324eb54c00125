// Looks at the processes of this machine through /proc, as tests of what a login leaves behind need it.
// It never signals or changes a process. Called by test/rung_*.ts and tests.

import assert from "node:assert/strict";

/** A process as /proc shows it. */
export interface Process {
  pid: number;
  parent: number;
  uid: number;
  name: string;
  /** One letter; `Z` is a zombie. */
  state: string;
}

/** Lists all processes; those that end meanwhile are left out. */
export function listProcesses(): Process[] {
  return [...Deno.readDirSync("/proc")].filter(({ name }) => /^\d+$/.test(name))
    .flatMap(({ name }) => {
      try {
        const status = readStatus(Number(name));
        return [{
          pid: Number(name),
          parent: Number(status["PPid"]),
          uid: parseInt(status["Uid"]!),
          name: status["Name"]!,
          state: status["State"]![0]!,
        }];
      } catch {
        return [];
      }
    });
}

/** Lists a process's children. */
export function listChildren(pid: number): Process[] {
  return listProcesses().filter(({ parent }) => parent === pid);
}

/** Lists the processes of the user that helpers run as. */
export function listHelpers(): Process[] {
  const [uid] = findWpam();
  return listProcesses().filter((one) => one.uid === uid);
}

/** Returns the uid and gid of the user wpam. */
export function findWpam(): [number, number] {
  const line = Deno.readTextFileSync("/etc/passwd").split("\n")
    .find((line) => line.startsWith("wpam:")) ?? assert.fail("no user wpam");
  const fields = line.split(":");
  return [Number(fields[2]), Number(fields[3])];
}

/** Reads the fields of /proc/PID/status. */
export function readStatus(pid: number): Record<string, string> {
  const text = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Object.fromEntries(
    text.trim().split("\n").map((line) => line.split(":\t") as [string, string]),
  );
}

/** Counts the threads of a process; none once it has been reaped. */
export function countThreads(pid: number): number {
  try {
    return [...Deno.readDirSync(`/proc/${pid}/task`)].length;
  } catch {
    return 0;
  }
}

/** Lists what a process's descriptors point to, by their numbers; whatever ends meanwhile is left out. */
export function listDescriptors(pid: number): Map<number, string> {
  const found: [number, string][] = [];
  try {
    for (const { name } of Deno.readDirSync(`/proc/${pid}/fd`)) {
      const target = readLink(`/proc/${pid}/fd/${name}`);
      if (target !== null) found.push([Number(name), target]);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return new Map(found.sort(([a], [b]) => a - b));
}

/**
 * Returns KiB of memory that a process takes: all, shared ones in proportion (`Pss`), or what it has written itself
 * (`Anonymous`); 0 once it has ended.
 */
export function readMemory(pid: number, kind: "Pss" | "Anonymous"): number {
  try {
    const text = Deno.readTextFileSync(`/proc/${pid}/smaps_rollup`);
    return Number(new RegExp(`^${kind}: +(\\d+) kB$`, "m").exec(text)?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** Waits until a condition holds and fails, saying what was awaited, when it does not in time. */
export async function waitFor(what: string, ms: number, holds: () => boolean): Promise<void> {
  for (const end = performance.now() + ms; !holds();) {
    if (performance.now() > end) assert.fail(`not within ${ms} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Waits until none of some processes runs any more; an orphan is for process 1 to reap. */
export async function waitForEnd(processes: Process[], ms: number): Promise<void> {
  const pids = processes.map(({ pid }) => pid);
  const alive = () => listProcesses().filter((one) => pids.includes(one.pid) && one.state !== "Z");
  await waitFor("the end of every helper", ms, () => alive().length === 0);
}

function readLink(path: string): string | null {
  try {
    return Deno.readLinkSync(path);
  } catch {
    return null;
  }
}
