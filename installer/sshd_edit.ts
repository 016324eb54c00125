/**
 * The edits that put wpam's settings in force in a configuration of sshd, and those that take them back.
 *
 * Text in, text out: it changes no file, never overwrites a setting of somebody else and never edits inside
 * a Match block. How sshd reads is in sshd_config.ts. Called by install, uninstall and rollback.
 */
import { createHash } from "node:crypto";
import {
  type Directive,
  firstEffective,
  listDirectives,
  listOverrides,
  makeAbsolute,
  readSshdConfig,
  resolveAlias,
  type Setting,
  type Source,
  type SshdConfig,
  type Version,
} from "./sshd_config.ts";

/** One file before and after; undefined where there is none. */
export interface Edit {
  readonly path: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** What has to change, and whom it touches. */
export interface Plan {
  readonly edits: readonly Edit[];
  /** Directives in force now that the plan puts out of force. */
  readonly beaten: readonly Directive[];
  /** Directives in Match blocks that keep another value for some logins. */
  readonly overrides: readonly Directive[];
}

/** Why nothing can be planned, and the edits that are left to the administrator, if any. */
export interface Refused {
  readonly refusal: string;
  readonly byHand: readonly Edit[];
}

const DROP_IN = "00-wpam.conf";
const FOLDER = "/etc/ssh";
/** Files of packages, which sshd may read but nobody edits. */
const VENDOR = /^\/usr\/(?!local\/)/;
const BLOCK = /^# wpam: begin (\w+)[^\n]*\n([^]*?)^# wpam: end[^\n]*\n?/m;
const MARK = /^[ \t]*# wpam: (?:begin|end)/gm;
/** What turns an authentication method on, and whether it is on when nothing is said. */
const METHODS: Readonly<Record<string, Setting>> = {
  "publickey": ["PubkeyAuthentication", "yes"],
  "password": ["PasswordAuthentication", "yes"],
  // By this name, because before 8.7 it alone decides; later it is an alias.
  "keyboard-interactive": ["ChallengeResponseAuthentication", "yes"],
  "hostbased": ["HostbasedAuthentication", "no"],
  "gssapi-with-mic": ["GSSAPIAuthentication", "no"],
};
const ASKS_PAM = /^keyboard-interactive(:pam)?$/;

class Refusal extends Error {
  constructor(sentence: string, readonly byHand: readonly Edit[] = []) {
    super(sentence);
  }
}

/**
 * Plans the edits that put settings in force, in a drop-in or at the top of the main file.
 *
 * Refuses when the configuration is broken, when its own AuthenticationMethods differs or could not be
 * satisfied afterwards, and when a file is not ours to replace. It looks at one Match block at a time: a
 * login that meets the criteria of two is not foreseen.
 */
export function planSshdConfig(config: SshdConfig, wanted: readonly Setting[]): Plan | Refused {
  const { source, main, version } = config;
  return attempt(() => {
    if (config.mistake !== undefined) throw new Refusal(config.mistake);
    const undo = takeBack(config);
    const clean = readSshdConfig(overlay(source, undo), main, version);
    const settings = completePair(wanted, version);
    checkForeignMethods(clean, settings);
    checkSatisfiable(clean, settings);
    const result = place(clean, undo, settings);
    const paths = new Set([...undo.map(({ path }) => path), ...result.files.keys()]);
    const edits = [...paths]
      .map((path) => ({ path, before: source.read(path), after: result.source.read(path) }))
      .filter(({ before, after }) => before !== after);
    const listOthers = (list: (keyword: string) => (Directive | undefined)[]) => {
      const others = settings.flatMap(([keyword, value]) =>
        list(keyword).filter((found) => found !== undefined && !hasValue(found, value))
      );
      return [...new Set(others)].filter((found) => found !== undefined);
    };
    return {
      edits: settle(config, edits),
      beaten: listOthers((keyword) => [firstEffective(clean, keyword)]),
      overrides: listOthers((keyword) => listOverrides(clean, keyword)),
    };
  });
}

/**
 * Plans the edits that take back what is ours, and nothing else.
 *
 * `written` names files that carried our lines once, in case no Include leads there any more. Works on a
 * broken configuration too. Refuses when our lines have been changed by hand.
 */
export function removeFromSshdConfig(
  config: SshdConfig,
  written: readonly string[] = [],
): { readonly edits: readonly Edit[] } | Refused {
  return attempt(() => ({ edits: settle(config, takeBack(config, written)) }));
}

function joinArgs({ args }: Directive): string {
  return args.join(" ");
}

function hasValue(directive: Directive | undefined, value: string): boolean {
  return directive !== undefined && joinArgs(directive).toLowerCase() === value.toLowerCase();
}

function findValue(settings: readonly Setting[], keyword: string, version: Version) {
  const name = resolveAlias(keyword, version);
  return settings.find(([other]) => resolveAlias(other, version) === name)?.[1];
}

/** Before 8.7 ChallengeResponseAuthentication is an option of its own, and has to agree. */
function completePair(wanted: readonly Setting[], version: Version): Setting[] {
  const twin = "ChallengeResponseAuthentication";
  const value = findValue(wanted, "KbdInteractiveAuthentication", version);
  const complete = value === undefined || findValue(wanted, twin, version) !== undefined;
  return complete ? [...wanted] : [...wanted, [twin, value]];
}

/** Refuses to overwrite an AuthenticationMethods of somebody else, or to be passed by. */
function checkForeignMethods(clean: SshdConfig, settings: readonly Setting[]): void {
  const foreign = firstEffective(clean, "AuthenticationMethods");
  if (foreign === undefined) return;
  const ours = findValue(settings, "AuthenticationMethods", clean.version);
  const isOpen = foreign.args.includes("any");
  const asks = (list: string) => list.split(",").some((method) => ASKS_PAM.test(method));
  if (ours === undefined ? isOpen || foreign.args.every(asks) : hasValue(foreign, ours)) return;
  const extended = foreign.args.map((list) => {
    const others = list.split(",").filter((method) => method !== "none" && !ASKS_PAM.test(method));
    return [...others, "keyboard-interactive:pam"].join(",");
  });
  const ways = [
    ...ours === undefined ? [] : [`delete the line, and wpam writes ${ours}`],
    ...isOpen ? [] : [`write ${extended.join(" ")} there, and let wpam leave it alone`],
  ];
  throw new Refusal(
    `${tellPlace(foreign)}: AuthenticationMethods is ${
      joinArgs(foreign)
    }, and wpam does not overwrite ` +
      `it. Either ${ways.join(", or ")}.`,
  );
}

/** Refuses when every list of methods has one that is off, for all logins or for those of a Match block. */
function checkSatisfiable(clean: SshdConfig, settings: readonly Setting[]): void {
  const blocks = new Map(clean.directives.map(({ match }) => [match.join(", "), match]));
  for (const block of blocks.set("", []).keys()) {
    const find = (keyword: string) =>
      listDirectives(clean, keyword).find(({ match }) =>
        block !== "" && match.join(", ") === block
      );
    const valueOf = (keyword: string) => {
      const inside = find(keyword);
      if (inside !== undefined) return joinArgs(inside);
      const outside = firstEffective(clean, keyword);
      return findValue(settings, keyword, clean.version) ?? (outside && joinArgs(outside));
    };
    const isOn = (method: string) => {
      const [name = "", device] = method.split(":");
      const [keyword, standard] = METHODS[name] ?? ["", "yes"];
      return (valueOf(keyword) ?? standard).toLowerCase() === "yes" &&
        (device !== "pam" || valueOf("UsePAM")?.toLowerCase() === "yes");
    };
    const methods = valueOf("AuthenticationMethods") ?? "any";
    const lists = methods.split(" ").map((list) => list.split(","));
    if (methods === "any" || lists.some((list) => list.every(isOn))) continue;
    const place = find("AuthenticationMethods") ?? firstEffective(clean, "AuthenticationMethods");
    throw new Refusal(
      `${
        place === undefined ? "The wanted" : `${tellPlace(place)}:`
      } AuthenticationMethods ${methods} ` +
        `would lock out ${
          block === "" ? "everybody" : `Match ${block}`
        }: every list has a method that ` +
        "is off. Turn it on there, or name another.",
    );
  }
}

/** Inserts the block where it puts every setting in force, and returns what sshd then reads. */
function place(clean: SshdConfig, undo: readonly Edit[], settings: readonly Setting[]): SshdConfig {
  const { source, main, version } = clean;
  let weak: Setting | undefined;
  for (const edit of proposePlaces(clean, undo, settings)) {
    const result = readSshdConfig(overlay(source, [edit]), main, version);
    if (isInMatch(result, edit)) continue;
    weak = settings.find(([keyword, value]) => !hasValue(firstEffective(result, keyword), value));
    if (weak === undefined) return result;
  }
  const [keyword = "", value = ""] = weak ?? [];
  const stronger = firstEffective(clean, keyword);
  throw new Refusal(
    `${
      stronger === undefined ? main : tellPlace(stronger)
    }: a Match block for all logins sets ${keyword}, ` +
      `and no line elsewhere can beat it. Change it to ${value} there, or delete it.`,
  );
}

/** Tells whether sshd reads our lines in a Match block, by an Include there; it would not start with UsePAM in one. */
function isInMatch({ directives }: SshdConfig, { path, after = "" }: Edit): boolean {
  const mark = after.split("\n").findIndex((line) => line.startsWith("# wpam: begin"));
  // The first line below the mark, as people count.
  return directives.some((one) =>
    one.path === path && one.line === mark + 2 && one.match.length > 0
  );
}

/** Yields the edits that could carry the block, best first: where it was, a drop-in, the main file. */
function* proposePlaces(
  { source, main, directives }: SshdConfig,
  undo: readonly Edit[],
  settings: readonly Setting[],
): Generator<Edit> {
  const insert = (path: string, at: number): Edit => {
    const before = source.read(path);
    const text = before ?? "";
    const block = makeBlock(settings, /^[^\n]*\r\n/.test(text) ? "\r\n" : "\n");
    return { path, before, after: text.slice(0, at) + block + text.slice(at) };
  };
  for (const { path, before = "" } of undo) yield insert(path, before.search(BLOCK));
  for (const { keyword, args, path } of directives) {
    if (path !== main) continue;
    // What stands before an Include beats it, today or after the next edit by hand.
    if (keyword !== "include") break;
    for (const pattern of args) {
      const file = `${getFolder(makeAbsolute(pattern))}/${DROP_IN}`;
      const usable = !VENDOR.test(file) && !/[*?[]/.test(file);
      if (usable && source.read(file) === undefined) yield insert(file, 0);
    }
  }
  const top = insert(main, 0);
  if (VENDOR.test(main)) {
    throw new Refusal(
      `${main} belongs to the system and does not begin by including a folder of ${FOLDER}; a new ` +
        `${FOLDER}/sshd_config would hide it from sshd. Decide by hand where the lines go.`,
      [top],
    );
  }
  yield top;
}

function makeBlock(settings: readonly Setting[], end: string): string {
  const body = settings.map(([keyword, value]) => `${keyword} ${value}\n`).join("");
  const first = `# wpam: begin ${digest(body)} (\`wpam uninstall\` takes these lines back)`;
  return `${first}\n${body}# wpam: end\n`.replaceAll("\n", end);
}

/** Tells lines that are still ours from lines changed by hand; a change of line ends is none. */
function digest(body: string): string {
  const text = body.replaceAll("\r\n", "\n");
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

/** Makes the edits that remove our block wherever it stands. */
function takeBack({ source, files }: SshdConfig, written: readonly string[] = []): Edit[] {
  return [...new Set([...files.keys(), ...written])].flatMap((path) => {
    const before = source.read(path) ?? "";
    const marks = [...before.matchAll(MARK)];
    if (marks[0] === undefined) return [];
    const [, mark, body] = BLOCK.exec(before) ?? [];
    if (marks.length !== 2 || body === undefined || digest(body) !== mark) {
      const line = before.slice(0, marks[0].index).split("\n").length;
      throw new Refusal(
        `${path}, line ${line}: the lines between "# wpam: begin" and "# wpam: end" were changed by hand. ` +
          "Move what you want to keep elsewhere, delete the rest with both marker lines, run this again.",
      );
    }
    const rest = before.replace(BLOCK, "");
    return [{
      path,
      before,
      after: rest === "" && path.endsWith(`/${DROP_IN}`) ? undefined : rest,
    }];
  });
}

/** Leads edits to the ends of links, and refuses those that would break a link. */
function settle({ source, main }: SshdConfig, edits: readonly Edit[]): Edit[] {
  const home = VENDOR.test(main) ? FOLDER : getFolder(main);
  return edits.map((edit) => {
    const { symlink, links = 1 } = source.traits?.(edit.path) ?? {};
    const folder = source.traits?.(getFolder(edit.path)).symlink;
    const away = [symlink, folder].find((end) => end !== undefined && !end.startsWith(`${home}/`));
    const why = away !== undefined
      ? `is kept in ${away}, outside ${home}: something else looks after it`
      : links > 1
      ? `has ${links} names (hard links), and a new file would part them`
      : undefined;
    if (why !== undefined) {
      throw new Refusal(`${edit.path} ${why}. Make the change by hand.`, edits);
    }
    return { ...edit, path: symlink ?? edit.path };
  });
}

/** Makes the source as it would be after edits. */
export function overlay(source: Source, edits: readonly Edit[]): Source {
  const texts = new Map(edits.map(({ path, after }) => [path, after]));
  const read = (path: string) => texts.has(path) ? texts.get(path) : source.read(path);
  const glob = (pattern: string) => {
    const created = [...texts.keys()].filter((path) => matchesGlob(path, pattern));
    return [...new Set([...source.glob(pattern), ...created])]
      .filter((path) => !texts.has(path) || texts.get(path) !== undefined);
  };
  return { read, glob };
}

/** Matches as glob(3) does, but for what is rare: a pattern with brackets never matches. */
function matchesGlob(path: string, pattern: string): boolean {
  const parts = pattern.replace(/[\\.+^${}()|[\]]/g, "\\$&").replaceAll("?", "[^/]");
  return !pattern.includes("[") && new RegExp(`^${parts.replaceAll("*", "[^/]*")}$`).test(path);
}

function getFolder(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

function tellPlace({ path, line }: Directive): string {
  return `${path}, line ${line}`;
}

function attempt<T>(run: () => T): T | Refused {
  try {
    return run();
  } catch (error) {
    if (error instanceof Refusal) return { refusal: error.message, byHand: error.byHand };
    throw error;
  }
}
