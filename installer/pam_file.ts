/**
 * PAM service files such as /etc/pam.d/sshd: reading them as libpam does, adding wpam's lines and taking
 * them out again.
 *
 * Text in, text out. It opens nothing, and it never decides where a line belongs or whether a stack is safe:
 * that is pam_plan.ts. What it need not change keeps its bytes, if the caller decodes one byte to one
 * character (Latin-1); then every offset is a byte offset. Called by pam_stack.ts, pam_plan.ts and the
 * subcommands.
 */

/** The two families of libpam, which read and run the same file differently. */
export type Library = "linux-pam" | "openpam";

/** The four management groups. */
export const TYPES = ["auth", "account", "password", "session"] as const;
export type Type = typeof TYPES[number];

/** The results of a module, by the names that Linux-PAM gives them in `[value=action]`. */
// deno-fmt-ignore
export const CODES = [
  "success", "open_err", "symbol_err", "service_err", "system_err", "buf_err", "perm_denied", "auth_err",
  "cred_insufficient", "authinfo_unavail", "user_unknown", "maxtries", "new_authtok_reqd", "acct_expired",
  "session_err", "cred_unavail", "cred_expired", "cred_err", "no_module_data", "conv_err", "authtok_err",
  "authtok_recover_err", "authtok_lock_busy", "authtok_disable_aging", "try_again", "ignore", "abort",
  "authtok_expired", "module_unknown", "bad_item", "conv_again", "incomplete",
] as const;
export type Code = typeof CODES[number];

/** What a result does to the stack; a number is a jump over so many lines. */
export type Action = "ignore" | "ok" | "done" | "bad" | "die" | "reset" | number;

/** The control field of a line. */
export interface Control {
  /** The word in lower case, or the text inside the brackets. */
  readonly text: string;
  readonly actions: ReadonlyMap<Code, Action>;
  /** What every other result does. */
  readonly otherwise: Action;
}

/** A logical line: physical lines joined by `\`, from `start` up to `end`, its newline included. */
export type Line = {
  readonly start: number;
  readonly end: number;
  /** The first physical line, counted from 1. */
  readonly number: number;
} & (Nothing | Rule | Include);

/** A blank line or a comment. */
export interface Nothing {
  readonly kind: "nothing";
}

/** A line that runs a module. */
export interface Rule {
  readonly kind: "rule";
  /** Undefined where libpam does not know the type; it then takes the line as a failing `auth`. */
  readonly type: Type | undefined;
  /** Written with a dash: a missing module is not logged, but refuses all the same. */
  readonly silent: boolean;
  readonly control: Control;
  /** As written; empty where libpam puts a refusal in place of the line. */
  readonly module: string;
  readonly arguments: readonly string[];
  /** Why the line cannot be read, as the rest of a sentence that begins with its place. */
  readonly fault: string | undefined;
}

/** A line that reads another service file. */
export interface Include {
  readonly kind: "include";
  readonly how: "include" | "substack" | "@include";
  /** Undefined for `@include`, which takes the lines of all types. */
  readonly type: Type | undefined;
  readonly target: string;
}

/** A service file, line by line. */
export interface PamFile {
  readonly lines: readonly Line[];
  readonly crlf: boolean;
  readonly finalNewline: boolean;
}

/** Why a text is not edited: one sentence for a system administrator, and the line it is about. */
export interface Refusal {
  readonly refusal: string;
  readonly line: number;
}

const SUCCESS = (action: Action) => [["success", action], ["new_authtok_reqd", action]] as const;
const WORDS = new Map<string, readonly [Iterable<readonly [Code, Action]>, Action]>([
  ["required", [[...SUCCESS("ok"), ["ignore", "ignore"]], "bad"]],
  ["requisite", [[...SUCCESS("ok"), ["ignore", "ignore"]], "die"]],
  ["optional", [SUCCESS("ok"), "ignore"]],
  ["sufficient", [SUCCESS("done"), "ignore"]],
  ["binding", [[...SUCCESS("done"), ["ignore", "ignore"]], "bad"]],
]);
/** Linux-PAM up to 1.5 cuts longer lines, and takes the rest, even of a comment, for a line of its own. */
const LINE_MAX = 1023;
const BROKEN: Control = { text: "", actions: new Map(), otherwise: "bad" };

