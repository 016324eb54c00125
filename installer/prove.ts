/**
 * The proof before and after a change: test logins against the candidate, and a look at the live sshd.
 *
 * It changes nothing that people use: what it needs lies in a private folder and in a PAM service of its own,
 * and is gone when it returns. Called by install.ts between looking and changing.
 */
import {
  type Candidate,
  closeFolder,
  openFolder,
  planCanaries,
  runCanary,
  stageCandidate,
} from "./canary.ts";
import { type Context, type Finding, runChecks } from "./checks.ts";
import { orAborted } from "./change.ts";
import { compareEffective, type Effective } from "./effective.ts";
import { askSshd, type Complaint, type Host } from "./host.ts";
import type { Parts } from "./found.ts";
import { type InstallPlan, makeWish } from "./plan.ts";
import { readPam, readSshd } from "./sources.ts";
import type { Transaction } from "./transaction.ts";
import type { Terminal, Wishes } from "./wishes.ts";
import { chooseTester, isLocal, listVisitors, visit } from "./visitors.ts";
import type { World } from "./world.ts";

/** Chooses who logs in; whoever works as root on a terminal is asked for his own name. */
async function chooseUser(
  host: Host,
  effective: Effective,
  terminal: Terminal | undefined,
): Promise<string> {
  const standard = chooseTester(host, effective);
  if (!terminal || host.operator.name === standard) return standard;
  for (;;) {
    const name = await terminal.ask("Your unix user, for a test login", { standard });
    if (isLocal(host.view, name)) return name;
  }
}

/** Asks sshd what is in force for a local login of each user; a complaint ends it. */
export async function askForAll(host: Host): Promise<Map<string, Effective> | Complaint> {
  const found = new Map<string, Effective>();
  for (const visitor of listVisitors(host)) {
    const effective = await askSshd(host, visitor);
    if ("cause" in effective) return effective;
    found.set(visitor.user, effective);
  }
  return found;
}

/** Lists, in sentences, what is not as the plan wants it, or is otherwise than before although no plan wants that. */
export function compareWithPlan(
  before: ReadonlyMap<string, Effective>,
  after: ReadonlyMap<string, Effective>,
  { wanted, overrides }: Pick<InstallPlan, "wanted" | "overrides">,
): string[] {
  const meant = new Map(wanted.map(([keyword, value]) => [keyword.toLowerCase(), value]));
  // Before 8.7 the two are one pair; afterwards -T does not print the older one.
  if (meant.has("kbdinteractiveauthentication")) {
    meant.set("challengeresponseauthentication", "yes");
  }
  const free = new Set([...overrides, ...meant.keys()]);
  return [
    ...[...after].flatMap(([user, values]) =>
      [...meant].filter(([keyword, value]) =>
        values.has(keyword) && values.get(keyword) !== value && !overrides.includes(keyword)
      ).map(([keyword, value]) =>
        `For ${user}, ${keyword} is ${values.get(keyword)} in sshd, not ${value}.`
      )
    ),
    ...compareAll(before, after, free),
  ];
}

/** Writes what sshd said, for compareWithEarlier() of another process. */
export function writeEffective(effective: ReadonlyMap<string, Effective>): string {
  return JSON.stringify([...effective].map(([user, values]) => [user, [...values]]));
}

/** Looks whether sshd says again what it said before; returns sentences about what it does not. */
export async function compareWithEarlier(host: Host, text: string): Promise<string[]> {
  const before = new Map(
    (JSON.parse(text) as [string, [string, string][]][])
      .map(([user, values]) => [user, new Map(values)]),
  );
  const after = await askForAll(host);
  return after instanceof Map
    ? compareAll(before, after)
    : [`sshd does not accept its configuration: ${after.text}`];
}

/** Lists, in sentences, what sshd has otherwise than before, but for some keywords. */
function compareAll(
  before: ReadonlyMap<string, Effective>,
  after: ReadonlyMap<string, Effective>,
  except: ReadonlySet<string> = new Set(),
): string[] {
  return [...after].flatMap(([user, values]) =>
    compareEffective(before.get(user) ?? values, values)
      .filter(({ keyword }) => !except.has(keyword))
      .map(({ keyword, before, after }) =>
        `For ${user}, ${keyword} is ${after ?? "unset"} in sshd, and was ${before ?? "unset"}.`
      )
  );
}

/** Checks, before anybody is asked, what a login needs: module, helper, server. Returns sentences about what fails. */
export async function proveByChecks(
  host: Host,
  wishes: Wishes,
  plan: InstallPlan,
  { home }: Parts,
  { report, signal }: World,
): Promise<string[]> {
  const context = makeContext(host, wishes, plan, home);
  const ids = ["config-parses", "module-loads", "helper-answers", "api-reachable", "login-grace"];
  const work = () => orAborted(runChecks(context, ids), signal);
  const results = await report.wait("Checking module, helper and Werbot", work);
  for (const { check, findings, skipped } of results) {
    if (skipped === undefined && findings.length === 0) report.mark("done", check.title);
  }
  const findings = results.flatMap(({ findings }) => findings);
  for (const finding of findings.filter(({ severity }) => severity === "warning")) {
    report.mark("warning", tell(finding));
  }
  return findings.filter(isError).map(tell);
}

