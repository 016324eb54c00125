/**
 * `wpam install`: look, plan, ask, prove, change, verify, and leave it on trial until somebody confirms it.
 *
 * The order is the safety: until the test logins have passed, nothing that people log in by has changed, and from
 * then on transaction.ts takes everything back when something fails, is interrupted, or is not confirmed.
 */
import { Secret } from "../src/secret.ts";
import {
  ask,
  beginChange,
  EXIT,
  requireAcceptedRisk,
  requireConsent,
  requireRoot,
  tellSteps,
  tellUndo,
} from "./change.ts";
import type { InstallOptions } from "./command.ts";
import type { Effective } from "./effective.ts";
import { findParts, findSettings, type Parts } from "./found.ts";
import { type Host, openView, probeHost, testSshd } from "./host.ts";
import { INSTALLED, readInstalled } from "./installed.ts";
import { writeManual } from "./manual.ts";
import { offerCodes } from "./offline.ts";
import { type InstallPlan, planInstall, type Refused } from "./plan.ts";
import {
  askForAll,
  compareWithPlan,
  knock,
  proveByChecks,
  proveByLogins,
  writeEffective,
} from "./prove.ts";
import { Stop } from "./report.ts";
import type { Step } from "./steps.ts";
import { Story } from "./story.ts";
import type { Transaction } from "./transaction.ts";
import { VERSION } from "./version.ts";
import { decideWishes, type Wishes } from "./wishes.ts";
import { checkConf, readKeys } from "./wpam_conf.ts";
import type { World } from "./world.ts";

/** Seconds that a reloaded sshd has to answer. */
const PATIENCE = 10;

const NO_RESTART =
  "Do not restart this machine before `wpam confirm`: here nothing takes the change back after a restart.";

/** Installs wpam, or changes how it is installed. Returns the exit code. */
export async function install(given: InstallOptions, world: World): Promise<number> {
  const { report, uid } = world;
  const view = openView(given.root);
  if (!given.printManual) requireRoot(view, uid, "wpam install");
  const host = await probeHost(view);
  const options = { ...given, ...await readServiceKey(given, world) };
  const story = new Story(report, host, options);
  if (given.printManual) return await printManual(host, options, world);
  report.say(`wpam ${VERSION} on ${host.name}`);
  if (host.obstacles.length > 0) return story.refuse(host.obstacles.map(({ text }) => text));
  const parts = findParts(view, world.home);

  const transaction = options.dryRun ? undefined : await beginChange(view, report);
  let exit: number;
  try {
    exit = await run(host, options, world, parts, transaction, story);
  } finally {
    transaction?.close();
  }
  const asked = options.offlineUsers !== undefined && transaction !== undefined && view.live;
  if (asked && exit === EXIT.done) await offer(host, world);
  return exit;
}

/** Offers offline codes. The installation is over by then, and nothing that fails here speaks against it. */
async function offer(host: Host, world: World): Promise<void> {
  try {
    await offerCodes(host, world);
  } catch (error) {
    world.report.mark("warning", tell(error));
  }
}

async function run(
  host: Host,
  options: InstallOptions,
  world: World,
  parts: Parts,
  transaction: Transaction | undefined,
  story: Story,
): Promise<number> {
  const complaint = host.view.live ? await testSshd(host) : undefined;
  if (complaint && complaint.folder === undefined) {
    return story.refuse([
      `sshd does not accept its present configuration: ${complaint.text.replace(/\.?$/, ".")} ` +
      "Mend that first.",
    ]);
  }
  const wishes = await ask(transaction, world, () => decide(host, options, world));
  const plan = makePlan(host, wishes, parts);
  if ("reasons" in plan) return story.refuse(plan.reasons);
  const checked = checkConf(plan.conf);
  if ("mistakes" in checked) throw new Stop(EXIT.usage, `${checked.mistakes.join(". ")}.`);
  if (isEmpty(plan)) return story.tellNothingToDo(wishes, transaction?.pending());
  story.show(plan);
  if (!transaction) return story.tellDryRun();
  requireAcceptedRisk(host, options);
  const failing = host.view.live ? await proveByChecks(host, wishes, plan, parts, world) : [];
  if (failing.length > 0) return story.tellFailedProof(failing);
  await ask(transaction, world, () => requireConsent(world, options, "wpam install"));
  let final: InstallPlan | Refused = plan;
  if (transaction.pending()) {
    const undo = await world.report.during(
      "The change that was on trial is taken back",
      () => transaction.rollBack(),
    );
    if (!undo.finished) return story.tellFailure("It could not be taken back.", undo);
    // What was shown counts, and the settings of the trial were part of it.
    const values = new Map([...readKeys(plan.conf), ...wishes.values]);
    final = makePlan(host, { ...wishes, values }, parts);
    if ("reasons" in final) return story.refuse(final.reasons);
    if (isEmpty(final)) return story.tellNothingToDo(wishes, undefined);
  }
  const folder = complaint?.folder;
  const missing: Step[] = folder === undefined
    ? []
    : [{ kind: "folder", path: folder, mode: 0o755, title: `Make ${folder}, which sshd needs` }];
  const whole = { ...final, early: [...missing, ...final.early] };
  return await change(host, options, world, whole, wishes, transaction, story);
}