/** Reads the control field of a line, without brackets; undefined when libpam cannot. */
export function parseControl(text: string, library: Library = "linux-pam"): Control | undefined {
  const word = library === "openpam" ? text : text.toLowerCase();
  const known = word === "binding" && library !== "openpam" ? undefined : WORDS.get(word);
  if (known) return { text: word, actions: new Map(known[0]), otherwise: known[1] };
  if (library === "openpam") return undefined;
  // Not \s, which takes blanks that C does not know.
  const pair =
    /[ \t\v\f\r]*([a-z_]+)[ \t\v\f\r]*=[ \t\v\f\r]*(ignore|ok|done|bad|die|reset|[0-9]+)/y;
  const actions = new Map<Code, Action>();
  let otherwise: Action | undefined;
  while (/[^ \t\v\f\r]/.test(text.slice(pair.lastIndex))) {
    const [, value, name] = pair.exec(text) ?? [];
    const action = /^[0-9]/.test(name ?? "") ? Number(name) : name as Action | undefined;
    const code = CODES.find((code) => code === value);
    if (!action || (!code && value !== "default")) return undefined;
    if (code) actions.set(code, action);
    else otherwise ??= action;
  }
  return { text, actions, otherwise: otherwise ?? "bad" };
}

/** Reads a service file. It never fails: what libpam cannot read is a rule with a `fault`. */
export function parsePamFile(text: string, library: Library = "linux-pam"): PamFile {
  const lines: Line[] = [];
  const comment = library === "openpam" ? /(?<![^ \t])#/ : /#/;
  for (let at = 0, number = 1; at < text.length;) {
    const [start, first] = [at, number];
    let joined = "";
    let fault: string | undefined;
    let open: boolean;
    do {
      const physical = /^[^\n]*\n?/.exec(text.slice(at))![0];
      const hash = physical.search(comment);
      const words = physical.slice(0, hash < 0 ? undefined : hash).replace(
        /^[ \t]+|[ \t\n]+$/g,
        "",
      );
      if (joined !== "" && words === "") {
        fault = "goes on in a blank line or a comment after a backslash";
      }
      open = hash < 0 && words.endsWith("\\");
      joined += open ? `${words.slice(0, -1)} ` : words;
      at += physical.length;
      number++;
    } while (open && at < text.length);
    if (open) fault = "ends in a backslash with nothing after it";
    if (joined.includes("\r")) {
      fault = "ends as on Windows (CRLF); convert the file to Unix line ends";
    }
    if (joined.includes("\0")) fault = "holds a NUL byte";
    if (library === "openpam") {
      if (/["'\\]/.test(joined)) fault = "is quoted in a way that wpam does not read";
    } else if (text.slice(start, at).replace(/\n$/, "").length > LINE_MAX) {
      fault = `is longer than ${LINE_MAX} bytes; shorten it`;
    }
    const content = fault === undefined
      ? parseContent(joined, library)
      : { ...refuseLine(fault), type: parseType(joined) };
    lines.push({ start, end: at, number: first, ...content });
  }
  return { lines, crlf: text.includes("\r\n"), finalNewline: text === "" || text.endsWith("\n") };
}

// deno-fmt-ignore
const refuseLine = (fault: string) => ({
  kind: "rule", type: undefined, silent: false, control: BROKEN, module: "", arguments: [], fault,
} as const);

function parseType(word: string): Type | undefined {
  return TYPES.find((type) => type === /^-?([a-z]+)/i.exec(word)?.[1]?.toLowerCase());
}

function parseContent(words: string, library: Library): Nothing | Rule | Include {
  const [word, field, target, ...rest] = splitWords(words, library);
  if (word === undefined) return { kind: "nothing" };
  const linux = library === "linux-pam";
  const name = linux ? word.toLowerCase().replace(/^-/, "") : word;
  if (linux && name === "@include") {
    return field === undefined
      ? refuseLine("does not name one file to include")
      : { kind: "include", how: name, type: undefined, target: field };
  }
  const silent = linux && word.startsWith("-");
  const type = TYPES.find((type) => type === name);
  const how = linux ? field?.toLowerCase() : field;
  if (type && (how === "include" || (linux && how === "substack"))) {
    if (target !== undefined && (linux || rest.length === 0)) {
      return { kind: "include", how, type, target };
    }
    return { ...refuseLine("does not name one file to include"), type };
  }
  const control = field === undefined ? undefined : parseControl(field, library);
  const fault = type === undefined
    ? "begins with no type that libpam knows"
    : control === undefined
    ? "has no control field that libpam can read"
    : target === undefined
    ? "names no module"
    : undefined;
  return {
    kind: "rule",
    type,
    silent,
    control: control ?? BROKEN,
    module: type && target || "",
    arguments: rest,
    fault,
  };
}

function splitWords(words: string, library: Library): string[] {
  if (library === "openpam") return words.split(/[ \t\n\v\f]+/).filter((word) => word !== "");
  const found = words.matchAll(/[ \t\n]*(?:\[((?:\\\]|[^\]])*)\]?|([^ \t\n]+))/g);
  return [...found].map(([, bracketed, plain]) => bracketed?.replaceAll("\\]", "]") ?? plain!);
}

