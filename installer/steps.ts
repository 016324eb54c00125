/**
 * Steps: what is to be changed on a machine, as rows that can be shown, compared and kept in the journal.
 *
 * Values only: it changes nothing, and looks only through a View. Made by the subcommands, carried out and
 * taken back by transaction.ts.
 */
import { createTwoFilesPatch, FILE_HEADERS_ONLY } from "diff";
import type { View } from "./host.ts";
import { REDACTED } from "../src/secret.ts";

export type Step = FileStep | FolderStep | UserStep | WasteStep | CommandStep;

/** A whole file before and after, as Latin-1 text; undefined where there is none. */
export interface FileStep {
  readonly kind: "file";
  /** Absolute, and no symbolic link. */
  readonly path: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
  /** Of a new file. One that is there keeps its own, and its owner, ACL and label, unless it is secret. */
  readonly mode: number;
  /** Of a new file, where there is such a group; the owner is root. */
  readonly group?: string;
  readonly title: string;
  /** Always written anew as root's with `mode`, whatever the old file looked like. */
  readonly secret?: boolean;
}

/** A folder that shall be there, or not; it is removed only when empty, and after everything else. */
export interface FolderStep {
  readonly kind: "folder";
  readonly path: string;
  readonly mode: number;
  readonly group?: string;
  readonly title: string;
  readonly remove?: boolean;
}

/** A system user without shell, home and password that shall be there, or not; removed after everything else. */
export interface UserStep {
  readonly kind: "user";
  readonly name: string;
  readonly title: string;
  readonly remove?: boolean;
}

/** A file that goes for good, after everything else, and unread: a log may be long. */
export interface WasteStep {
  readonly kind: "waste";
  readonly path: string;
  readonly title: string;
  readonly remove: true;
}

/**
 * Commands that test or load what the files before them say. They run again, in the same order up to the first
 * that fails, when the files have been taken back. `kill -HUP PID` is for a listener of sshd, and needs no
 * program.
 */
export interface CommandStep {
  readonly kind: "command";
  readonly run: readonly (readonly string[])[];
  readonly title: string;
}

/** Tells whether a step would change nothing; a command alone never says so. */
export function isDone(step: Step, view: View): boolean {
  switch (step.kind) {
    case "file": {
      if (view.read(step.path) !== step.after) return false;
      const status = view.status(step.path);
      return !step.secret || !status ||
        (status.mode === step.mode && status.uid === findOwner(view).uid);
    }
    case "folder":
      return (view.status(step.path) !== undefined) !== (step.remove ?? false);
    case "user":
      return hasUser(view, step.name) !== (step.remove ?? false);
    case "waste":
      return view.status(step.path) === undefined;
    case "command":
      return false;
  }
}

/** Leaves out what is done, and the commands that no change is left for. */
export function selectOpen(steps: readonly Step[], view: View): Step[] {
  const open = steps.filter((step) => !isDone(step, view));
  const first = open.findIndex(({ kind }) => kind === "file");
  return open.filter(({ kind }, at) => kind !== "command" || (first >= 0 && at > first));
}

/** Tells whether a user is in /etc/passwd, the one place where a system user may stand. */
export function hasUser(view: View, name: string): boolean {
  return (view.read("/etc/passwd") ?? "").split("\n").some((line) => line.startsWith(`${name}:`));
}

/** Shows steps for people: a title each, and files as unified diffs without their secrets. */
export function describe(steps: readonly Step[]): string {
  return steps.map((step) => `# ${step.title}\n${showStep(step)}`).join("\n");
}

function showStep(step: Step): string {
  const sign = "remove" in step && step.remove ? "-" : "+";
  switch (step.kind) {
    case "file":
      return showFile(step);
    case "folder":
      return `${sign} folder ${step.path} (${step.mode.toString(8).padStart(4, "0")})\n`;
    case "waste":
      return `${sign} ${step.path}\n`;
    case "user":
      return `${sign} user ${step.name}\n`;
    case "command":
      return step.run.map((words) => `$ ${words.join(" ")}\n`).join("");
  }
}

function showFile({ path, before, after, mode }: FileStep): string {
  const [from, to] = [before, after].map((text) => text === undefined ? "/dev/null" : path);
  if (`${before}${after}`.includes("\0")) {
    const size = (text: string | undefined) => text === undefined ? "none" : `${text.length} bytes`;
    return `--- ${from} (${size(before)})\n+++ ${to} (${size(after)})\n`;
  }
  const head = before === undefined ? ` (new, ${mode.toString(8).padStart(4, "0")})` : "";
  const options = { headerOptions: FILE_HEADERS_ONLY };
  const texts = [before ?? "", after ?? ""] as const;
  const patch = createTwoFilesPatch(from!, to + head, ...texts, "", "", options);
  return patch.split("\n").map(redact).join("\n");
}

const SECRET = "service_key|http_proxy|[a-z_]*(?:token|secret|passwo?r?d|passphrase)";
const SETTING = new RegExp(`^([-+ ]?[ \\t#]*(?:${SECRET})[ \\t]*=[ \\t]*)[^ \\t].*$`, "i");
const ARGUMENT = new RegExp(
  `(\\[(?:${SECRET})=)[^\\]]*|(?<![\\w[])((?:${SECRET})=)(?:\\[[^\\]]*\\]?|[^ \\t]+)`,
  "gi",
);

/** Hides values: of a setting to the end of its line, of a PAM argument to the end of the word or bracket. */
function redact(line: string): string {
  return line.replace(SETTING, `$1${REDACTED}`)
    .replace(ARGUMENT, (_, bracket, word) => (bracket ?? word) + REDACTED);
}

/** Finds who owns what a transaction makes: root, but in an image that somebody else works on. */
export function findOwner(view: View): { readonly uid: number; readonly gid: number } {
  return !view.live && view.status("/etc") || { uid: 0, gid: 0 };
}
