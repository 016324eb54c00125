/**
 * `wpam doctor`: what is wrong with logins here, where, why that matters, and how to mend it.
 *
 * It looks and changes nothing; what it looks at is the table in checks.ts. Nothing that it says holds a secret.
 */
import { EXIT } from "./change.ts";
import { type Check, type Finding, type Manner, NOT_ROOT, type Result } from "./check.ts";
import { CHECKS, type Context, runChecks } from "./checks.ts";
import type { DoctorOptions } from "./command.ts";
import { type Host, openView, probeHost } from "./host.ts";
import { INSTALLED, readInstalled } from "./installed.ts";
import { findOurLines, findPlaces, mentionsUs } from "./our_lines.ts";
import { listWanted, makeWish } from "./plan.ts";
import { type Mark, type Report, Stop, wrap } from "./report.ts";
import { blank, listSecrets } from "./secrets.ts";
import { listServices, readPam, readSshd } from "./sources.ts";
import { VERSION } from "./version.ts";
import { listVisitors } from "./visitors.ts";
import type { World } from "./world.ts";

/** What an examination came to. */
export interface Examination {
  /** The worst first, of the same severity causes before others. */
  readonly findings: readonly Finding[];
  readonly results: readonly Result[];
}

/** The time limit of one check, in ms. */
const PATIENCE = 15_000;
const CODES = { info: 0, warning: 1, error: 2 } as const;
const MARKS: Readonly<Record<Finding["severity"], Mark>> = {
  error: "problem",
  warning: "warning",
  info: "note",
};

/** Examines this machine and shows what it found. Returns the exit code. */
export async function doctor(options: DoctorOptions, { report, home }: World): Promise<number> {
  if (options.list) return list(report);
  const ids = options.only ?? CHECKS.map(({ id }) => id);
  const unknown = ids.find((id) => !CHECKS.some((check) => check.id === id));
  if (unknown !== undefined) {
    throw new Stop(EXIT.usage, `There is no check ${unknown}: wpam doctor --list names them.`);
  }
  const begun = performance.now();
  const { name, ...examination } = await report.wait("Looking at everything", async () => {
    const host = await probeHost(openView());
    return { name: host.name, ...await examine(host, home, ids) };
  });
  return present(report, name, examination, Math.round(performance.now() - begun));
}

/** Shows what was found in `ms` on a system of that name. Returns the exit code. */
export function present(
  report: Report,
  system: string,
  { findings, results }: Examination,
  ms: number,
): number {
  report.say(`wpam ${VERSION} on ${system}\n`);
  for (const finding of findings) show(report, finding);
  showRest(report, results);
  showEnd(report, findings, results, ms);
  const exit = Math.max(0, ...findings.map(({ severity }) => CODES[severity]));
  return report.finish("doctor", exit, {
    version: VERSION,
    system,
    healthy: exit === 0,
    ms,
    findings,
    checks: results.map(describe),
  });
}

/** Runs checks on a machine, those that others need among them. `home` is the folder of this wpam. */
export async function examine(
  host: Host,
  home: string,
  ids: readonly string[],
  manner: Manner = { patience: PATIENCE },
): Promise<Examination> {
  const context = makeContext(host, home);
  if (isAbsent(host, context)) return { findings: [ABSENT], results: [] };
  const secrets = listSecrets(host);
  const clean = <T>(value: T): T => blank(value, secrets);
  const results = (await runChecks(context, ids, CHECKS, manner)).map((result) => ({
    ...result,
    findings: result.findings.map(clean),
    ...result.unchecked === undefined ? {} : { unchecked: clean(result.unchecked) },
  }));
  const findings = results.flatMap(({ findings }) => findings)
    .toSorted((a, b) => CODES[b.severity] - CODES[a.severity]);
  return { findings, results };
}

const ABSENT: Finding = {
  id: "set-up",
  severity: "error",
  seen: "wpam is not set up on this machine.",
  why: "Nobody asks Werbot at a login.",
  fix: { text: "Set it up: wpam install", commands: [] },
};

