/**
 * Which package managers are at work on a machine: they may write the very files that wpam edits.
 *
 * It reads locks and takes none. Called by transaction.ts.
 */
import type { View } from "./host.ts";
import { parseStat } from "./processes.ts";

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

/** Lists the processes above us. */
function listAncestors(view: View): string[] {
  const pids: string[] = [];
  for (let pid = "self"; pid !== "0"; pids.push(pid)) {
    pid = `${parseStat(view.read(`/proc/${pid}/stat`) ?? "")?.parent ?? 0}`;
  }
  return pids;
}

/**
 * Lists, as sentences, who is installing packages at this moment. One that has started us waits for us itself: wpam
 * leaves the logins before its package goes.
 */
export function listBusyPackageManagers(view: View): string[] {
  const held = (view.read("/proc/locks") ?? "").split("\n").flatMap((line) => {
    const [, pid, inode] = / WRITE (-?\d+) [0-9a-f]+:[0-9a-f]+:(\d+) /.exec(line) ?? [];
    return pid === undefined ? [] : [{ pid, inode: Number(inode) }];
  });
  const above = listAncestors(view);
  const locked = LOCKS.flatMap((path) => {
    const inode = view.status(path)?.inode;
    const holder = held.find((lock) => lock.inode === inode);
    if (holder === undefined || above.includes(holder.pid!)) return [];
    const name = view.read(`/proc/${holder.pid}/comm`)?.trim() ?? "a process";
    return [`${name} (${holder.pid}) holds ${path}: wait until it has finished.`];
  });
  return view.status(PACMAN) === undefined ? locked : [
    ...locked,
    `${PACMAN} is there: wait until pacman has finished, or remove what it has left.`,
  ];
}
