/**
 * `wpam offline`: makes the offline codes of a user, tells who has how many left, and ends them.
 *
 * A code is shown once, when its file is on the disk, and kept nowhere. install.ts has it make codes, too.
 */
import { readSettings } from "../src/config.ts";
import { formatCode, makeCode, nameCode } from "../src/offline.ts";
import { EXIT, requireConsent, requireRoot } from "./change.ts";
import type { CodesOptions, PlainOptions, RevokeOptions } from "./command.ts";
import { type Host, openView, probeHost, toBytes, type View } from "./host.ts";
import { type Codes, findCodes, listCodes, putCodes, removeCodes } from "./offline_codes.ts";
import { findOurLines, findPlaces } from "./our_lines.ts";
import { type Report, Stop } from "./report.ts";
import { readPam } from "./sources.ts";
import { removeFolder } from "./swap.ts";
import { type Machine, operations, Transaction } from "./transaction.ts";
import type { World } from "./world.ts";

/** How many codes `wpam install` makes. */
const COUNT = 10;

/** Where codes are on this machine, and who is asked for one. */
interface Store {
  readonly folder: string;
  /** Undefined where the settings are not understood. */
  readonly listed: readonly string[] | undefined;
}

function findStore(host: Host): Store {
  const { view } = host;
  const words = findOurLines(readPam(host), ["sshd"])[0]?.arguments ?? [];
  const { conf, offline } = findPlaces(words);
  const text = view.read(conf);
  const settings = readSettings(text === undefined ? undefined : toBytes(text), words.map(toBytes));
  return { folder: offline, listed: "mistakes" in settings ? undefined : settings.offline_users };
}

/** `wpam offline codes`: makes codes in the place of those that a user has. Returns the exit code. */
export async function offlineCodes(options: CodesOptions, world: World): Promise<number> {
  const { report, uid } = world;
  const command = `wpam offline codes ${options.user}`;
  const view = openView();
  requireRoot(view, uid, command);
  const { folder, listed } = findStore(await probeHost(view));
  const user = await findUser(view, options.user);
  if (user === undefined) throw new Stop(EXIT.usage, `There is no user ${options.user} here.`);
  const old = findCodes(view, folder, user);
  if (old.names.length > 0) {
    report.say(`${user} has ${tellCount(old)}. New ones take their place.`);
    await requireConsent(world, options, command);
  }
  const codes = await locked(
    view,
    (machine) => makeCodes(machine, folder, old, options.count, report),
  );
  tellUnlisted(report, [user], listed);
  const facts = {
    user,
    codes,
    replaced: old.names.length,
    listed: listed?.includes(user) ?? false,
  };
  return report.finish("offline codes", EXIT.done, { result: "made", ...facts });
}

/** Makes codes and shows them; the old ones go when the new ones cannot be lost any more. Throws a sentence. */
export async function makeCodes(
  machine: Machine,
  folder: string,
  old: Codes,
  count: number,
  report: Report,
): Promise<string[]> {
  const { user } = old;
  const codes = Array.from({ length: count }, makeCode);
  putCodes(machine, folder, user, await Promise.all(codes.map(nameCode)));
  const texts = codes.map(formatCode);
  report.title(`Offline codes of ${user}`);
  report.say(`\n${texts.map((text) => `    ${text}\n`).join("")}`);
  report.say(
    "Print them, and keep the paper where you keep a spare key: they are not shown again. Each lets " +
      `${user} in once, while Werbot cannot be reached. Cross it out then.\n`,
  );
  if (old.names.length === 0) return texts;
  removeCodes(machine, folder, old);
  report.mark("done", `The old ones do not work any more (${old.names.length})`);
  return texts;
}

/** `wpam offline list`: tells who has codes, or should. Returns the exit code. */
export async function offlineList(_options: PlainOptions, world: World): Promise<number> {
  const { report, uid } = world;
  const view = openView();
  requireRoot(view, uid, "wpam offline list");
  const { folder, listed } = findStore(await probeHost(view));
  const found = listCodes(view, folder);
  const missing = (listed ?? []).filter((name) => found.every(({ user }) => user !== name));
  const all = [...found, ...missing.map((user) => findCodes(view, folder, user))];
  const rows = all.map(({ user, names, lastUsed }) => ({
    user,
    codes: names.length,
    lastUsed: lastUsed?.toISOString() ?? null,
    listed: listed?.includes(user) ?? false,
  }));
  if (rows.length === 0) {
    report.mark("note", "Nobody has offline codes, and nobody is in offline_users.");
  } else {
    report.say(`${"user".padEnd(16)} codes left  last used`);
    for (const { user, codes, lastUsed } of rows) {
      const used = lastUsed === null ? "never" : `${lastUsed.slice(0, 16).replace("T", " ")} UTC`;
      report.say(`${user.padEnd(16)} ${`${codes}`.padEnd(11)} ${used}`);
    }
  }
  tellUnlisted(report, rows.map(({ user }) => user), listed);
  return report.finish("offline list", EXIT.done, { users: rows });
}

