/**
 * What the subcommands share that change the machine: who may, one at a time, and how it is told.
 *
 * It changes nothing but through transaction.ts. Called by install, uninstall, confirm and rollback.
 */
import { type Host, toBytes, type View } from "./host.ts";
import { type Report as Screen, Stop } from "./report.ts";
import type { UninstallOptions } from "./command.ts";
import { describe, type Step } from "./steps.ts";
import { type Report, Transaction } from "./transaction.ts";
import type { World } from "./world.ts";

/** The exit codes; docs/install.md explains them. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  impossible: 3,
  proof: 4,
  interrupted: 130,
} as const;

/** Stops anybody who is not root; an image may be somebody's own. */
export function requireRoot(view: View, uid: number, command: string): void {
  if (!view.live || uid === 0) return;
  throw new Stop(EXIT.usage, `Only root can do that: run sudo ${command}.`);
}

/** Stops a script that would change the logins by which it came here, unless that risk was accepted. */
export function requireAcceptedRisk(host: Host, options: UninstallOptions): void {
  const { ssh } = host.operator;
  if (!host.view.live || !options.yes || !ssh || options.acceptRisk === "lose-ssh") return;
  const from = ssh.client === undefined ? "" : ` from ${ssh.client}`;
  throw new Stop(
    EXIT.usage,
    `You are logged in by ssh${from}, and this changes ssh logins: add --accept-risk=lose-ssh to --yes, ` +
      "or leave --yes out and answer the questions.",
  );
}

/** Asks whether to go on; without anybody to ask, `--yes` must have said so. */
export async function requireConsent(
  { terminal, signal }: World,
  options: UninstallOptions,
  command: string,
): Promise<void> {
  signal.throwIfAborted();
  if (options.yes) return;
  if (!terminal) {
    throw new Stop(EXIT.usage, `Nobody is here to be asked: add --yes to ${command}.`);
  }
  const answer = await terminal.ask("Go on? (yes | no)", { standard: "no" });
  if (!/^y(es)?$/i.test(answer.trim())) {
    throw new Stop(EXIT.interrupted, "You did not agree: nothing was changed.");
  }
}

/** Takes the sole right to change the machine, and finishes what an earlier run had left open. */
export async function beginChange(view: View, report: Screen): Promise<Transaction> {
  const transaction = Transaction.open(view);
  if ("busy" in transaction) throw new Stop(EXIT.impossible, transaction.busy);
  try {
    const undone = await transaction.recover();
    if (undone) {
      report.mark(
        "note",
        "An earlier change was cut off or not confirmed in time; it is taken back.",
      );
      tellUndo(report, undone);
      if (!undone.finished) throw new Stop(EXIT.failed, HELP);
    }
    return transaction;
  } catch (error) {
    transaction.close();
    throw error;
  }
}

/** Asks whatever there is to ask, without holding others up meanwhile. */
export async function ask<T>(
  transaction: Transaction | undefined,
  { terminal }: World,
  work: () => Promise<T>,
): Promise<T> {
  if (!transaction || !terminal) return await work();
  const asked = await transaction.whileAsking(work);
  if ("busy" in asked) throw new Stop(EXIT.impossible, asked.busy);
  return asked.answer;
}

const HELP =
  "Not everything could be taken back: mend what is named above, then run `wpam rollback`.";

/** Tells what taking back came to. Returns whether all is as it was. */
export function tellUndo(report: Screen, undone: Report): boolean {
  for (const path of undone.restored) report.mark("done", `${path} is as it was before`);
  for (const path of undone.merged) {
    report.mark(
      "done",
      `${path} was changed by somebody else meanwhile; only wpam's lines are taken out`,
    );
  }
  for (const { path, why } of undone.left) report.mark("warning", `${path} ${why}.`);
  for (const problem of undone.problems) report.mark("problem", problem);
  if (!undone.finished) report.mark("problem", HELP);
  return undone.finished && undone.problems.length === 0;
}

/** Returns what tells each step that is done; one title for several steps in a row is told once. */
export function tellSteps(report: Screen): (title: string) => void {
  let last = "";
  return (title) => {
    if (title !== last) report.mark("done", title);
    last = title;
  };
}

/** Waits for some work, or for whoever does not want to. What was begun goes on unseen. */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  signal.addEventListener("abort", stop);
  return await Promise.race([work, promise])
    .finally(() => signal.removeEventListener("abort", stop));
}

/** Shows steps as diffs; files hold UTF-8, as a rule. */
export function showChanges(steps: readonly Step[]): string {
  return new TextDecoder().decode(toBytes(describe(steps)));
}

/** Lists steps for `--json`: what kind, what for, and where. */
export function listChanges(steps: readonly Step[]): Record<string, string>[] {
  return steps.map((step) => ({
    kind: step.kind,
    title: step.title,
    ...("path" in step ? { path: step.path } : {}),
  }));
}
