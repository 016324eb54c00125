/**
 * Which package managers are at work on a machine: they may write the very files that wpam edits.
 *
 * It reads locks and takes none. Called by transaction.ts.
 */
import type { View } from "./host.ts";

/** The files that package managers lock while they work. */
const LOCKS = [
  "/var/lib/dpkg/lock-frontend",
  "/var/lib/dpkg/lock",
  "/var/lib/rpm/.rpm.lock",
  "/usr/lib/sysimage/rpm/.rpm.lock",
  "/lib/apk/db/lock",
];
/** Its mere presence is the lock, so a crash can leave it. */
const PACMAN = "/var/lib/pacman/db.lck";

/** Lists, as sentences, who is installing packages at this moment. */
export function listBusyPackageManagers(view: View): string[] {
  const held = (view.read("/proc/locks") ?? "").split("\n").flatMap((line) => {
    const [, pid, inode] = / WRITE (-?\d+) [0-9a-f]+:[0-9a-f]+:(\d+) /.exec(line) ?? [];
    return pid === undefined ? [] : [{ pid, inode: Number(inode) }];
  });
  const locked = LOCKS.flatMap((path) => {
    const inode = view.status(path)?.inode;
    const holder = held.find((lock) => lock.inode === inode);
    if (holder === undefined) return [];
    const name = view.read(`/proc/${holder.pid}/comm`)?.trim() ?? "a process";
    return [`${name} (${holder.pid}) holds ${path}: wait until it has finished.`];
  });
  return view.status(PACMAN) === undefined ? locked : [
    ...locked,
    `${PACMAN} is there: wait until pacman has finished, or remove what it has left.`,
  ];
}