/** `wpam offline revoke`: ends all codes of a user, who need not exist any more. Returns the exit code. */
export async function offlineRevoke({ user }: RevokeOptions, world: World): Promise<number> {
  const { report, uid } = world;
  const view = openView();
  requireRoot(view, uid, `wpam offline revoke ${user}`);
  requireName(user);
  const { folder } = findStore(await probeHost(view));
  const codes = findCodes(view, folder, user);
  const finish = (result: string) =>
    report.finish("offline revoke", EXIT.done, { result, user, revoked: codes.names.length });
  if (view.status(`${folder}/${user}`) === undefined) {
    report.mark("done", `Nothing to do: ${user} has no offline codes.`);
    return finish("nothing to do");
  }
  await locked(view, (machine) => {
    removeCodes(machine, folder, codes);
    if (!removeFolder(machine, `${folder}/${user}`)) {
      report.mark("warning", `${folder}/${user} stays: there is more in it than codes.`);
    }
  });
  report.mark("done", `${user} had ${tellCount(codes)}, and none works any more`);
  return finish("revoked");
}

/** Offers codes to listed users who have none; says how to make them where nobody can be asked. */
export async function offerCodes(host: Host, world: World): Promise<void> {
  const { report, terminal } = world;
  const { view } = host;
  const { folder, listed = [] } = findStore(host);
  for (const name of listed) {
    const user = await findUser(view, name);
    if (user === undefined) {
      report.mark("warning", `There is no user ${name} here: look at offline_users.`);
      continue;
    }
    const old = findCodes(view, folder, user);
    if (old.names.length > 0) continue;
    if (!terminal) {
      report.mark("note", `${user} has no offline codes yet: sudo wpam offline codes ${user}`);
      continue;
    }
    const question = `Make offline codes for ${user}, to be shown here (yes | no)`;
    const answer = await terminal.ask(question, { standard: "yes" });
    if (!/^y(es)?$/i.test(answer.trim())) continue;
    await locked(view, (machine) => makeCodes(machine, folder, old, COUNT, report));
  }
}

/** Finds a user as the user database spells him, who may be one of a directory service; undefined when there is none. */
async function findUser(view: View, given: string): Promise<string | undefined> {
  const { code, out } = await view.run(["id", "-un", given]);
  if (code !== 0) return undefined;
  const name = out.trim();
  requireName(name);
  return name;
}

/** Stops at a name that the module would take for no folder's. */
function requireName(name: string): void {
  if (/^[^./][^/]*$/.test(name)) return;
  throw new Stop(EXIT.usage, `${name} is no name of a user who can have offline codes.`);
}

/** Does something while nobody else changes the machine. */
async function locked<T>(view: View, work: (machine: Machine) => T | Promise<T>): Promise<T> {
  const transaction = Transaction.open(view);
  if ("busy" in transaction) throw new Stop(EXIT.impossible, transaction.busy);
  try {
    return await work({ view, ops: operations });
  } finally {
    transaction.close();
  }
}

/** Warns of users who have codes and are not asked for one. */
function tellUnlisted(
  report: Report,
  users: readonly string[],
  listed: readonly string[] | undefined,
): void {
  if (listed === undefined) {
    const text = "wpam.conf is missing or has a mistake, and then nobody gets in: wpam doctor";
    return report.mark("warning", text);
  }
  for (const user of users.filter((user) => !listed.includes(user))) {
    report.mark(
      "warning",
      `${user} is not in offline_users, and is not asked for a code: wpam install --offline-users ` +
        [...listed, user].join(","),
    );
  }
}

function tellCount({ names }: Codes): string {
  return names.length === 1 ? "1 offline code" : `${names.length} offline codes`;
}