function makeContext(
  host: Host,
  wishes: Wishes,
  plan: InstallPlan,
  home: string,
  staged?: string,
): Context {
  return {
    host,
    pam: readPam(host),
    services: [],
    sshd: readSshd(host, plan.sshd),
    ...staged === undefined ? {} : { staged },
    // What a Match block sets is its own affair; the plan has named it.
    wanted: plan.wanted.filter(([keyword]) => !plan.overrides.includes(keyword.toLowerCase())),
    visitors: wishes.services.includes("sshd") ? listVisitors(host) : [],
    module: `${home}/pam_wpam.so`,
    helper: `${home}/wpam-auth`,
    conf: plan.conf,
    anchors: host.view.read("/etc/wpam/ca.pem"),
  };
}

/**
 * Lets test logins try the candidate. Returns sentences about what speaks against it; none when all went as it
 * must.
 */
export async function proveByLogins(
  host: Host,
  wishes: Wishes,
  plan: InstallPlan,
  transaction: Transaction,
  { home, report, terminal, signal }: World,
): Promise<string[]> {
  const sshd = readSshd(host, plan.sshd);
  if (!sshd) return [];
  const candidate: Candidate = {
    host,
    sshd,
    pam: readPam(host),
    wish: makeWish("sshd", wishes, `${home}/pam_wpam.so`),
    conf: plan.conf,
    anchors: host.view.read("/etc/wpam/ca.pem"),
  };
  const { files, config } = stageCandidate(candidate);
  openFolder(candidate, files);
  try {
    const [inForce] = await runChecks(makeContext(host, wishes, plan, home, config), [
      "sshd-effective",
    ]);
    const errors = inForce!.findings.filter(isError);
    if (errors.length > 0) return errors.map(tell);
    const general = await askSshd(host, visit(host, "root"), config);
    if ("cause" in general) return [`sshd does not accept the candidate: ${general.text}`];
    const user = await chooseUser(host, general, terminal);
    const effective = await askSshd(host, visit(host, user), config);
    if ("cause" in effective) return [`sshd does not accept the candidate: ${effective.text}`];
    const canaries = planCanaries(candidate, effective, { user, person: !!terminal });
    if ("refusals" in canaries) return canaries.refusals.map(({ text }) => `${text}.`);
    if ("refusal" in canaries) return [`${canaries.refusal}.`];
    for (const canary of canaries) {
      signal.throwIfAborted();
      const run = async () => {
        const findings = await transaction.during(
          [canary.step],
          () => runCanary(canary, host, signal),
        );
        if (!findings.some(isError)) return findings;
        // Ctrl-C ends ssh too, and that may be seen first.
        await new Promise((resolve) => setTimeout(resolve, 100));
        signal.throwIfAborted();
        throw new Refused(findings);
      };
      let told: readonly Finding[];
      if (canary.kind !== "person") told = await report.during(canary.title, run);
      else {
        report.say(
          `\nNow you: log in as ${user} by the new configuration. Nothing is changed yet.`,
        );
        told = await run();
        report.mark("done", canary.title);
      }
      for (const finding of told.filter(({ severity }) => severity === "warning")) {
        report.mark("warning", tell(finding));
      }
    }
    return [];
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return error.findings.map(tell);
  } finally {
    closeFolder(host.view);
  }
}

const isError = ({ severity }: Finding) => severity === "error";

function tell({ seen, fix }: Finding): string {
  return fix ? `${seen} ${fix.text}` : seen;
}

class Refused extends Error {
  constructor(readonly findings: readonly Finding[]) {
    super();
  }
}

/** Looks whether a listener answers on every address, as sshd does. Returns sentences. */
export async function knock({ view, sshd }: Host, seconds: number): Promise<string[]> {
  const addresses = (sshd?.listeners ?? []).flatMap(({ addresses }) => addresses);
  const deadline = performance.now() + seconds * 1000;
  const problems: string[] = [];
  for (const [host, port] of addresses) {
    const local = { "0.0.0.0": "127.0.0.1", "::": "::1", "*": "127.0.0.1" }[host] ?? host;
    for (;;) {
      const argv = ["ssh-keyscan", "-T", "5", "-t", "ed25519", "-p", `${port}`, local];
      const { code, out, err } = await view.run(argv);
      if (code === 127 || /SSH-\d/.test(`${out}${err}`)) break;
      if (performance.now() > deadline) {
        problems.push(`sshd does not answer on ${local} port ${port} any more.`);
        break;
      }
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }
  return problems;
}
