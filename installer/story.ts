/**
 * What `wpam install` tells on its way: the plan before, and one summary with the next step after.
 *
 * It shows and returns exit codes; it decides nothing. Called by install.ts.
 */
import { EXIT, listChanges, showChanges, tellUndo } from "./change.ts";
import type { InstallOptions } from "./command.ts";
import type { Host } from "./host.ts";
import type { InstallPlan } from "./plan.ts";
import { type Report, tellDuration } from "./report.ts";
import type { Pending, Report as Undo } from "./transaction.ts";
import { VERSION } from "./version.ts";
import type { Wishes } from "./wishes.ts";

const BY_HAND = "Nothing was changed. By hand: wpam install --print-manual";

const AS_BEFORE = "Everything is as it was before.";

/** One installation as it is told. */
export class Story {
  #plan: InstallPlan | undefined;

  constructor(readonly report: Report, readonly host: Host, readonly options: InstallOptions) {}

  /** Shows what will change, and what that means. */
  show(plan: InstallPlan): void {
    this.#plan = plan;
    const { report } = this;
    report.title("What will change");
    report.quote(showChanges([...plan.early, ...plan.steps]));
    if (plan.warnings.length + plan.notes.length > 0) report.title("What you should know");
    for (const text of plan.warnings) report.mark("warning", text);
    for (const text of plan.notes) report.mark("note", text);
    report.say("");
  }

  /** Tells why nothing can be done here. */
  refuse(reasons: readonly string[]): number {
    for (const reason of reasons) this.report.mark("problem", reason);
    this.report.say(BY_HAND);
    return this.#finish(EXIT.impossible, "refused");
  }

  tellDryRun(): number {
    this.report.say("Nothing was changed: this was a dry run.");
    return this.#finish(EXIT.done, "dry run");
  }

  tellNothingToDo({ services }: Wishes, pending: Pending | undefined): number {
    const { report } = this;
    report.mark("done", `Nothing to do: wpam is set up like that for ${services.join(", ")}.`);
    if (pending?.secondsLeft === undefined) return this.#finish(EXIT.done, "nothing to do");
    const left = tellDuration(Math.round(pending.secondsLeft));
    report.mark(
      "warning",
      `It is on trial, and taken back in ${left} unless a new login runs: sudo wpam confirm`,
    );
    return this.#finish(EXIT.done, "nothing to do", { secondsLeft: pending.secondsLeft });
  }

  /** Tells which check or test login did not go as it must. */
  tellFailedProof(problems: readonly string[], undo?: Undo): number {
    for (const problem of problems) this.report.mark("problem", problem);
    if (!undo) this.report.say("Nothing was changed.");
    else if (tellUndo(this.report, undo)) this.report.say(AS_BEFORE);
    return this.#finish(EXIT.proof, "proof failed");
  }

  tellFailure(why: string, undo: Undo): number {
    this.report.mark("problem", why);
    if (tellUndo(this.report, undo)) this.report.say(AS_BEFORE);
    return this.#finish(EXIT.failed, "taken back");
  }

  /** Tells what is in force now; `trial` are the seconds until it is taken back. */
  tellSuccess({ services }: Wishes, trial: number | undefined): number {
    const { report, host: { view, service } } = this;
    const names = services.join(", ");
    if (!view.live) {
      report.say(
        `\nwpam is set up for ${names} in ${view.root}. It counts when that system starts.`,
      );
    } else if (trial !== undefined) {
      const time = tellDuration(trial);
      report.say(
        `\nwpam is active for ${names}, on trial for ${time}.\n\n` +
          "Next: keep this terminal open, log in from another one, and run there\n\n" +
          "    sudo wpam confirm\n\n" +
          `Without that everything is taken back in ${time}. To take it back at once:\n\n` +
          "    sudo wpam rollback",
      );
      return this.#finish(EXIT.done, "on trial", { secondsLeft: trial });
    } else if (service.running) {
      report.say(
        `\nwpam is active for ${names}. Next: log in from another terminal before you leave this one.`,
      );
    } else {
      report.say(
        `\nwpam is set up for ${names}. No sshd runs here; it counts when one is started.`,
      );
    }
    return this.#finish(EXIT.done, "installed");
  }

  #finish(exit: number, result: string, more: Record<string, unknown> = {}): number {
    const steps = this.#plan ? [...this.#plan.early, ...this.#plan.steps] : [];
    return this.report.finish("install", exit, {
      result,
      version: VERSION,
      system: this.host.name,
      changes: listChanges(steps),
      diff: showChanges(steps),
      notes: this.#plan?.notes ?? [],
      ...more,
    });
  }
}
