/**
 * The plan of `wpam install`: from wishes and a host to steps, with what the administrator should know.
 *
 * It only looks and computes. What it returns when nothing is to do is an empty list of steps. Called by
 * install.ts, and by manual.ts's caller for the steps to take by hand.
 */
import type { Host, View } from "./host.ts";
import { INSTALLED, type Installed, makeMemory } from "./installed.ts";
import { removeModule } from "./pam_file.ts";
import { type Login, planPamFile, type Wish } from "./pam_plan.ts";
import { findService, isVendor, PAM_FOLDER, readPam, readSshd } from "./sources.ts";
import { type Edit, planSshdConfig } from "./sshd_edit.ts";
import type { Directive, Setting } from "./sshd_config.ts";
import { selectOpen, type Step } from "./steps.ts";
import { warnOfSettings, type Wishes } from "./wishes.ts";
import { setKeys } from "./wpam_conf.ts";

export const CONF = "/etc/wpam/wpam.conf";
export const LOG = "/var/log/wpam.log";
export const USER = "wpam";

/** What is to be done, in order. */
export interface InstallPlan {
  /** What test logins need, and nobody notices. */
  readonly early: readonly Step[];
  /** The rest; both without what would change nothing. */
  readonly steps: readonly Step[];
  /** The whole of wpam.conf as it is to be. */
  readonly conf: string;
  /** sshd's files as they are to be. */
  readonly sshd: readonly Edit[];
  /** The effective values that sshd is to have. */
  readonly wanted: readonly Setting[];
  /** Keywords, in lower case, that keep other values in Match blocks. */
  readonly overrides: readonly string[];
  /** Sentences to show before anybody agrees. */
  readonly warnings: readonly string[];
  readonly notes: readonly string[];
}

/** Why there is no plan: sentences. */
export interface Refused {
  readonly reasons: readonly string[];
}

/** Plans everything that has to change for the wishes to come true. `module` is the content of pam_wpam.so. */
export function planInstall(
  host: Host,
  wishes: Wishes,
  installed: Installed | undefined,
  module: string,
): InstallPlan | Refused {
  const { view } = host;
  const before = view.read(CONF);
  const conf = setKeys(before ?? "", wishes.values);
  const { services, login } = wishes;
  const pam = planPam(host, wishes, installed?.services ?? []);
  const sshd = planSshd(host, wishes);
  const reasons = [...findPerson(host), ...pam.reasons, ...sshd.reasons];
  if (reasons.length > 0) return { reasons };
  const early: Step[] = [
    { kind: "user", name: USER, title: "Add the user wpam, as which the login helper runs" },
  ];
  const ours = [`${host.moduleFolder}/pam_wpam.so`, ...sshd.edits.map(({ path }) => path)];
  const folders = listMissing(host, ours);
  const steps: Step[] = [
    { kind: "folder", path: "/etc/wpam", mode: 0o700, title: "Make the folder of the settings" },
    {
      kind: "file",
      path: CONF,
      before,
      after: conf,
      mode: 0o600,
      secret: true,
      title: "Write the settings",
    },
    ...view.status(LOG) ? [] : [makeLog()],
    makeMemory(view.read(INSTALLED), { services, login, created: [...pam.created, ...folders] }),
    ...folders.map((path) =>
      ({ kind: "folder", path, mode: 0o755, title: `Make the folder ${path}` }) as const
    ),
    makeModule(host, module),
    ...makeSshdSteps(sshd.edits),
    ...sshd.edits.length > 0 ? makeTest(host) : [],
    ...pam.steps,
    ...sshd.edits.length > 0 ? makeReload(host) : [],
  ];
  const isNews = sshd.edits.length > 0 || conf !== before;
  return {
    early: selectOpen(early, view),
    steps: selectOpen(steps, view),
    conf,
    sshd: sshd.edits,
    wanted: sshd.wanted,
    overrides: sshd.overrides,
    warnings: [...sshd.warnings, ...isNews ? warnOfSettings(wishes) : []],
    notes: [...sshd.notes, ...pam.notes],
  };
}

/** The login helper must not share its user with anybody: whoever is that user could look into it. */
function findPerson({ view }: Host): string[] {
  return canLogIn(view, USER)
    ? [
      `The user ${USER} is there already and can log in; the login helper needs that name: rename it.`,
    ]
    : [];
}

