/**
 * The users whose logins stand for all: whom sshd is asked about, and who tries a login.
 *
 * It only looks, at the local users: one of a directory service may be away just now. Called by prove.ts.
 */
import type { Effective } from "./effective.ts";
import type { Host, View, Visitor } from "./host.ts";

/** A line of /etc/passwd. */
interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: string;
  readonly shell: string;
}

const NO_SHELL = /\/(nologin|false|sync|shutdown|halt)$/;
const FIRST_UID = 1000;
const LAST_UID = 60_000;

/** Lists who to ask sshd about: the operator, somebody without any rights, root. */
export function listVisitors(host: Host): Visitor[] {
  const known = readUsers(host.view).some(({ name }) => name === host.operator.name);
  const names = [...known ? [host.operator.name] : [], listPlain(host.view)[0]?.name, "root"];
  return [...new Set(names)].filter((name) => name !== undefined).map((name) => visit(host, name));
}

/** Describes a local login of a user, as `sshd -T -C` wants it. */
export function visit({ sshd }: Host, user: string): Visitor {
  const port = sshd?.listeners[0]?.addresses[0]?.[1] ?? 22;
  return { user, host: "localhost", addr: "127.0.0.1", laddr: "127.0.0.1", lport: port };
}

/** Tells whether a user is known on this machine itself. */
export function isLocal(view: View, name: string): boolean {
  return readUsers(view).some((user) => user.name === name);
}

/**
 * Chooses who tries to log in: the operator, else the first ordinary user whom sshd's lists do not bar, else
 * root.
 */
export function chooseTester(host: Host, effective: Effective): string {
  const users = readUsers(host.view);
  const operator = users.filter(({ name, uid }) => name === host.operator.name && uid !== 0);
  const candidates = [...operator, ...listPlain(host.view)];
  return candidates.find((user) => isListed(host.view, user, effective))?.name ?? "root";
}

function readUsers(view: View): User[] {
  return (view.read("/etc/passwd") ?? "").split("\n").flatMap((line) => {
    const [name, , uid, gid, , , shell] = line.split(":");
    return name && gid !== undefined ? [{ name, uid: Number(uid), gid, shell: shell ?? "" }] : [];
  });
}

function listPlain(view: View): User[] {
  return readUsers(view).filter(({ uid, shell }) =>
    uid >= FIRST_UID && uid < LAST_UID && !NO_SHELL.test(shell)
  );
}

/** Looks at AllowUsers and its like; what they say of hosts is not looked at. */
function isListed(view: View, user: User, effective: Effective): boolean {
  const groups = (view.read("/etc/group") ?? "").split("\n").flatMap((line) => {
    const [name, , gid, members] = line.split(":");
    return name && (gid === user.gid || members?.split(",").includes(user.name)) ? [name] : [];
  });
  const matches = (keyword: string, names: readonly string[]) =>
    effective.get(keyword)?.split(/\s+/).some((pattern) =>
      names.some((name) => compile(pattern.replace(/@.*/, "")).test(name))
    );
  return !matches("denyusers", [user.name]) && matches("allowusers", [user.name]) !== false &&
    !matches("denygroups", groups) && matches("allowgroups", groups) !== false;
}

function compile(pattern: string): RegExp {
  const source = pattern.replace(/[\\.+^${}()|[\]]/g, "\\$&").replaceAll("*", ".*").replaceAll(
    "?",
    ".",
  );
  return new RegExp(`^${source}$`);
}
