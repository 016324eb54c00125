/**
 * sshd_config: what sshd makes of it, with all that it includes.
 *
 * Text in, text out: it reads files only through the caller's Source and changes none; what to change is
 * for sshd_edit.ts. Whether sshd agrees is for `sshd -t` and `sshd -T` to say, and whether it knows a
 * keyword too. Called by sshd_edit.ts, the canary and the checks.
 */

/** The files of a machine, as sshd sees them. */
export interface Source {
  /** Returns a file's text, decoded so that encoding it gives back the same bytes; undefined without a file. */
  read(path: string): string | undefined;
  /** Returns the paths that glob(3) finds, links that lead nowhere included. */
  glob(pattern: string): string[];
  /** Returns what a rename over this path would break. */
  traits?(path: string): Traits;
}

/** What a path is besides its text. */
export interface Traits {
  /** The absolute path to which a symbolic link leads in the end. */
  readonly symlink?: string;
  /** The number of hard links. */
  readonly links?: number;
}

/** OpenSSH's version: before 8.7 it cuts lines and names keyboard-interactive differently. */
export type Version = readonly [major: number, minor: number];

/** One line that sshd acts on. */
export interface Directive {
  /** In lower case. */
  readonly keyword: string;
  readonly args: readonly string[];
  readonly path: string;
  readonly line: number;
  /** The criteria of the Match blocks around it, outermost first; more than one by an Include. */
  readonly match: readonly string[];
}

/** A keyword and its value, as they are to stand in the file. */
export type Setting = readonly [keyword: string, value: string];

/** A configuration in the order in which sshd reads it. */
export interface SshdConfig {
  readonly source: Source;
  readonly main: string;
  readonly version: Version;
  readonly files: ReadonlyMap<string, string>;
  readonly directives: readonly Directive[];
  /** Why sshd itself would give up; then nothing after that place has been read. */
  readonly mistake: string | undefined;
}

const FOLDER = "/etc/ssh";
/** The deepest Include that sshd follows. */
const MAX_DEPTH = 16;
/** What sshd does not read again for a Match block; of all such keywords, those that matter to a login. */
const GLOBAL_ONLY = ["usepam", "challengeresponseauthentication", "logingracetime"];

class Mistake extends Error {}

/**
 * Reads a configuration with all that it includes.
 *
 * Never throws: what would stop sshd is `mistake`. Unknown keywords and bad values are not noticed.
 */
export function readSshdConfig(source: Source, main: string, version: Version): SshdConfig {
  const files = new Map<string, string>();
  const directives: Directive[] = [];
  const readFile = (path: string, outer: readonly string[], depth: number) => {
    const text = source.read(path);
    if (text === undefined) {
      throw new Mistake(
        `${path} cannot be read, so sshd would not start. Restore it or remove it.`,
      );
    }
    if (/^(?:\uFEFF|\xEF\xBB\xBF)/.test(text)) {
      throw new Mistake(
        `${path}, line 1: sshd does not start with a byte-order mark. Save the file without it.`,
      );
    }
    if (depth > MAX_DEPTH) {
      throw new Mistake(
        `${path} is included through more than ${MAX_DEPTH} files. Break the circle.`,
      );
    }
    files.set(path, text);
    let match = outer;
    for (const [index, raw] of text.split("\n").entries()) {
      const line = index + 1;
      const [keyword, args] = cutLine(raw, version);
      if (keyword === undefined) continue;
      if (args === undefined) {
        throw new Mistake(`${path}, line ${line}: no value, or a quote without its end. Mend it.`);
      }
      if (keyword === "match") match = [...outer, args.join(" ")];
      directives.push({ keyword, args, path, line, match });
      if (keyword !== "include") continue;
      for (const file of args.flatMap((arg) => source.glob(makeAbsolute(arg)).toSorted())) {
        readFile(file, match, depth + 1);
      }
    }
  };
  let mistake: string | undefined;
  try {
    readFile(main, [], 0);
  } catch (error) {
    if (!(error instanceof Mistake)) throw error;
    mistake = error.message;
  }
  return { source, main, version, files, directives, mistake };
}

/**
 * Finds the directive that is in force for logins that no conditional Match block touches.
 *
 * Only for keywords of which sshd takes the first value. Undefined means the compiled-in default.
 */
export function firstEffective(config: SshdConfig, keyword: string): Directive | undefined {
  const always = listDirectives(config, keyword).filter(({ match }) => match.every(isAll));
  // sshd reads Match blocks, that for all logins too, after everything else, and lets them win.
  return GLOBAL_ONLY.includes(resolveAlias(keyword, config.version))
    ? always[0]
    : always.find(({ match }) => match.length > 0) ?? always[0];
}