/** Tells whether a user has a shell. */
export function canLogIn(view: View, name: string): boolean {
  const line = new RegExp(`^${name}:(?:[^:]*:){5}(.*)$`, "m").exec(view.read("/etc/passwd") ?? "");
  return line !== null && !/\/(nologin|false)$/.test(line[1]!);
}

/** Plans the PAM files; what is the same already brings no notes. */
function planPam(
  host: Host,
  wishes: Wishes,
  earlier: readonly string[],
): { steps: Step[]; created: string[]; reasons: string[]; notes: string[] } {
  const steps: Step[] = [];
  const created: string[] = [];
  const reasons: string[] = [];
  const notes: string[] = [];
  for (const service of wishes.services) {
    const planned = planPamFile(readPam(host), makeWish(service, wishes, host.moduleName));
    if ("refusals" in planned) {
      const path = findService(host, service) ?? service;
      reasons.push(...planned.refusals.map(({ id, text }) =>
        `${name(text, service, path)}.` +
        (id === "second-factor" ? " With --alongside both are asked for." : "")
      ));
      continue;
    }
    const place = choosePamFile(host, service);
    if (typeof place === "string") {
      reasons.push(place);
      continue;
    }
    if (place.before === planned.text) continue;
    if (place.before === undefined) created.push(place.path);
    steps.push({ ...place, after: planned.text });
    notes.push(...planned.notes.map(({ text }) => `${capitalize(text)}.`));
    const [earlier] = planned.predecessor;
    if (earlier) {
      notes.push(
        `The lines of the earlier wpam in ${service} give way, and their settings move to ${CONF}.` +
          (isElsewhere(host, earlier.module)
            ? ` Its ${earlier.module} stays; remove it later.`
            : ""),
      );
    }
  }
  for (const service of earlier.filter((service) => !wishes.services.includes(service))) {
    const place = choosePamFile(host, service);
    if (typeof place === "string" || place.before === undefined) continue;
    const removed = removeModule(place.before);
    if ("refusal" in removed) reasons.push(`${place.path}: ${removed.refusal}.`);
    else steps.push({ ...place, after: removed.text, title: `Let ${service} alone again` });
  }
  return { steps, created, reasons, notes };
}

interface SshdPlan extends Pick<InstallPlan, "wanted" | "overrides" | "warnings" | "notes"> {
  readonly edits: readonly Edit[];
  readonly reasons: readonly string[];
}

function planSshd(host: Host, { services, login }: Wishes): SshdPlan {
  const wanted = services.includes("sshd") ? listWanted(login) : [];
  const config = readSshd(host);
  const none = { wanted, edits: [], reasons: [], overrides: [], warnings: [], notes: [] };
  if (!config || wanted.length === 0) return none;
  const planned = planSshdConfig(config, wanted);
  if ("refusal" in planned) return { ...none, reasons: [planned.refusal] };
  const { edits } = planned;
  const overrides = planned.overrides.map(({ keyword }) => keyword);
  if (edits.length === 0) return { ...none, overrides };
  return {
    ...none,
    edits,
    overrides,
    warnings: [
      "sshd's own password method is turned off: it would hand the password to a hidden prompt.",
      ...planned.overrides.map((line) =>
        `${tellLine(line)} goes on for the logins of its Match block; look whether you want that.`
      ),
      ...(host.sshd?.listeners.length ?? 0) > 1
        ? ["Several sshds run here, and they share the PAM service: this is for all of them."]
        : [],
    ],
    notes: planned.beaten.map((line) => `${tellLine(line)} does not count any more.`),
  };
}

/** The settings of sshd that a login by PAM needs. */
export function listWanted(login: Login): Setting[] {
  return [
    ["UsePAM", "yes"],
    ["KbdInteractiveAuthentication", "yes"],
    ["PasswordAuthentication", "no"],
    ...login === "key,werbot"
      ? [["AuthenticationMethods", "publickey,keyboard-interactive:pam"] as const]
      : [],
  ];
}

