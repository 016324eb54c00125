/**
 * `wpam status`: one screen about what is installed, where it is active, and whether it is confirmed.
 *
 * It looks and changes nothing. The exit code is for scripts; what is wrong, and how to mend it, is for doctor.
 */
import { EXIT, requireRoot } from "./change.ts";
import type { PlainOptions } from "./command.ts";
import { askSshd, type Host, openView, probeHost } from "./host.ts";
import { INSTALLED, type Installed, readInstalled } from "./installed.ts";
import { listCodes } from "./offline_codes.ts";
import { OFFLINE } from "./our_lines.ts";
import { nameModule } from "./pam_file.ts";
import { expandStack } from "./pam_stack.ts";
import { CONF, listWanted, LOG } from "./plan.ts";
import { type Report, tellDuration } from "./report.ts";
import { listServices, readPam } from "./sources.ts";
import { readPending } from "./transaction.ts";
import { VERSION } from "./version.ts";
import { checkConf, readKeys } from "./wpam_conf.ts";
import type { World } from "./world.ts";

/** Active and confirmed; on trial or only partly there; not installed. */
export type State = "active" | "trial" | "partial" | "absent";

/** A PAM service that has our line, and what keeps it from being asked. */
export interface ServiceStatus {
  readonly name: string;
  readonly active: boolean;
  readonly why?: string;
}

const CODES: Record<State, number> = { active: EXIT.done, trial: 1, partial: 1, absent: 3 };
const HEADLINES: Record<State, string> = {
  active: "wpam is active.",
  trial: "wpam is active, on trial.",
  partial:
    "wpam is only partly there: complete it by `wpam install`, or take it out by `wpam uninstall`.",
  absent: "wpam is not set up on this machine. Next: wpam install",
};

/** Shows how things are. Returns the exit code. */
export async function status(options: PlainOptions, { report, uid }: World): Promise<number> {
  const view = openView(options.root);
  requireRoot(view, uid, "wpam status");
  const host = await probeHost(view);
  const installed = readInstalled(view.read(INSTALLED));
  const services = await listActive(host, installed);
  const pending = readPending(view);
  const module = host.moduleFolder !== undefined &&
    view.read(`${host.moduleFolder}/pam_wpam.so`) !== undefined;
  const checked = checkConf(view.read(CONF) ?? "");
  const mistakes = "mistakes" in checked ? checked.mistakes : [];
  const whole = module && mistakes.length === 0 && services.length > 0 &&
    services.every(({ active }) => active);
  const state: State = services.length === 0 && !installed
    ? "absent"
    : !whole || pending?.state === "unfinished"
    ? "partial"
    : pending?.state === "waiting"
    ? "trial"
    : "active";
  const conf = readKeys(view.read(CONF) ?? "");
  const lastLogin = readLastLogin(view.read(LOG) ?? "");
  const facts = {
    state,
    version: VERSION,
    system: host.name,
    services,
    module,
    confirmed: state === "active",
    secondsLeft: pending?.secondsLeft ?? null,
    login: installed?.login ?? null,
    server: conf.get("server_url")?.toString() ?? null,
    serviceId: conf.get("service_id")?.toString() ?? null,
    keyLogins: conf.get("key_logins")?.toString() ?? "check",
    installed: installed?.when ?? null,
    lastLogin: lastLogin ?? null,
    offlineCodes: listCodes(view, OFFLINE).map(({ user, names }) => ({
      user,
      codes: names.length,
    })),
  };
  show(report, facts, mistakes);
  if (pending?.state === "unfinished") {
    report.mark(
      "problem",
      "A change was cut off: `wpam rollback` takes it back, and so does the next `wpam install`.",
    );
  }
  return report.finish("status", CODES[state], facts);
}

type Facts = Readonly<{
  state: State;
  version: string;
  system: string;
  services: readonly ServiceStatus[];
  module: boolean;
  secondsLeft: number | null;
  login: string | null;
  server: string | null;
  serviceId: string | null;
  keyLogins: string;
  installed: string | null;
  lastLogin: LastLogin | null;
  offlineCodes: readonly { readonly user: string; readonly codes: number }[];
}>;

