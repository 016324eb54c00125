/**
 * The commands of a change: tests and reloads of sshd, and the hang-up signal where no service manager is.
 *
 * Called by transaction.ts and users.ts.
 */
import { readCommandLine } from "./processes.ts";
import type { CommandStep } from "./steps.ts";
import type { Machine } from "./transaction.ts";

const SECONDS = 90;
const PID_FILES = ["/run/sshd.pid", "/var/run/sshd.pid"];

/** Runs the commands of a step, not in an image. Throws a sentence when one fails; those after it do not run. */
export async function execute(machine: Machine, { run }: CommandStep): Promise<void> {
  if (!machine.view.live) return;
  for (const argv of run) {
    const complaint = argv[0] === "kill"
      ? await hangUp(machine, Number(argv.at(-1)))
      : await complain(machine, argv);
    if (complaint !== undefined) throw new Error(`\`${argv.join(" ")}\` failed (${complaint}).`);
  }
}

/** Runs a command; returns what it complained about when it failed. */
export async function complain(
  { ops }: Machine,
  argv: readonly string[],
): Promise<string | undefined> {
  const { code, out, err, timedOut } = await ops.run(argv, { seconds: SECONDS });
  if (timedOut) return `it did not end within ${SECONDS} s`;
  if (code === 0) return undefined;
  return `${out}\n${err}`.trim().split("\n").at(-1) || `exit code ${code}`;
}

/** Tells whether any sshd runs; yes where there is no /proc to look at. */
export function isSshdRunning({ view }: Machine): boolean {
  const pids = view.list("/proc").filter((name) => /^\d+$/.test(name));
  return pids.length === 0 ||
    pids.some((pid) => view.read(`/proc/${pid}/comm`)?.startsWith("sshd"));
}

/** Signals a listener. Its number may be another process's by now; then sshd's own file knows better. */
async function hangUp(machine: Machine, pid: number): Promise<string | undefined> {
  const { view, ops } = machine;
  for (const candidate of [pid, ...PID_FILES.map((path) => Number(view.read(path)))]) {
    if (!(candidate > 1) || !await isListener(machine, candidate)) continue;
    ops.hangUp(candidate);
    return undefined;
  }
  return "that process listens for ssh no more: reload sshd by hand";
}

async function isListener({ view, ops }: Machine, pid: number): Promise<boolean> {
  const argv = view.read(`/proc/${pid}/cmdline`)?.replace(/\0+$/, "").split("\0") ??
    [(await ops.run(["ps", "-o", "args=", "-p", `${pid}`])).out.trim()];
  return readCommandLine(argv) !== undefined;
}