/** What is wished for the PAM lines of one service. */
export function makeWish(service: string, { login, alongside }: Wishes, module: string): Wish {
  return { service, module, arguments: [], login: adaptLogin(service, login), alongside };
}

/** A key is known to sshd only: other services go on asking for the password. */
function adaptLogin(service: string, login: Login): Login {
  return service !== "sshd" && login === "key,werbot" ? "password,werbot" : login;
}

/** Finds where a service's lines are written; a sentence where a change would break something. */
function choosePamFile(host: Host, service: string): Step & { kind: "file" } | string {
  const { view } = host;
  const path = findService(host, service);
  const common = { kind: "file", mode: 0o644, after: undefined } as const;
  const title = `Ask Werbot at logins of ${service}`;
  if (path !== undefined && isVendor(path)) {
    const copy = `${PAM_FOLDER}/${service}`;
    return {
      ...common,
      path: copy,
      before: undefined,
      title: `${title}, in a copy of ${path}`,
    };
  }
  if (path === undefined) return `There is no PAM service ${service} here.`;
  const real = view.resolve(path)!;
  const folder = view.resolve(path.slice(0, path.lastIndexOf("/")))!;
  if (!real.startsWith(`${folder}/`)) {
    return `${path} is a link to ${real}: something else looks after it. Make the change by hand ` +
      "(wpam install --print-manual).";
  }
  if ((view.status(real)?.links ?? 1) > 1) {
    return `${path} has several names (hard links), and a new file would part them. Make the change by hand ` +
      "(wpam install --print-manual).";
  }
  return { ...common, path: real, before: view.read(real), title };
}

function makeLog(): Step {
  const common = { kind: "file", before: undefined, after: "", mode: 0o640, group: "adm" } as const;
  return { ...common, path: LOG, title: "Begin the log" };
}

function makeModule(host: Host, after: string): Step {
  const path = `${host.moduleFolder}/pam_wpam.so`;
  const before = host.view.read(path);
  const title = before === undefined ? "Add the PAM module" : "Replace the PAM module";
  return { kind: "file", path, before, after, mode: 0o644, title };
}

/** Lists folders that files need and that are not there yet, the outer ones first. */
function listMissing({ view }: Host, paths: readonly string[]): string[] {
  const above = (path: string): string[] => {
    const folder = path.slice(0, path.lastIndexOf("/"));
    return view.resolve(folder) === undefined ? [...above(folder), folder] : [];
  };
  return [...new Set(paths.flatMap(above))];
}

function makeSshdSteps(edits: readonly Edit[]): Step[] {
  const title = "Let sshd ask through PAM";
  return edits.map((edit) => ({ kind: "file", ...edit, mode: 0o600, title }) as const);
}

/** The step that lets sshd test its settings; none where there is no sshd. */
function makeTest({ view, sshd }: Host): Step[] {
  if (!view.live || !sshd) return [];
  const run = [[sshd.path, "-t", ...sshd.options]];
  return [{ kind: "command", run, title: "Let sshd test its settings" }];
}

/** The step that lets a running sshd read its settings again, if it accepts them; none where there is no sshd. */
export function makeReload({ view, service, sshd }: Host): Step[] {
  if (!view.live || !sshd || !service.running) return [];
  const test = [sshd.path, "-t", ...sshd.options];
  const stale = sshd.listeners.some((listener) => listener.stale);
  const reload = stale ? service.restart : service.reload;
  const title = "Let sshd read its settings again";
  return reload.length > 0 ? [{ kind: "command", run: [test, ...reload], title }] : [];
}

function tellLine({ path, line, keyword, args }: Directive): string {
  return `${path}, line ${line}: ${keyword} ${args.join(" ")}`;
}

/** Tells whether a module is a file of its own, and not the one that ours replaces. */
function isElsewhere({ view, moduleFolder }: Host, module: string): boolean {
  const path = module.startsWith("/") ? view.resolve(module) : undefined;
  return path !== undefined && path !== view.resolve(`${moduleFolder}/pam_wpam.so`);
}

/** Begins a sentence about a service with the path of its file. */
function name(text: string, service: string, path: string): string {
  if (text.startsWith(`${service}: `)) return path + text.slice(service.length);
  return /^\w+_/.test(text) ? `In ${path}, ${text}` : capitalize(text);
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