function show(report: Report, facts: Facts, mistakes: readonly string[]): void {
  const { state } = facts;
  report.say(`wpam ${facts.version} on ${facts.system}\n`);
  report.mark(
    state === "active" ? "done" : state === "absent" ? "note" : "warning",
    HEADLINES[state],
  );
  if (state === "trial" && facts.secondsLeft !== null) {
    const left = tellDuration(Math.round(facts.secondsLeft));
    report.say(`  It is taken back in ${left} unless a new login runs: wpam confirm`);
  }
  if (state === "absent") return;
  report.say("");
  for (const { name, active, why } of facts.services) {
    report.mark(active ? "done" : "problem", active ? `${name} asks Werbot` : `${name}: ${why}`);
  }
  if (!facts.module) {
    report.mark("problem", "The PAM module pam_wpam.so is not where libpam looks.");
  }
  for (const mistake of mistakes) report.mark("problem", `${mistake}.`);
  const rows = [
    ["login", facts.login ?? "unknown"],
    ["key logins", facts.keyLogins === "leave" ? "left to sshd" : "checked with Werbot"],
    ["server", facts.server ?? "none in wpam.conf"],
    ["service", facts.serviceId ?? "none in wpam.conf"],
    ["set up", facts.installed ?? "unknown"],
    ["last login", facts.lastLogin ? tellLogin(facts.lastLogin) : "none in the log"],
  ];
  const codes = facts.offlineCodes.map(({ user, codes }) => `${user} ${codes}`);
  if (codes.length > 0) rows.push(["codes left", codes.join(", ")]);
  for (const [name, value] of rows) report.say(`  ${name!.padEnd(12)}${value}`);
}

/** Lists the services that have our line, or should have. */
async function listActive(host: Host, installed: Installed | undefined): Promise<ServiceStatus[]> {
  const source = readPam(host);
  const runsUs = (service: string) =>
    expandStack(source, service, "auth").entries.some(({ module }) =>
      nameModule(module) === "pam_wpam"
    );
  const mentions = listServices(host).filter((service) =>
    source.read(service)?.includes("pam_wpam")
  );
  const names = [...new Set([...installed?.services ?? [], ...mentions])].sort();
  return await Promise.all(names.map(async (name) => {
    const why = runsUs(name) ? await explainSshd(host, name) : "its PAM lines do not run pam_wpam.";
    return why === undefined ? { name, active: true } : { name, active: false, why };
  }));
}

/** Says why sshd would not ask through PAM, though PAM would ask Werbot; it need not be running to be asked. */
async function explainSshd(host: Host, service: string): Promise<string | undefined> {
  if (service !== "sshd" || !host.view.live) return undefined;
  const visitor = {
    user: "root",
    host: "localhost",
    addr: "127.0.0.1",
    laddr: "127.0.0.1",
    lport: 22,
  };
  const effective = await askSshd(host, visitor);
  if ("cause" in effective) return `sshd does not accept its configuration: ${effective.text}`;
  const wrong = listWanted("password,werbot").find(([keyword, value]) =>
    effective.get(keyword.toLowerCase()) !== value
  );
  return wrong &&
    `${wrong[0]} is ${effective.get(wrong[0].toLowerCase())} in sshd, not ${wrong[1]}.`;
}

/** A login as the log has it. */
export interface LastLogin {
  readonly time: string;
  readonly outcome: string;
  readonly user: string;
  readonly rhost: string | null;
  readonly ref: string | null;
}

/** Finds the last login of all that came to a verdict. */
export function readLastLogin(log: string): LastLogin | undefined {
  const pattern = /^(\S+ \S+) - \w+: login (\w+) (.*)$/;
  const line = log.split("\n").findLast((line) => pattern.test(line));
  const [, time, outcome, fields] = pattern.exec(line ?? "") ?? [];
  if (time === undefined) return undefined;
  const find = (name: string) =>
    new RegExp(`(?:^| )${name}=("(?:[^"\\\\]|\\\\.)*"|\\S+)`).exec(fields!)?.[1] ?? null;
  return {
    time,
    outcome: outcome!,
    user: find("user") ?? "unknown",
    rhost: find("rhost"),
    ref: find("ref"),
  };
}

function tellLogin({ time, outcome, user, rhost, ref }: LastLogin): string {
  return `${time} ${user} ${outcome}${rhost ? ` from ${rhost}` : ""}${ref ? ` (ref ${ref})` : ""}`;
}
