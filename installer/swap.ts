/**
 * One file in the place of another, and back: how a transaction writes, so that a file is always the old or the
 * new one whole, whatever happens between two calls.
 *
 * The new text is written beside the live file, as .NAME.wpam-new, and renamed over it; until the change is over
 * .NAME.wpam-old is a second name of the old inode. Nothing is written in place, no link is followed, and what is
 * renamed is synced before, its folder after. Called by transaction.ts, timer.ts, users.ts and the files of offline codes.
 */
import { toBytes, type View } from "./host.ts";
import type { Attributes } from "./journal.ts";
import { removeModule } from "./pam_file.ts";
import { readSshdConfig } from "./sshd_config.ts";
import { removeFromSshdConfig } from "./sshd_edit.ts";
import { type FileStep, findOwner, type FolderStep } from "./steps.ts";
import type { Machine } from "./transaction.ts";

/** What taking a file back came to; for "left", why. */
export type TakenBack = "untouched" | "restored" | "merged" | { readonly left: string };

const nameDraft = (path: string) => path.replace(/([^/]+)$/, ".$1.wpam-new");
const nameOld = (path: string) => path.replace(/([^/]+)$/, ".$1.wpam-old");

/** Cuts the last part off a path. */
export function getFolder(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

/** Looks whether a file could be replaced, and given back. Throws a sentence when it could not. */
export function checkFile({ view }: Machine, step: FileStep): void {
  const { path } = step;
  const { kind, links } = view.status(path) ?? { kind: "file", links: 1 };
  if (kind !== "file") {
    throw new Error(`${path} is no plain file: move it away, or make the change by hand.`);
  }
  if (links > 1) {
    throw new Error(
      `${path} has several names (hard links), and a new file would part them: change it by hand.`,
    );
  }
  const copy = [nameDraft(path), nameOld(path)].find((copy) => view.status(copy));
  if (copy !== undefined) {
    throw new Error(
      `${copy} is left from an earlier change: compare it with ${path}, then remove it.`,
    );
  }
  compare(view, step);
}

function compare(view: View, { path, before }: FileStep): void {
  if (view.read(path) === before) return;
  throw new Error(
    `${path} was changed by somebody else meanwhile: look at it, and run this again.`,
  );
}

/** Prepares a swap; the live file is only given a second name. */
export function stage(machine: Machine, step: FileStep): void {
  const { path, before, after, mode, group, secret } = step;
  if (after !== undefined) {
    const attributes = before === undefined || secret
      ? { mode, ...findIds(machine.view, group) }
      : undefined;
    draft(machine, path, after, attributes);
  }
  if (before !== undefined) {
    machine.ops.link(findPlace(machine.view, path), findPlace(machine.view, nameOld(path)));
  }
  syncFolder(machine, path);
}

/** Puts the new file in its place. Throws a sentence when the live one has changed since the plan. */
export function swap(machine: Machine, step: FileStep): void {
  const { path, before, after } = step;
  compare(machine.view, step);
  if (after !== undefined) rename(machine, nameDraft(path), path);
  else if (before !== undefined) machine.ops.remove(findPlace(machine.view, path));
  syncFolder(machine, path);
}

/**
 * Takes a swap back, at whatever point it was cut off. A file that others have changed since loses our lines only;
 * where these cannot be told from theirs, it is left.
 */
export function takeBack(
  machine: Machine,
  step: FileStep,
  attributes: Attributes | undefined,
): TakenBack {
  const { path, before, after } = step;
  const { view } = machine;
  const status = view.status(path);
  if (status && status.kind !== "file") {
    removeCopies(machine, path);
    return { left: "is no plain file any more" };
  }
  const now = view.read(path);
  const ours = now === after || now === before || now === undefined;
  const wanted = ours ? before : takeLinesOut(path, now, before);
  if (!ours && wanted === now) {
    removeCopies(machine, path);
    return { left: "was changed by somebody else, and is left as it is" };
  }
  if (wanted === undefined) {
    remove(machine, path);
  } else if (wanted === before && isCopy(view, nameOld(path), before)) {
    // No byte has to be written for it, and everything that hangs on the inode comes back.
    rename(machine, nameOld(path), path);
  } else if (wanted !== now) {
    remove(machine, nameDraft(path));
    const others = attributes ?? { mode: step.mode, ...findIds(view) };
    draft(machine, path, wanted, now === undefined || step.secret ? others : undefined);
    rename(machine, nameDraft(path), path);
  }
  if (view.resolve(getFolder(path))) syncFolder(machine, path);
  if (view.read(path) !== wanted) {
    throw new Error(`${path} is not as it was before: restore it by hand.`);
  }
  removeCopies(machine, path);
  return now === wanted ? "untouched" : wanted === before ? "restored" : "merged";
}

/** Tells whether a text is a PAM file that runs our module, which needs what other steps install. */
export function runsUs(text: string | undefined): boolean {
  return /^[^#\n]*\bpam_wpam\b/m.test(text ?? "");
}

/** Tells whether a PAM file that was to be taken back still runs our module: without it nobody would get in. */
export function isNeedy({ view }: Machine, step: FileStep): boolean {
  const { kind } = view.status(step.path) ?? {};
  return (kind === "file" || kind === "link") && runsUs(step.after) &&
    runsUs(view.read(step.path)) && !runsUs(step.before);
}

/** Removes what stands beside a file for the time of a change. */
export function removeCopies(machine: Machine, path: string): void {
  const found = [nameDraft(path), nameOld(path)].filter((copy) => remove(machine, copy));
  if (found.length > 0) syncFolder(machine, path);
}

/** Writes a file of our own, whatever was there. */
export function writeOwn(machine: Machine, path: string, text: string, mode: number): void {
  remove(machine, nameDraft(path));
  draft(machine, path, text, { mode, ...findIds(machine.view) });
  rename(machine, nameDraft(path), path);
  syncFolder(machine, path);
}

/** Removes a file, a link or a draft of our own if it is there, and says whether it was. */
export function remove(machine: Machine, path: string): boolean {
  if (!machine.view.status(path)) return false;
  machine.ops.remove(findPlace(machine.view, path));
  return true;
}

/** Makes a folder if it is not there. */
export function makeFolder(
  machine: Machine,
  { path, mode, group }: Pick<FolderStep, "path" | "mode" | "group">,
): void {
  if (machine.view.status(path)) return;
  const { uid, gid } = findIds(machine.view, group);
  machine.ops.makeFolder(findPlace(machine.view, path), mode, uid, gid);
  syncFolder(machine, path);
}

/** Removes a folder if it is there and empty; says whether it is gone. */
export function removeFolder(machine: Machine, path: string): boolean {
  if (machine.view.status(path)?.kind !== "folder") return true;
  if (machine.view.list(path).length > 0) return false;
  machine.ops.removeFolder(findPlace(machine.view, path));
  syncFolder(machine, path);
  return true;
}

/** Waits until the names in the folder of a path are on the disk. */
export function syncFolder({ view, ops }: Machine, path: string): void {
  ops.sync(getFolder(findPlace(view, path)));
}

/** Finds where a path really is. Throws a sentence when others than root could put something in our way there. */
export function findPlace(view: View, path: string): string {
  const folder = view.resolve(getFolder(path));
  if (folder === undefined) {
    throw new Error(`There is no folder ${getFolder(path)}: make it first.`);
  }
  checkFolder(view, folder);
  return `${view.root}${folder === "/" ? "" : folder}${path.slice(path.lastIndexOf("/"))}`;
}

/** Throws a sentence when a folder, or one that it is in, can be written to by others than its owner and group. */
export function checkFolder(view: View, folder: string): void {
  const { uid } = findOwner(view);
  for (let path = folder;; path = getFolder(path)) {
    const status = view.status(path);
    if (status && (![0, uid].includes(status.uid) || (status.mode & 0o1002) === 0o002)) {
      throw new Error(`${path} is not root's alone: chown it to root, and chmod o-w.`);
    }
    if (path === "/") return;
  }
}

/** Writes a text beside a file; without attributes, with those of the file. */
function draft(
  machine: Machine,
  path: string,
  text: string,
  attributes: Attributes | undefined,
): void {
  const { view, ops } = machine;
  const place = findPlace(view, nameDraft(path));
  const { mode, uid, gid } = attributes ?? { mode: 0o600, ...findIds(view) };
  ops.writeNew(place, toBytes(attributes ? text : ""), mode, uid, gid);
  if (attributes === undefined) {
    ops.copyAttributes(findPlace(view, path), place);
    ops.overwrite(place, toBytes(text));
  }
  ops.sync(place);
}

function rename({ view, ops }: Machine, from: string, to: string): void {
  ops.rename(findPlace(view, from), findPlace(view, to));
}

function isCopy(view: View, path: string, text: string | undefined): boolean {
  return view.status(path)?.kind === "file" && view.read(path) === text;
}

/** Takes our lines out of a text that others have changed; it stays the same when they cannot be told. */
function takeLinesOut(path: string, text: string, before: string | undefined): string | undefined {
  const pam = removeModule(text);
  let rest = "text" in pam ? pam.text : text;
  if ("refusal" in pam) {
    const source = { read: (name: string) => name === path ? text : undefined, glob: () => [] };
    const sshd = removeFromSshdConfig(readSshdConfig(source, path, [10, 0]), [path]);
    if ("edits" in sshd) rest = sshd.edits[0]?.after ?? "";
  }
  return rest === "" && before === undefined ? undefined : rest;
}

function findIds(view: View, group?: string): { readonly uid: number; readonly gid: number } {
  const { uid, gid } = findOwner(view);
  const line = new RegExp(`^${group}:[^:]*:(\\d+):`, "m").exec(view.read("/etc/group") ?? "");
  return { uid, gid: group && line && uid === 0 ? Number(line[1]) : gid };
}
