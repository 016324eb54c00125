/**
 * The checks of people: who is shut out, who gets in with too little, and who gets in when Werbot is down.
 *
 * They look at the local users; those of a directory service are not listed.
 */
import { type Check, type Context, error, type Seen, Unchecked, warning } from "./check.ts";
import { getPlaces, getSettings } from "./checks_conf.ts";
import { askSshd, type View } from "./host.ts";
import { findCodes } from "./offline_codes.ts";
import { findOurLines } from "./our_lines.ts";
import { visit } from "./visitors.ts";

const MAX_NAMES = 3;
/** So few codes are left that new ones should be made. */
const LOW = 3;

export const USER_CHECKS: readonly Check[] = [
  {
    id: "offline-factor",
    title: "Nobody gets in without a factor while Werbot is down",
    needs: ["config-parses", "stack-proved", "sshd-effective"],
    root: true,
    run: checkOfflineFactor,
  },
  {
    id: "offline-users",
    title: "Every offline user can get in while Werbot is down",
    needs: ["config-parses", "sshd-config"],
    root: true,
    run: checkOfflineUsers,
  },
  {
    id: "key-logins",
    title: "Nobody with a public key is shut out",
    needs: ["config-parses", "sshd-config"],
    root: true,
    run: checkKeyLogins,
  },
  {
    id: "emergency-way",
    title: "There is a way in that does not need Werbot",
    needs: ["config-parses", "sshd-config"],
    root: true,
    run: checkEmergencyWay,
  },
];

interface User {
  readonly name: string;
  readonly uid: number;
  readonly home: string;
  readonly shell: string;
}

function listUsers(view: View): User[] {
  return (view.read("/etc/passwd") ?? "").split("\n").flatMap((line) => {
    const [name, , uid, , , home, shell] = line.split(":");
    return name && shell !== undefined ? [{ name, uid: Number(uid), home: home!, shell }] : [];
  });
}