/** Finds out what is wanted. */
async function decide(host: Host, options: InstallOptions, { terminal }: World): Promise<Wishes> {
  const installed = readInstalled(host.view.read(INSTALLED));
  const services = options.service ?? installed?.services ?? ["sshd"];
  return await decideWishes(options, findSettings(host, installed, services), terminal);
}

/** Finds out what has to be done for it. */
function makePlan(host: Host, wishes: Wishes, { module }: Parts): InstallPlan | Refused {
  const installed = readInstalled(host.view.read(INSTALLED));
  return planInstall(host, wishes, installed, module);
}

function isEmpty({ early, steps }: InstallPlan): boolean {
  return early.length + steps.length === 0;
}

/** Proves the change, makes it, and leaves it on trial. */
async function change(
  host: Host,
  { confirmWithin }: InstallOptions,
  world: World,
  plan: InstallPlan,
  wishes: Wishes,
  transaction: Transaction,
  story: Story,
): Promise<number> {
  const { report, signal, home } = world;
  const onProgress = tellSteps(report);
  const provable = host.view.live && wishes.services.includes("sshd");
  const begun = await transaction.apply(plan.early, { signal, onProgress, more: true });
  if (!begun.done) return story.tellFailure(begun.why, begun.undo);
  let before: Awaited<ReturnType<typeof askForAll>> | undefined;
  let trial: number | undefined;
  try {
    if (provable) {
      before = await askForAll(host);
      if (!(before instanceof Map)) throw new Error(`sshd could not be asked: ${before.text}`);
      const problems = await proveByLogins(host, wishes, plan, transaction, world);
      if (problems.length > 0) {
        return story.tellFailedProof(problems, await transaction.rollBack());
      }
    }
    signal.throwIfAborted();
    if (host.view.live && host.service.running && confirmWithin !== "never") {
      const { outlivesBoot } = await transaction.arm(confirmWithin, [findCommand(host, home)]);
      if (!outlivesBoot) report.mark("warning", NO_RESTART);
      trial = confirmWithin;
    }
  } catch (error) {
    const undo = await transaction.rollBack();
    if (!signal.aborted) return story.tellFailure(tell(error), undo);
    tellUndo(report, undo);
    throw signal.reason;
  }
  const known = before instanceof Map ? before : undefined;
  const result = await transaction.apply(plan.steps, {
    signal,
    onProgress,
    ...known ? { remember: writeEffective(known) } : {},
    verify: async () =>
      known
        ? await report.wait(
          "Looking whether sshd answers as it should",
          () => verify(host, known, plan),
        )
        : [],
  });
  if (!result.done) return story.tellFailure(result.why, result.undo);
  for (const problem of result.problems) report.mark("warning", problem);
  return story.tellSuccess(wishes, trial);
}

/** Looks at the live sshd after the change. Returns sentences about what is not as it should be. */
async function verify(
  host: Host,
  before: ReadonlyMap<string, Effective>,
  plan: InstallPlan,
): Promise<string[]> {
  const silent = plan.sshd.length > 0 ? await knock(host, PATIENCE) : [];
  const after = await askForAll(host);
  return after instanceof Map
    ? [...silent, ...compareWithPlan(before, after, plan)]
    : [`sshd does not accept its configuration: ${after.text}`];
}

/** Finds this command by the name that an upgrade in the meantime keeps. */
function findCommand({ view }: Host, home: string): string {
  const names = ["/usr/bin/wpam", "/usr/local/bin/wpam"];
  return names.find((name) => view.resolve(name) === `${home}/wpam`) ?? `${home}/wpam`;
}

function tell(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Reads the key from its file, where it was not given otherwise. */
async function readServiceKey(
  { serviceKey, serviceKeyFile }: InstallOptions,
  { report, readInput, readFile }: World,
): Promise<Pick<InstallOptions, "serviceKey">> {
  if (serviceKey) {
    report.mark(
      "warning",
      "--service-key can be seen by other users in the list of processes, and stays in the history of your shell: " +
        "better use --service-key-file.",
    );
    return { serviceKey };
  }
  if (serviceKeyFile === undefined) return {};
  const text = serviceKeyFile === "-" ? await readInput() : await readFile(serviceKeyFile);
  const key = text?.trim();
  if (!key || /[\r\n]/.test(key)) {
    const what = text === undefined ? "is not there" : key ? "has more than one line" : "is empty";
    throw new Stop(
      EXIT.usage,
      `The key file ${serviceKeyFile} ${what}: it must hold the service's key.`,
    );
  }
  return { serviceKey: new Secret(key) };
}

/** Prints the steps to take by hand; what is not known yet stands there as a gap to fill. */
async function printManual(
  host: Host,
  options: InstallOptions,
  world: World,
): Promise<number> {
  const home = `/usr/lib/wpam/${VERSION}`;
  const wishes = await decide(host, options, { ...world, terminal: undefined });
  const plan = planInstall(host, wishes, undefined, "\0");
  const reasons = host.obstacles.map(({ text }) => text);
  const text = writeManual({
    host,
    wishes,
    home,
    plan: reasons.length > 0 ? { reasons } : plan,
  });
  world.report.quote(text);
  return world.report.finish("install", EXIT.done, { result: "manual", manual: text });
}