/** Lists the directives in conditional Match blocks that set a keyword for some logins. */
export function listOverrides(config: SshdConfig, keyword: string): Directive[] {
  return listDirectives(config, keyword).filter(({ match }) => !match.every(isAll));
}

/** Cuts a line as sshd does: no keyword in a blank or a comment, no arguments where sshd refuses it. */
function cutLine(raw: string, version: Version): [keyword?: string, args?: string[] | undefined] {
  const old = isOld(version);
  const text = (old ? raw.replace(/#.*/, "") : raw).replace(/^[ \t\r]+|[ \t\r\f]+$/g, "");
  const [word, rest] = cutWord(text) ?? ["", ""];
  const keyword = word.toLowerCase();
  if (keyword === "" || keyword.startsWith("#")) return [];
  if (rest === "") return [keyword, undefined];
  return [keyword, old || keyword === "match" ? cutWords(rest) : cutArguments(rest)];
}

/** Cuts the first word off, which a quote, a blank or one `=` ends; undefined for a quote without its end. */
function cutWord(text: string): [word: string, rest: string] | undefined {
  const end = text.search(/[ \t\r"=]/);
  if (end < 0) return [text, ""];
  const word = text.slice(0, end);
  if (text[end] !== '"') return [word, text.slice(end).replace(/^[ \t\r]*=?[ \t\r]*/, "")];
  const close = text.indexOf('"', end + 1);
  if (close < 0) return undefined;
  return [word + text.slice(end + 1, close), text.slice(close + 1).replace(/^[ \t\r]+/, "")];
}

/** Cuts arguments as OpenSSH did before 8.7, and does in a Match line. */
function cutWords(text: string): string[] | undefined {
  if (text === "" || text.startsWith("#")) return [];
  const [word, rest] = cutWord(text) ?? [];
  const others = rest === undefined ? undefined : cutWords(rest);
  return word === undefined || others === undefined ? undefined : [word, ...others];
}

/** Cuts arguments as OpenSSH does from 8.7: two kinds of quotes, a few escapes, a comment at the end. */
function cutArguments(text: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (const [part] of text.matchAll(/\\[\\'" ]|[^]/g)) {
    if (quote === "" && word === undefined && part === "#") break;
    if (part === quote) quote = "";
    else if (quote === "" && (part === " " || part === "\t")) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word ??= "";
      if (quote === "" && (part === '"' || part === "'")) quote = part;
      else word += part.length === 1 || part === "\\ " && quote !== "" ? part : part[1];
    }
  }
  if (word !== undefined) words.push(word);
  return quote === "" ? words : undefined;
}

function isOld([major, minor]: Version): boolean {
  return major < 8 || major === 8 && minor < 7;
}

/** Gives the name by which a version knows a keyword, in lower case. */
export function resolveAlias(keyword: string, version: Version): string {
  const name = keyword.toLowerCase().replace(/^skeyauth/, "challengeresponseauth");
  return isOld(version) ? name : name.replace(/^challengeresponseauth/, "kbdinteractiveauth");
}

/** Lists the directives of a keyword, by whatever alias, in the order in which sshd reads them. */
export function listDirectives({ directives, version }: SshdConfig, keyword: string): Directive[] {
  const name = resolveAlias(keyword, version);
  return directives.filter((directive) => resolveAlias(directive.keyword, version) === name);
}

function isAll(criteria: string): boolean {
  return criteria.toLowerCase() === "all";
}

/** Gives the path that sshd takes a name in an Include for. */
export function makeAbsolute(path: string): string {
  return path.startsWith("/") ? path : `${FOLDER}/${path}`;
}

/**
 * Copies a configuration to below a folder: path → text, each Include leading to the copies. Line numbers stay.
 *
 * `settings` are written wherever their keywords stand, Match blocks among them; where none stands nothing is
 * added. Meant for a configuration without a mistake.
 */
export function relocate(
  config: SshdConfig,
  folder: string,
  settings: readonly Setting[] = [],
): Map<string, string> {
  const edits = new Map<string, string>();
  for (const { keyword, args, path, line } of config.directives) {
    if (keyword !== "include") continue;
    const targets = args.map((arg) => `"${folder}${makeAbsolute(arg)}"`);
    edits.set(`${path}:${line}`, `Include ${targets.join(" ")}`);
  }
  for (const [keyword, value] of settings) {
    for (const { path, line } of listDirectives(config, keyword)) {
      edits.set(`${path}:${line}`, `${keyword} ${value}`);
    }
  }
  const rewrite = (path: string, text: string) =>
    text.split("\n").map((line, index) => edits.get(`${path}:${index + 1}`) ?? line).join("\n");
  return new Map(
    [...config.files].map(([path, text]) => [folder + path, rewrite(path, text)]),
  );
}
