/**
 * The system user of the login helper: adding and removing it with the tools that a system has.
 *
 * A user that is there already is used as it is. Called by transaction.ts.
 */
import { complain } from "./commands.ts";
import type { View } from "./host.ts";
import { hasUser } from "./steps.ts";
import type { Machine } from "./transaction.ts";

/** Commands that have to run one after the other. */
type Way = readonly (readonly string[])[];

/** Adds a user without shell, home and password. Throws a sentence when no tool of this system does. */
export async function addUser(machine: Machine, name: string): Promise<void> {
  const { view } = machine;
  const shells = ["/usr/sbin/nologin", "/sbin/nologin"];
  const shell = shells.find((path) => view.resolve(path)) ?? "/bin/false";
  const group = hasGroup(view, name);
  const home = "/nonexistent";
  const [inside, prefix] = enter(machine);
  await tryAll(machine, () => hasUser(view, name), `The user ${name} cannot be added`, [
    [[
      ...["useradd", ...prefix, "--system", "--no-create-home", "--home-dir", home],
      ...["--shell", shell, ...group ? ["--gid", name] : ["--user-group"], name],
    ]],
    [
      ...group ? [] : [[...inside, "addgroup", "-S", name]],
      [...inside, "adduser", "-S", "-D", "-H", "-h", home, "-s", shell, "-G", name, name],
    ],
    [[...inside, "pw", "useradd", name, "-d", home, "-s", shell, "-w", "no"]],
  ]);
}

/** Removes a user if it is there, and its group. Throws a sentence when no tool of this system does. */
export async function removeUser(machine: Machine, name: string): Promise<void> {
  const { view } = machine;
  const [inside, prefix] = enter(machine);
  await tryAll(machine, () => !hasUser(view, name), `The user ${name} cannot be removed`, [
    [["userdel", ...prefix, name]],
    [[...inside, "deluser", name]],
    [[...inside, "pw", "userdel", name]],
  ]);
  // On some systems userdel leaves it. One with members is somebody's.
  await tryAll(machine, () => !hasGroup(view, name, ":$"), `The group ${name} cannot be removed`, [
    [["groupdel", ...prefix, name]],
    [[...inside, "delgroup", name]],
    [[...inside, "pw", "groupdel", name]],
  ]);
}

function hasGroup(view: View, name: string, end = ""): boolean {
  return new RegExp(`^${name}:.*${end}`, "m").test(view.read("/etc/group") ?? "");
}

/** How to reach an image: from inside, or by the option that only useradd and userdel have. */
function enter({ view }: Machine): [inside: string[], prefix: string[]] {
  return view.live ? [[], []] : [["chroot", view.root], ["--prefix", view.root]];
}

async function tryAll(
  machine: Machine,
  holds: () => boolean,
  failure: string,
  ways: readonly Way[],
): Promise<void> {
  const complaints: string[] = [];
  for (const way of ways) {
    if (holds()) return;
    for (const argv of way) {
      const complaint = await complain(machine, argv);
      if (complaint !== undefined) complaints.push(complaint);
    }
  }
  if (holds()) return;
  throw new Error(`${failure} (${complaints[0]}): do it by hand, then run this again.`);
}