/** Tells whether a user has a public key in the usual place. */
function hasKey(view: View, { home }: User): boolean {
  const text = view.read(`${home}/.ssh/authorized_keys`) ?? "";
  return /^[^#\n]*\b(?:ssh|ecdsa|sk)-\S+ AAAA/m.test(text);
}

function checkOfflineFactor(context: Context): Seen[] {
  const { offline_factor, offline_users } = getSettings(context);
  const asksFirst = context.services.every(({ login }) => login !== "werbot");
  if (offline_factor === "required" || offline_users.length === 0 || asksFirst) return [];
  return [error("offline_factor is none, and no other factor is asked for.", {
    where: getPlaces(context).conf,
    why: `Whoever blocks the network gets in as ${offline_users.join(", ")}.`,
    mend: "Take the line out: the default is to ask for another factor.",
    run: [`sed -i '/^[[:blank:]]*offline_factor[[:blank:]]*=/d' ${getPlaces(context).conf}`],
  })];
}

async function checkOfflineUsers(context: Context): Promise<Seen[]> {
  const { host } = context;
  const { view } = host;
  const { offline_users, offline_factor } = getSettings(context);
  const users = listUsers(view);
  const findings = await Promise.all(offline_users.map(async (name): Promise<Seen[]> => {
    const user = users.find((user) => user.name === name);
    const known = user ?? (await view.run(["getent", "passwd", name])).code === 0;
    const where = getPlaces(context).conf;
    if (known === false) {
      return [warning(`The offline user ${name} does not exist here.`, {
        where,
        why: "Somebody else could get that name one day.",
        mend: "Correct the name, or take it out of offline_users.",
      })];
    }
    const left = countCodes(context, name);
    if (left > 0) return left > LOW ? [] : [tellLow(name, left)];
    if (offline_factor === "none") return [];
    const effective = await askSshd(host, visit(host, name));
    if ("cause" in effective || typeof known === "boolean") return [];
    const methods = effective.get("authenticationmethods") ?? "any";
    const keyFirst = methods !== "any" &&
      methods.split(" ").every((list) => list.split(",").includes("publickey"));
    if (keyFirst && hasKey(view, known)) return [];
    const why = keyFirst ? "has no key" : "shows no other factor at a login";
    return [warning(`The offline user ${name} ${why}, and is refused while Werbot is down.`, {
      where,
      why: "offline_factor is required, and there are no offline codes for this user.",
      mend: keyFirst
        ? `Give ${name} a public key, or offline codes: wpam offline codes ${name}`
        : `Have sshd ask for a key too (wpam install --login key,werbot), or make offline codes: ` +
          `wpam offline codes ${name}`,
    })];
  }));
  return findings.flat();
}

function countCodes(context: Context, name: string): number {
  return findCodes(context.host.view, getPlaces(context).offline, name).names.length;
}

function tellLow(name: string, left: number): Seen {
  return warning(
    `The offline user ${name} has ${left} offline code${left === 1 ? "" : "s"} left.`,
    {
      why: "When they are used up, this user is refused while Werbot is down.",
      mend: `Make new ones, and hand them out on paper: wpam offline codes ${name}`,
    },
  );
}

async function checkKeyLogins(context: Context): Promise<Seen[]> {
  const { host } = context;
  if (getSettings(context).key_logins !== "check") return [];
  const users = listUsers(host.view).filter((user) => hasKey(host.view, user));
  const alone = await Promise.all(users.map(async ({ name }) => {
    const effective = await askSshd(host, visit(host, name));
    return "cause" in effective || (effective.get("authenticationmethods") ?? "any") === "any";
  }));
  const names = users.filter((_, at) => alone[at]).map(({ name }) => name);
  if (names.length === 0) return [];
  const more = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : "";
  const list = names.slice(0, MAX_NAMES).join(", ") + more;
  return [warning(`Key logins of ${list} are checked with Werbot under these names.`, {
    where: getPlaces(context).conf,
    why: "Whoever has no such Werbot ID is shut out: root, Ansible, rsync.",
    mend: "Make sure that Werbot knows them, or leave key logins to sshd.",
    run: ["wpam install --key-logins leave"],
  })];
}

async function checkEmergencyWay(context: Context): Promise<Seen[]> {
  const { host, pam } = context;
  const { view } = host;
  const shadow = view.read("/etc/shadow");
  if (shadow === undefined) throw new Unchecked("there is no /etc/shadow");
  const users = listUsers(view);
  const guarded = findOurLines(pam, ["login"]).some(({ type }) => type === "auth");
  const hasPassword = (name: string) =>
    new RegExp(`^${name}:[$.\\w][^:]*:`, "m").test(shadow) && !guarded;
  const admins = new Set(["root", ...listAdmins(view)]);
  const trusted = users.filter(({ name, uid }) => uid === 0 || admins.has(name));
  if (trusted.some(({ name }) => hasPassword(name))) return [];
  const { key_logins, offline_users } = getSettings(context);
  const hasCode = (name: string) => offline_users.includes(name) && countCodes(context, name) > 0;
  if (trusted.some(({ name }) => hasCode(name))) return [];
  const leave = key_logins === "leave";
  const byKey = await Promise.all(
    trusted.filter((user) => leave && hasKey(view, user)).map(async ({ name }) => {
      const effective = await askSshd(host, visit(host, name));
      return "get" in effective && (effective.get("authenticationmethods") ?? "any") === "any" &&
        (name !== "root" || effective.get("permitrootlogin") !== "no");
    }),
  );
  if (byKey.includes(true)) return [];
  return [warning("No administrator can get in while Werbot cannot be reached.", {
    why: "None has a password for the console, a key that sshd accepts alone, or an offline code.",
    mend: "Give root a password for the console (passwd root), or a key with key_logins=leave.",
  })];
}

const ADMINS = ["sudo", "wheel", "admin"];

function listAdmins(view: View): string[] {
  return (view.read("/etc/group") ?? "").split("\n").flatMap((line) => {
    const [name, , , members] = line.split(":");
    return name && ADMINS.includes(name) && members ? members.split(",") : [];
  });
}
