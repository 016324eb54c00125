/**
 * `wpam confirm`: keeps the change that `wpam install` has put on trial.
 *
 * It counts only from an ssh login that began after the change. It looks at nothing else.
 */
import { beginChange, EXIT, requireRoot } from "./change.ts";
import type { PlainOptions } from "./command.ts";
import { findLogin, openView } from "./host.ts";
import { Stop } from "./report.ts";
import type { World } from "./world.ts";

/** Keeps the change that is on trial. Returns the exit code. */
export async function confirm(_options: PlainOptions, { report, uid }: World): Promise<number> {
  const view = openView();
  requireRoot(view, uid, "wpam confirm");
  const transaction = await beginChange(view, report);
  try {
    if (transaction.pending() === undefined) {
      report.mark("done", "Nothing to do: no change is on trial.");
      return report.finish("confirm", EXIT.done, { result: "nothing to do" });
    }
    const confirmed = await transaction.confirm(await findLogin(view));
    if ("refusal" in confirmed) throw new Stop(EXIT.failed, confirmed.refusal);
    report.mark("done", "The change is confirmed: it stays, and the rollback is called off.");
    for (const problem of confirmed.problems) report.mark("warning", problem);
    return report.finish("confirm", EXIT.done, { result: "confirmed" });
  } finally {
    transaction.close();
  }
}
