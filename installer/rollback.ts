/**
 * `wpam rollback`: takes back the change that nobody has confirmed.
 *
 * The timer calls it with an id when the time is over; a person calls it without one, for now. What was
 * confirmed it leaves alone: that is for `wpam uninstall`.
 */
import { EXIT, requireRoot, tellUndo } from "./change.ts";
import type { RollbackOptions } from "./command.ts";
import { openView, probeHost } from "./host.ts";
import { compareWithEarlier } from "./prove.ts";
import { Stop } from "./report.ts";
import { type Report as Undo, rollBackWhenDue, Transaction } from "./transaction.ts";
import type { World } from "./world.ts";

/** Takes back what is on trial or cut off. Returns the exit code. */
export async function rollBack(options: RollbackOptions, { report, uid }: World): Promise<number> {
  const view = openView();
  requireRoot(view, uid, "wpam rollback");
  const finish = (exit: number, result: string) => report.finish("rollback", exit, { result });
  const tell = async (undone: Undo): Promise<boolean> => {
    const different = undone.remembered === undefined
      ? []
      : await compareWithEarlier(await probeHost(view), undone.remembered);
    for (const text of different) report.mark("problem", text);
    return tellUndo(report, undone) && different.length === 0;
  };
  if (options.id !== undefined) {
    const undone = await rollBackWhenDue(view, { id: options.id, wait: options.wait ?? 0 });
    if (undone && !await tell(undone)) return finish(EXIT.failed, "failed");
    return finish(EXIT.done, undone ? "taken back" : "nothing to do");
  }
  const transaction = Transaction.open(view);
  if ("busy" in transaction) throw new Stop(EXIT.impossible, transaction.busy);
  try {
    const pending = transaction.pending();
    if (pending === undefined) {
      report.mark(
        "done",
        "Nothing to do: no change is on trial. `wpam uninstall` takes out what was confirmed.",
      );
      return finish(EXIT.done, "nothing to do");
    }
    const undone = await report.during("The change is taken back", () => transaction.rollBack());
    return await tell(undone) ? finish(EXIT.done, "taken back") : finish(EXIT.failed, "failed");
  } finally {
    transaction.close();
  }
}
