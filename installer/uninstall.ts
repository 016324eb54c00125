/**
 * `wpam uninstall`: takes wpam out of this machine's logins, and nothing else.
 *
 * It plans by what it finds, so that it also works when half of it is gone; what it changes goes through
 * transaction.ts, which takes everything back if something fails on the way.
 */
import {
  ask,
  beginChange,
  EXIT,
  listChanges,
  requireAcceptedRisk,
  requireConsent,
  requireRoot,
  showChanges,
  tellSteps,
  tellUndo,
} from "./change.ts";
import type { UninstallOptions } from "./command.ts";
import { type Host, openView, probeHost, testSshd } from "./host.ts";
import { INSTALLED, readInstalled } from "./installed.ts";
import { planUninstall } from "./plan_uninstall.ts";
import type { Step } from "./steps.ts";
import type { Transaction } from "./transaction.ts";
import { VERSION } from "./version.ts";
import type { World } from "./world.ts";

/** Takes everything of ours out. Returns the exit code. */
export async function uninstall(options: UninstallOptions, world: World): Promise<number> {
  const { report } = world;
  const view = openView(options.root);
  requireRoot(view, world.uid, "wpam uninstall");
  const host = await probeHost(view);
  report.say(`wpam ${VERSION} on ${host.name}`);
  const transaction = options.dryRun ? undefined : await beginChange(view, report);
  try {
    return await uninstallFrom(host, options, world, transaction);
  } finally {
    transaction?.close();
  }
}

async function uninstallFrom(
  host: Host,
  options: UninstallOptions,
  world: World,
  transaction: Transaction | undefined,
): Promise<number> {
  const { report, signal } = world;
  let changes: readonly Step[] = [];
  let diff = "";
  const finish = (exit: number, result: string) =>
    report.finish("uninstall", exit, {
      result,
      version: VERSION,
      system: host.name,
      changes: listChanges(changes),
      diff,
    });
  let plan = makePlan(host, options, world.home);
  if ("reasons" in plan) {
    for (const reason of plan.reasons) report.mark("problem", reason);
    report.say("Nothing was changed.");
    return finish(EXIT.impossible, "refused");
  }
  changes = [...plan.copies, ...plan.steps, ...plan.purge];
  if (changes.length === 0) {
    report.mark("done", "Nothing to do: wpam is in no login of this machine.");
    return finish(EXIT.done, "nothing to do");
  }
  diff = [
    list("Keep copies of what was edited by hand", "+", plan.copies),
    showChanges(plan.steps),
    list("Remove for good", "-", plan.purge),
  ].filter(Boolean).join("\n");
  report.title("What will change");
  report.quote(diff);
  for (const note of plan.notes) report.mark("warning", note);
  report.say("");
  if (!transaction) {
    report.say("Nothing was changed: this was a dry run.");
    return finish(EXIT.done, "dry run");
  }
  requireAcceptedRisk(host, options);
  await ask(transaction, world, () => requireConsent(world, options, "wpam uninstall"));

  if (transaction.pending()) {
    const undone = await report.during(
      "The change that was on trial is taken back",
      () => transaction.rollBack(),
    );
    if (!tellUndo(report, undone)) return finish(EXIT.failed, "failed");
    plan = makePlan(host, options, world.home);
    if ("reasons" in plan) {
      for (const reason of plan.reasons) report.mark("problem", reason);
      return finish(EXIT.failed, "refused");
    }
  }
  const result = await transaction.apply([...plan.copies, ...plan.steps, ...plan.purge], {
    signal,
    onProgress: tellSteps(report),
    verify: () => verify(host),
  });
  if (!result.done) {
    report.mark("problem", result.why);
    if (tellUndo(report, result.undo)) report.say("Everything is as it was before.");
    return finish(EXIT.failed, "taken back");
  }
  for (const problem of result.problems) report.mark("warning", problem);
  report.say(options.purge ? AFTER_PURGE : AFTER);
  return finish(EXIT.done, "uninstalled");
}

function makePlan(host: Host, { purge = false, force = false }: UninstallOptions, home: string) {
  const time = new Date().toISOString().replace(/\W/g, "").slice(0, 15);
  const created = readInstalled(host.view.read(INSTALLED))?.created ?? [];
  const backup = `/var/lib/wpam/backup/${time}`;
  return planUninstall(host, { purge, force, created, backup, home });
}

/** Names what is copied or removed whole; a log may be long. */
function list(title: string, sign: string, steps: readonly Step[]): string {
  const names = steps.map((step) =>
    step.kind === "user" ? `user ${step.name}` : "path" in step ? step.path : step.title
  );
  return steps.length === 0
    ? ""
    : `# ${title}\n${names.map((name) => `${sign} ${name}\n`).join("")}`;
}

const AFTER =
  "\nLogins do not ask Werbot any more. Settings, log and offline codes are kept (--purge removes them).";
const AFTER_PURGE =
  "\nLogins do not ask Werbot any more, and settings, log and offline codes are gone.";

async function verify(host: Host): Promise<string[]> {
  const complaint = host.view.live && host.sshd ? await testSshd(host) : undefined;
  return complaint?.cause === "configuration"
    ? [`sshd does not accept its configuration: ${complaint.text}`]
    : [];
}
