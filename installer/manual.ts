/**
 * A plan as steps to take by hand, for people who do not trust tools, and for machines that wpam refuses.
 *
 * Text out only. The service key never stands in it. Called by install.ts.
 */
import { REDACTED } from "../src/secret.ts";
import { showChanges } from "./change.ts";
import type { Host } from "./host.ts";
import { INSTALLED } from "./installed.ts";
import { CONF, type InstallPlan, listWanted, type Refused } from "./plan.ts";
import { wrap } from "./report.ts";
import type { FileStep, Step } from "./steps.ts";
import type { Wishes } from "./wishes.ts";

/** What the steps are about. */
export interface Subject {
  readonly host: Host;
  readonly wishes: Wishes;
  readonly plan: InstallPlan | Refused;
  /** The folder of this wpam's own files. */
  readonly home: string;
}

/** Writes the whole installation as numbered steps. */
export function writeManual(subject: Subject): string {
  const { host, plan, wishes } = subject;
  const title = `wpam by hand on ${host.name}\n\n`;
  if (host.library === undefined && "reasons" in plan) {
    return `${title}${
      wrap(plan.reasons.join("\n"), "")
    }\nThere are no steps to take: wpam needs PAM.\n`;
  }
  const steps = "reasons" in plan
    ? describeInGeneral(subject)
    : [...plan.early, ...plan.steps].flatMap((step) => writeStep(step, subject));
  const all = [
    "Open a second terminal as root on this machine and keep it open until the end: it is the way back.",
    ...steps,
    ...writeCheck(host),
    "Log in from another machine. If that fails, undo the steps in the second terminal, the last one first.",
    ...writeCodes(wishes),
  ];
  const doubt = "reasons" in plan
    ? `wpam would not do this by itself:\n\n${
      plan.reasons.map((reason) => `  ${wrap(reason, "  ")}`).join("\n")
    }\n\n`
    : "";
  const numbered = all.map((text, at) => {
    const [, prose, rest] = /^([^\n]*)([^]*)$/.exec(text)!;
    return `${`${at + 1}.`.padEnd(4)}${wrap(prose!, "    ")}${indent(rest!, 4)}\n`;
  });
  return `${title}${doubt}${numbered.join("\n")}`;
}

/** Writes one step; what only wpam itself needs, or what the steps say otherwise, is none. */
function writeStep(step: Step, { host, home }: Subject): string[] {
  const tell = (command: string) => [`${step.title}:\n\n    ${command}`];
  switch (step.kind) {
    case "command":
    case "waste":
      return [];
    case "user":
      return tell(addUser(host, step.name));
    case "folder":
      return tell(`install -d -m ${octal(step.mode)} ${step.path}`);
    case "file": {
      const { path, before, after } = step;
      const mode = octal(step.mode);
      if (path === INSTALLED) return [];
      if (after?.includes("\0")) return tell(`install -m ${mode} ${home}/pam_wpam.so ${path}`);
      if (before === undefined && after === "") {
        const group = step.group ? `; chgrp ${step.group} ${path}` : "";
        return tell(`install -m ${mode} /dev/null ${path}${group}`);
      }
      return [writeFile(step)];
    }
  }
}

function writeFile(step: FileStep): string {
  const { path, before, mode, title } = step;
  // The first line is the title, which stands here already.
  const diff = showChanges([step]).trimEnd().split("\n").slice(1);
  const made = before === undefined;
  const lines = made
    ? diff.filter((line) => /^\+(?!\+\+ )/.test(line)).map((line) => line.slice(1))
    : diff;
  const how = made
    ? `write this into the new file ${path}, mode ${octal(mode)}`
    : `make this change in ${path}`;
  const key = diff.some((line) => line.includes(REDACTED))
    ? ", with the key in place of [REDACTED]"
    : "";
  return `${title}: ${how}${key}:\n\n${lines.map((line) => `    ${line}`).join("\n")}`;
}

/** Where there is no plan, the steps can only say what is needed. */
function describeInGeneral({ host, wishes, home }: Subject): string[] {
  const module = host.moduleFolder ?? "the folder where libpam finds pam_unix.so";
  const settings = listWanted(wishes.login).map(([keyword, value]) => `    ${keyword} ${value}`);
  return [
    `Add the user wpam, as which the login helper runs:\n\n    ${addUser(host, "wpam")}`,
    `Make the folder of the settings:\n\n    install -d -m 700 /etc/wpam`,
    `Write ${CONF}, mode 0600:\n\n` +
    "    server_url = api.werbot.com\n    service_id = ...\n    service_key = ...",
    `Add the PAM module:\n\n    install -m 644 ${home}/pam_wpam.so ${module}`,
    `Let sshd ask through PAM; in sshd_config, above every Match:\n\n${settings.join("\n")}`,
    ...wishes.services.map((service) =>
      `In the PAM file of ${service}, below the last line that asks for the password, and at the end of the ` +
      `account lines:\n\n    auth required pam_wpam.so\n    account required pam_wpam.so`
    ),
  ];
}

function writeCheck({ sshd, service }: Host): string[] {
  const options = sshd?.options.map((word) => ` ${word}`).join("") ?? "";
  return sshd
    ? [
      `Check, and only then let sshd read it:\n\n    ${sshd.path} -t${options}\n    ${service.hint}`,
    ]
    : [];
}

/** Whoever gets in while Werbot is down does so by another factor, or by one of these. */
function writeCodes({ values }: Wishes): string[] {
  const users = values.get("offline_users");
  if (users === undefined || users === "") return [];
  return [
    `Make offline codes, to be kept on paper, for each of ${users}:\n\n    wpam offline codes USER`,
  ];
}

/** The command differs by system; a user without shell, home and password is meant everywhere. */
function addUser({ system, ids }: Host, name: string): string {
  if (system === "freebsd") return `pw useradd ${name} -d /nonexistent -s /usr/sbin/nologin`;
  if (ids.includes("alpine")) return `adduser -S -D -H -h /nonexistent -s /sbin/nologin ${name}`;
  return `useradd --system --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin ${name}`;
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}

function indent(text: string, width: number): string {
  return text.replace(/\n(?=[^\n])/g, `\n${" ".repeat(width)}`);
}