/** Returns a module's name without folder and ending: `pam_unix` for `/lib/security/pam_unix.so`. */
export function nameModule(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1).replace(/\.so(\.\d+)?$/, "");
}

/** What addModule() writes, and where: after the line of that number, 0 for the top. */
export interface Edit {
  readonly library?: Library;
  readonly module: string;
  readonly arguments: readonly string[];
  readonly auth?: number;
  readonly account?: number;
  /** Numbers of the lines to comment out. */
  readonly disable?: readonly number[];
}

const MARKER = /^[ \t]*#[ \t]*wpam:[ \t]*(begin|end)\b/i;
const END = "# wpam: end\n";
const BARE_END = "# wpam: end (no newline stood here)\n";
const MEND = "undo the edit, or take the lines from marker to marker out yourself";

const writeBegin = (body: string) =>
  `# wpam: begin ${digest(body)} (\`wpam uninstall\` takes these lines back)\n`;

/**
 * Writes our `auth` and our `account` line between markers, and comments out the lines that the edit names.
 * Line numbers are those of the text without our blocks, which are written anew. Refuses a text with a line
 * that libpam cannot read, an argument that cannot stand on a line, and whatever removeModule() refuses.
 */
export function addModule(text: string, edit: Edit): { readonly text: string } | Refusal {
  const removed = removeModule(text);
  if ("refusal" in removed) return removed;
  const library = edit.library ?? "linux-pam";
  for (const line of parsePamFile(text, library).lines) {
    if (line.kind === "rule" && line.fault !== undefined) {
      const refusal = `line ${line.number} ${line.fault}: mend that first`;
      return { refusal, line: line.number };
    }
  }
  const { lines, finalNewline } = parsePamFile(removed.text, library);
  const words = [edit.module, ...edit.arguments];
  const written = words.map((word) => /^\[|[ \t]/.test(word) ? `[${word}]` : word).join(" ");
  if (
    /[#\\\r\n\0]/.test(written) || written.length > 900 ||
    `${splitWords(written, library)}` !== `${words}`
  ) {
    const refusal = "an argument of the module cannot stand on a PAM line; write it into wpam.conf";
    return { refusal, line: 0 };
  }
  const ours = (["auth", "account"] as const).map((type) =>
    [edit[type], { ours: true, text: `${type} required ${written}\n` }] as const
  );
  const addAfter = (number: number) =>
    ours.filter(([at]) => at === number).map(([, piece]) => piece);
  const pieces = [
    ...addAfter(0),
    ...lines.flatMap(({ start, end, number }) => {
      const line = removed.text.slice(start, end);
      const disabled = edit.disable?.includes(number) ?? false;
      const kept = disabled ? line.replaceAll(/(^|\n)(?=[^])/g, "$1#") : line;
      return [{ ours: disabled, text: kept }, ...addAfter(number)];
    }),
  ];
  let result = "";
  for (let at = 0, next = 0; at < pieces.length; at = next) {
    while (pieces[next]?.ours === pieces[at]!.ours) next++;
    const body = pieces.slice(at, next).map(({ text }) => text.replace(/\n?$/, "\n")).join("");
    const bare = next === pieces.length && !finalNewline;
    if (pieces[at]!.ours) result += writeBegin(body) + body + (bare ? BARE_END : END);
    else result += bare ? body.slice(0, -1) : body;
  }
  return { text: result };
}

/**
 * Takes our blocks out and gives back, byte for byte, what addModule() was given; hand edits outside them
 * stay. Refuses when a block is not as wpam wrote it.
 */
export function removeModule(text: string): { readonly text: string } | Refusal {
  const blocks = findBlocks(text);
  if ("refusal" in blocks) return blocks;
  let result = "";
  let at = 0;
  for (const block of blocks) {
    result += text.slice(at, block.start);
    for (const [line] of block.body.matchAll(/^#[^\n]*\n/gm)) result += line.slice(1);
    at = block.end;
  }
  result += text.slice(at);
  const last = blocks.at(-1);
  return { text: last?.bare && last.end === text.length ? result.slice(0, -1) : result };
}

/** A line that runs `pam_wpam.so` and stands in none of our blocks: the Go predecessor's. */
export interface Predecessor {
  readonly number: number;
  readonly type: Type | undefined;
  readonly module: string;
  /** `key=value`, a service key among them: not for any output. */
  readonly arguments: readonly string[];
}

/**
 * Takes out the lines that run `pam_wpam.so` and returns them with their settings. Meant for what
 * removeModule() returns: of a text with our blocks it would take those lines too.
 */
export function takePredecessor(
  text: string,
  library: Library = "linux-pam",
): { readonly text: string; readonly lines: readonly Predecessor[] } {
  const taken = parsePamFile(text, library).lines.filter((line): line is Line & Rule =>
    line.kind === "rule" && nameModule(line.module) === "pam_wpam"
  );
  let rest = text;
  for (const { start, end } of taken.toReversed()) rest = rest.slice(0, start) + rest.slice(end);
  return { text: rest, lines: taken };
}

interface Block {
  readonly start: number;
  readonly end: number;
  readonly body: string;
  /** The text ended before this block, without a newline. */
  readonly bare: boolean;
}

function findBlocks(text: string): Block[] | Refusal {
  const blocks: Block[] = [];
  let begin: { line: string; start: number; end: number; number: number } | undefined;
  let number = 0;
  for (const { 0: line, index: start } of text.matchAll(/[^\n]*\n|[^\n]+$/g)) {
    number++;
    const end = start + line.length;
    const word = MARKER.exec(line)?.[1]?.toLowerCase();
    if (word === undefined) continue;
    if (word === "begin" ? begin : !begin) return refuseMarker(number);
    if (!begin) {
      begin = { line, start, end, number };
      continue;
    }
    const body = text.slice(begin.end, start);
    if (begin.line !== writeBegin(body) || (line !== END && line !== BARE_END)) {
      const refusal =
        `lines ${begin.number} to ${number} were edited since wpam wrote them; ${MEND}`;
      return { refusal, line: begin.number };
    }
    blocks.push({ start: begin.start, end, body, bare: line === BARE_END });
    begin = undefined;
  }
  return begin ? refuseMarker(begin.number) : blocks;
}

function refuseMarker(line: number): Refusal {
  return { refusal: `line ${line} is a wpam marker without its partner; ${MEND}`, line };
}

/** FNV-1a: it has to notice an edit, not an attack. */
function digest(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0;
  }
  return hash.toString(16).padStart(8, "0");
}