/** Describes the machine as it is; what an ordinary user cannot read is taken for absent. */
function makeContext(host: Host, home: string): Context {
  const { view } = host;
  const pam = readPam(host);
  const installed = readInstalled(attempt(() => view.read(INSTALLED)));
  const services = installed?.services ?? findServices(host);
  const login = installed?.login ?? "password,werbot";
  const wishes = { services, login, alongside: false, values: new Map() };
  const [line] = findOurLines(pam, services);
  const places = findPlaces(line?.arguments ?? []);
  const module = line?.module.startsWith("/")
    ? line.module
    : `${host.moduleFolder ?? "/lib/security"}/pam_wpam.so`;
  // The module starts the one that is compiled into it.
  const helper = places.helper ??
    /\0(\/[^\0]*\/wpam-auth)\0/.exec(attempt(() => view.read(module)) ?? "")?.[1];
  return {
    host,
    pam,
    services: services.map((service) => makeWish(service, wishes, module)),
    sshd: attempt(() => readSshd(host)),
    wanted: services.includes("sshd") ? listWanted(login) : [],
    visitors: listVisitors(host),
    module,
    helper: helper ?? `${home}/wpam-auth`,
    conf: attempt(() => view.read(places.conf)),
    anchors: attempt(() => view.read(places.anchors)),
    installed,
  };
}

/** Finds the services that have our line, where nothing remembers them. */
function findServices(host: Host): readonly string[] {
  const pam = readPam(host);
  const found = listServices(host).filter((service) => mentionsUs(pam.read(service) ?? ""));
  return found.length > 0 ? found : ["sshd"];
}

function isAbsent({ view }: Host, { pam, services, installed, conf }: Context): boolean {
  const names: string[] = services.map(({ service }) => service);
  return installed === undefined && conf === undefined &&
    view.status("/etc/wpam/wpam.conf") === undefined && findOurLines(pam, names).length === 0;
}

function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

function show(report: Report, { severity, seen, where, why, fix }: Finding): void {
  report.mark(MARKS[severity], seen);
  const row = (label: string, text: string) =>
    report.say(`  ${label.padEnd(7)}${wrap(text, " ".repeat(9))}`);
  if (where !== undefined) row("where", where);
  if (why !== undefined) row("why", why);
  if (fix !== undefined) row("mend", fix.text);
  for (const command of fix?.commands ?? []) report.say(`         ${wrapCommand(command)}`);
  report.say("");
}

/** Breaks a command over lines so that a shell takes them as one. */
function wrapCommand(command: string): string {
  return wrap(command, " ".repeat(13)).replace(/\n/g, " \\\n");
}

/** Shows what was measured, and what could not be looked at. */
function showRest(report: Report, results: readonly Result[]): void {
  const told = results.flatMap(({ told }) => told ? [told] : []);
  if (told.length > 0) report.mark("note", `Werbot: ${told.join(", ")}`);
  const groups = Map.groupBy(results.filter(({ unchecked }) => unchecked), (it) => it.unchecked);
  for (const [why, group] of groups) {
    const ids = group.map(({ check }) => check.id).join(", ");
    report.mark("note", `Not checked, because ${why}: ${ids}`);
  }
}

function showEnd(
  report: Report,
  findings: readonly Finding[],
  results: readonly Result[],
  ms: number,
): void {
  const count = (severity: Finding["severity"]) =>
    findings.filter((finding) => finding.severity === severity).length;
  const [errors, warnings] = [count("error"), count("warning")];
  const made = results.filter((it) => it.unchecked === undefined && it.skipped === undefined);
  const skipped = results.filter((it) => it.skipped !== undefined).length;
  const time = `${(ms / 1000).toFixed(1)} s`;
  if (errors + warnings > 0) {
    const later = skipped > 0 ? ` ${tell(skipped, "check")} would tell only what follows.` : "";
    report.say(`${tell(errors, "error")}, ${tell(warnings, "warning")} (${time}).${later}`);
  } else if (results.some(({ unchecked }) => unchecked === NOT_ROOT)) {
    report.mark(
      "done",
      `Nothing is wrong in ${tell(made.length, "check")}; for the rest: sudo wpam doctor`,
    );
  } else report.mark("done", `Nothing is wrong: ${tell(made.length, "check")} in ${time}.`);
}

function tell(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function describe({ check, findings, skipped, unchecked, told, ms }: Result) {
  return {
    id: check.id,
    title: check.title,
    result: skipped !== undefined
      ? "skipped"
      : unchecked !== undefined
      ? "unchecked"
      : findings.length > 0
      ? "found"
      : "ok",
    because: skipped ?? unchecked ?? null,
    told: told ?? null,
    ms,
  };
}

function list(report: Report): number {
  const width = Math.max(...CHECKS.map(({ id }) => id.length)) + 2;
  for (const { id, title } of CHECKS) report.say(`${id.padEnd(width)}${title}`);
  const checks = CHECKS.map(({ id, title, needs, root }: Check) => ({
    id,
    title,
    needs,
    root: root ?? false,
  }));
  return report.finish("doctor", EXIT.done, { checks });
}
