/**
 * The files of offline codes: how many a user has, new ones, and their end. docs/offline.md argues the order.
 *
 * It knows names of codes and no code. A View looks, the Operations of transaction.ts change. Called by offline.ts,
 * status.ts and the checks.
 */
import type { View } from "./host.ts";
import { OFFLINE } from "./our_lines.ts";
import { findOwner } from "./steps.ts";
import { findPlace, makeFolder } from "./swap.ts";
import { HOME, type Machine } from "./transaction.ts";

/** The codes that a user has left. */
export interface Codes {
  readonly user: string;
  /** SHA-256, in hexadecimal. */
  readonly names: readonly string[];
  /** When one was last spent; undefined when none was since they were made. */
  readonly lastUsed: Date | undefined;
}

const NAME = /^[0-9a-f]{64}$/;
/** Removing the old codes, after the new ones are there, takes less; in seconds. */
const MAKING = 2;

/** Finds the codes of one user in a folder of all. */
export function findCodes(view: View, folder: string, user: string): Codes {
  const own = `${folder}/${user}`;
  const names = view.list(own).filter((name) => NAME.test(name));
  const changed = view.status(own)?.mtime;
  const made = Math.max(...names.map((name) => view.status(`${own}/${name}`)?.mtime ?? 0));
  const used = changed !== undefined && changed - made > MAKING;
  return { user, names, lastUsed: used ? new Date(changed * 1000) : undefined };
}

/** Lists the users that have codes, or had some. */
export function listCodes(view: View, folder: string): Codes[] {
  return view.list(folder).filter((name) => view.status(`${folder}/${name}`)?.kind === "folder")
    .map((user) => findCodes(view, folder, user));
}

/**
 * Writes new codes to the disk, all or none. Throws a sentence when the module would not take them where they are, or
 * when they cannot be written.
 */
export function putCodes(
  machine: Machine,
  folder: string,
  user: string,
  names: readonly string[],
): void {
  const { view, ops } = machine;
  const owner = findOwner(view);
  const own = `${folder}/${user}`;
  for (const path of [...folder === OFFLINE ? [HOME] : [], folder, own]) {
    makeFolder(machine, { path, mode: 0o700 });
  }
  const { kind, mode = 0, uid } = view.status(own) ?? {};
  if (kind !== "folder" || uid !== owner.uid || (mode & 0o077) !== 0) {
    throw new Error(
      `${own} is no folder of root's alone, and the module takes no code from it: look at it, and remove it.`,
    );
  }
  try {
    for (const name of names) {
      const place = findPlace(view, `${own}/${name}`);
      ops.writeNew(place, new Uint8Array(), 0o600, owner.uid, owner.gid);
      ops.sync(place);
    }
    ops.sync(findPlace(view, own));
  } catch (error) {
    removeCodes(machine, folder, { user, names });
    throw error;
  }
}

/** Removes codes for good; one that a login spends meanwhile is gone, too. */
export function removeCodes(
  { view, ops }: Machine,
  folder: string,
  { user, names }: Pick<Codes, "user" | "names">,
): void {
  const own = `${folder}/${user}`;
  for (const name of names) {
    try {
      ops.remove(findPlace(view, `${own}/${name}`));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  ops.sync(findPlace(view, own));
}
