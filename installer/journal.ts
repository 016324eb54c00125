/**
 * The journal of a change, from which it can be taken back without the installer that began it.
 *
 * It reads, and writes nothing: that is transaction.ts, which also tells what the states mean. What is cut off,
 * altered, of another version, or open to others than root is never used in part. Called by transaction.ts, and
 * by whoever wants to know of a change without the lock.
 */
import { createHash } from "node:crypto";
import { uptime, type View } from "./host.ts";
import { type FileStep, findOwner, type Step } from "./steps.ts";

/** How far a change is. */
export type State = "staging" | "applying" | "applied" | "kept";

/** What calls `wpam rollback` when nobody confirms. */
export interface Armed {
  readonly how: "systemd" | "at" | "detached";
  /** Whether it also happens when the machine is started anew. */
  readonly outlivesBoot: boolean;
  /** The number of the job, for "at". */
  readonly job?: string;
}

/** What a file or folder was before. */
export interface Attributes {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** A step and what it found. */
export interface Entry {
  readonly step: Step;
  /** Whether the file, folder or user was there before. */
  readonly existed: boolean;
  readonly attributes?: Attributes;
  /** Whether the apply() that it belongs to has come to its end. */
  readonly done: boolean;
}

/** All that is known of a change. */
export interface Journal {
  readonly id: string;
  /** The wpam that writes it. */
  readonly version: string;
  readonly state: State;
  /** When it began, for people. */
  readonly when: string;
  /** The boot in which it began; empty where the system has no name for it. */
  readonly boot: string;
  /** Seconds since boot when it reached its state. */
  readonly uptime: number;
  /** Seconds since boot at which it is taken back; undefined when it is not armed. */
  readonly deadline?: number;
  readonly armed?: Armed;
  readonly entries: readonly Entry[];
  /** What the caller wants to know when it is taken back. */
  readonly remembered?: string | undefined;
}

/** A change that is not over. */
export interface Pending {
  readonly id: string;
  /** The wpam that began it, and when. */
  readonly version: string;
  readonly when: string;
  /** Cut off before it was complete; complete, but not confirmed; or kept, but for the cleaning up. */
  readonly state: "unfinished" | "waiting" | "kept";
  /** Whether the machine has been started anew since. */
  readonly rebooted: boolean;
  readonly armed: Armed | undefined;
  /** Seconds until it is taken back, 0 when that is due; undefined when no alarm is set. */
  readonly secondsLeft: number | undefined;
  /** The files that it changes. */
  readonly paths: readonly string[];
  readonly remembered: string | undefined;
}

/** Where wpam keeps what must not be lost; it is made here and, once empty, removed. */
export const HOME = "/var/lib/wpam";
/** Where the journal is. */
export const FOLDER = `${HOME}/journal`;
export const JOURNAL = `${FOLDER}/change.json`;
const SCHEMA = 1;
const STATES: readonly State[] = ["staging", "applying", "applied", "kept"];
const PATH = /^(?:\/(?!\.{1,2}(?:\/|$))[^/\0]+)+$/;
const ID = /^[0-9a-f]{8}$/;
const NAME = /^[a-z_][a-z0-9_-]{0,30}$/;

/** Looks for a change that is not over, without the lock. Throws a sentence when the journal cannot be used. */
export function readPending(view: View): Pending | undefined {
  const journal = loadJournal(view);
  if (journal === undefined) return undefined;
  const { id, version, when, state, armed, deadline, entries, remembered } = journal;
  const rebooted = isRebooted(journal, view);
  return {
    id,
    version,
    when,
    state: state === "kept" ? "kept" : state === "applied" ? "waiting" : "unfinished",
    rebooted,
    armed,
    secondsLeft: deadline && (rebooted ? 0 : Math.max(0, deadline - uptime())),
    paths: entries.filter(isFile).map(({ step }) => step.path),
    remembered,
  };
}

/** Reads the journal of a machine, if nobody but root can have written it. Throws a sentence when it cannot be used. */
export function loadJournal(view: View): Journal | undefined {
  const status = view.status(JOURNAL);
  if (status === undefined) return undefined;
  const own = status.kind === "file" && status.uid === findOwner(view).uid &&
    (status.mode & 0o077) === 0;
  const journal = own
    ? readJournal(view.read(JOURNAL) ?? "")
    : { fault: "is open to others than root" };
  if (!("fault" in journal)) return journal;
  throw new Error(
    `${view.root}${JOURNAL} ${journal.fault}, so wpam changes nothing: look for files .NAME.wpam-old beside those ` +
      "of /etc/pam.d and /etc/ssh, which are as before the change, move them back, and remove the journal.",
  );
}

/** Returns the name of this boot; empty where boots have none. */
export function readBoot(view: View): string {
  return view.read("/proc/sys/kernel/random/boot_id")?.trim() ?? "";
}

/** Tells whether the machine has been started anew; where boots have no name, by a clock that went back. */
export function isRebooted({ boot, uptime: then }: Journal, view: View): boolean {
  return view.live && (boot !== readBoot(view) || (boot === "" && uptime() < then));
}

/** Tells whether an entry is about a file. */
export function isFile(entry: Entry): entry is Entry & { readonly step: FileStep } {
  return entry.step.kind === "file";
}

/** Writes a journal as ASCII, with a checksum over all of it. */
export function writeJournal(journal: Journal): string {
  const change = JSON.stringify(
    journal,
    (key, value) =>
      (key === "before" || key === "after") && value !== undefined ? btoa(value) : value,
  );
  const ascii = change.replace(
    /[\x7f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `{"schema":${SCHEMA},"sha256":"${digest(change)}","change":${ascii}}\n`;
}

/** Reads a journal; `fault` is the rest of a sentence that begins with its path. */
export function readJournal(text: string): Journal | { readonly fault: string } {
  try {
    const { schema, sha256, change } = JSON.parse(text);
    if (schema !== SCHEMA) {
      return { fault: `is of another version of wpam (format ${schema}, not ${SCHEMA})` };
    }
    if (digest(JSON.stringify(change)) !== sha256) return { fault: "was altered or is damaged" };
    return isJournal(change) ? decode(change) : { fault: "does not say what wpam has to know" };
  } catch {
    return { fault: "is cut off or damaged" };
  }
}

function decode(journal: Journal): Journal {
  const entries = journal.entries.map((entry) => {
    if (entry.step.kind !== "file") return entry;
    const [before, after] = [entry.step.before, entry.step.after]
      .map((text) => text === undefined ? undefined : atob(text));
    return { ...entry, step: { ...entry.step, before, after } };
  });
  return { ...journal, entries };
}

/** The checksum already tells that it was wpam that wrote it; this is for an image, which may come from anywhere. */
function isJournal(change: Journal): boolean {
  return ID.test(change.id) && STATES.includes(change.state) &&
    typeof change.version === "string" && typeof change.when === "string" &&
    typeof change.boot === "string" && Number.isFinite(change.uptime) &&
    Number.isFinite(change.deadline ?? 0) &&
    change.entries.every(({ step, attributes }) => isStep(step) && isAttributes(attributes));
}

function isStep(step: Step): boolean {
  switch (step.kind) {
    case "file":
    case "folder":
      return PATH.test(step.path) && Number.isInteger(step.mode);
    case "waste":
      return PATH.test(step.path);
    case "user":
      return NAME.test(step.name);
    case "command":
      return step.run.every((words) =>
        words.length > 0 && words.every((word) => typeof word === "string")
      );
  }
}

function isAttributes(attributes: Attributes | undefined): boolean {
  const { mode = 0, uid = 0, gid = 0 } = attributes ?? {};
  return [mode, uid, gid].every(Number.isInteger);
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
