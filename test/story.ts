// Login stories: reads the text files under test/scenarios/ into values and compares log lines with
// their templates. The format is described in test/scenarios/README.md. It never runs a login and
// knows no server. Called by the rungs (test/rung_*.ts) and by test/unit/story_test.ts.

/** The rungs of the test ladder that can play a story, from the fewest real parts to the most. */
export const RUNGS = ["helper", "pam", "openpam", "sshd"] as const;
export type Rung = typeof RUNGS[number];

const PHASES = ["authenticate", "account"] as const;
export type Phase = typeof PHASES[number];

const FACTORS = ["none", "publickey", "password"] as const;

/** The outcomes of DESIGN section 3, and a client that has left. */
export const OUTCOMES = [
  "allowed",
  "denied",
  "exhausted",
  "unreachable",
  "undecided",
  "untrusted",
  "misconfigured",
  "left",
] as const;
export type Outcome = typeof OUTCOMES[number];

/** What the user, or a broken application, does when asked. */
export type Reply =
  | { kind: "text"; text: string }
  | { kind: "bytes"; bytes: Uint8Array }
  | { kind: "null" | "no-array" | "fail" | "leave" };

export interface Exchange {
  echo: boolean;
  prompt: string;
  /** Milliseconds that the user takes before the reply. */
  pause: number;
  reply: Reply;
}

export interface Login {
  user: string;
  rhost: string | null;
  tty: string | null;
  phases: Phase[];
  /** What sshd reports as passed before: only a key is another factor. */
  factor: typeof FACTORS[number];
  /** The PAM line before ours, or null. */
  before: string | null;
  /** Milliseconds that the whole login may take, or null. */
  within: number | null;
  /** Milliseconds from the last answer to the result, neither less nor much more; or null. */
  waits: number | null;
}

/** One peculiarity of a file on the disk: `ca.pem mode 0666`. */
export interface FileTrait {
  file: "wpam.conf" | "ca.pem" | "folder" | "wpam.log" | "offline" | "codes";
  trait: "absent" | "link" | "directory" | "fifo" | "mode" | "owner" | "text";
  value: string;
}

export interface Story {
  name: string;
  summary: string;
  config: string;
  arguments: string[];
  files: FileTrait[];
  login: Login;
  /** Variables of the environment in which the login happens, `NAME=value`. */
  environment: string[];
  werbot: string[];
  /** Null: there is no proxy. */
  proxy: string[] | null;
  /** Null: the application offers no conversation at all. */
  dialogue: Exchange[] | null;
  outcome: Outcome | null;
  /** Explicit PAM codes, by phase, for what no outcome describes; empty when `outcome` is given. */
  codes: [Phase, string][];
  log: string[];
  requests: Record<string, number>;
  /** What stands in the last request. */
  sent: Record<string, string>;
  rungs: Rung[];
}

/** Values of `{name}` placeholders; a function is asked again each time. */
export type Placeholders = Record<string, string | (() => string)>;

const SECTIONS = [
  "config",
  "arguments",
  "files",
  "login",
  "environment",
  "werbot",
  "proxy",
  "dialogue",
  "outcome",
  "log",
  "requests",
  "rungs",
];
const LOGIN_KEYS = ["user", "rhost", "tty", "phases", "factor", "before", "within", "waits"];
const SENT_KEYS = ["user", "tfaMethod", "userIP", "wID"];
const JSON_STRING = String.raw`"(?:[^"\\]|\\.)*"`;
const EXCHANGE = new RegExp(
  String.raw`^(echo|hidden) (${JSON_STRING}) <- (?:after (\d+ m?s) )?` +
    String.raw`(null|no-array|fail|leave|bytes "(?:[0-9a-f]{2})*"|${JSON_STRING})$`,
);
const FILE_TRAIT =
  /^(wpam\.conf|ca\.pem|folder|wpam\.log|offline|codes) (?:(absent|link|directory|fifo)|(mode|owner) (\d+)|(text) (".*"))$/;

/** Parses the text of one story file; `name` is its path below test/scenarios/ without the ending. */
export function parseStory(name: string, source: string): Story {
  const fail = (why: string): never => {
    throw new SyntaxError(`${name}.story: ${why}`);
  };
  const summary = /^# (.+)\n/.exec(source)?.[1] ?? fail("the first line is not `# One sentence`");
  const sections = splitSections(source, fail);
  const lines = (section: string) =>
    (sections.get(section) ?? []).filter((line) => line.trim() !== "");

  const login = parsePairs(lines("login"), fail);
  const unknown = Object.keys(login).find((key) => !LOGIN_KEYS.includes(key));
  if (unknown !== undefined) fail(`unknown login key ${unknown}`);

  const outcomeLines = lines("outcome");
  const outcome = OUTCOMES.find((word) => word === outcomeLines.join("\n")) ?? null;
  const codes = outcome ? [] : outcomeLines.map((line): [Phase, string] => {
    const match = /^(\w+) (PAM_[A-Z_]+)$/.exec(line) ?? fail(`not an outcome: ${line}`);
    return [oneOf(PHASES, match[1]!, fail), match[2]!];
  });
  if (outcome === null && codes.length === 0) fail("no [outcome]");
  const requests = Object.entries(parsePairs(lines("requests"), fail));

  return {
    name,
    summary,
    config: (sections.get("config") ?? ["{standard}"]).join("\n").trimEnd() + "\n",
    arguments: lines("arguments"),
    files: lines("files").map((line) => parseTrait(line, fail)),
    login: {
      user: unquote(login["user"] ?? "alice", fail),
      rhost: orNone(unquote(login["rhost"] ?? "203.0.113.7", fail)),
      tty: orNone(login["tty"] ?? "ssh"),
      phases: (login["phases"] ?? "authenticate account").split(/\s+/)
        .map((word) => oneOf(PHASES, word, fail)),
      factor: oneOf(FACTORS, login["factor"] ?? "none", fail),
      before: login["before"] ?? null,
      within: login["within"] === undefined ? null : parseDuration(login["within"], fail),
      waits: login["waits"] === undefined ? null : parseDuration(login["waits"], fail),
    },
    environment: lines("environment"),
    werbot: lines("werbot"),
    proxy: sections.has("proxy") ? lines("proxy") : null,
    dialogue: sections.has("dialogue")
      ? lines("dialogue").map((line) => parseExchange(line, fail))
      : null,
    outcome,
    codes,
    log: lines("log"),
    requests: Object.fromEntries(
      requests.filter(([key]) => !SENT_KEYS.includes(key)).map(([key, value]) =>
        /^\d+$/.test(value) ? [key, Number(value)] : fail(`not a number: ${key} = ${value}`)
      ),
    ),
    sent: Object.fromEntries(
      requests.filter(([key]) => SENT_KEYS.includes(key))
        .map(([key, value]) => [key, unquote(value, fail)]),
    ),
    rungs: (sections.has("rungs") ? lines("rungs").join(" ").split(/\s+/) : ["helper", "pam"])
      .map((word) => oneOf(RUNGS, word, fail)),
  };
}

/** Reads every story below a folder that is meant for one rung, in the order of their names. */
export function readStories(folder: URL, rung: Rung): Story[] {
  const names: string[] = [];
  const walk = (prefix: string) => {
    for (const entry of Deno.readDirSync(new URL(prefix || ".", folder))) {
      if (entry.isDirectory) walk(`${prefix}${entry.name}/`);
      else if (entry.name.endsWith(".story")) names.push(prefix + entry.name.slice(0, -6));
    }
  };
  walk("");
  return names.sort()
    .map((name) => parseStory(name, Deno.readTextFileSync(new URL(`${name}.story`, folder))))
    .filter((story) => story.rungs.includes(rung));
}

/** Replaces `{name}` by its value; an unknown name is an error, other braces and `\u{…}` stay as they are. */
export function expandPlaceholders(text: string, values: Placeholders): string {
  return text.replace(/(?<!\\u)\{([a-z_]+)\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`unknown placeholder {${name}} in ${text}`);
    return typeof value === "string" ? value : value();
  });
}

/**
 * Compares log lines with their templates, one by one: `{ms}` is a number, `{...}` any text, `{ref}`
 * the same eight letters and digits everywhere. Returns the first difference, or null.
 */
export function compareLog(
  templates: string[],
  lines: string[],
  values: Placeholders,
): string | null {
  let ref = values["ref"];
  for (let at = 0; at < Math.max(templates.length, lines.length); at++) {
    const template = templates[at];
    const line = lines[at];
    if (template === undefined) return `surplus log line: ${line}`;
    if (line === undefined) return `missing log line: ${template}`;
    const parts = template.split(/(\{ms\}|\{ref\}|\{\.\.\.\})/).map((part) => {
      if (part === "{ms}") return String.raw`\d+`;
      if (part === "{...}") return ".*";
      if (part === "{ref}") return `(${ref ?? "[a-z0-9]{8}"})`;
      return expandPlaceholders(part, values).replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
    });
    const match = new RegExp(`^${parts.join("")}$`).exec(line);
    if (!match) return `log line ${at + 1}\n  expected ${template}\n  found    ${line}`;
    ref ??= match[1];
  }
  return null;
}

type Fail = (why: string) => never;

function splitSections(source: string, fail: Fail): Map<string, string[]> {
  const sections = new Map<string, string[]>();
  let current: string[] | null = null;
  for (const line of source.split("\n")) {
    const header = /^\[([a-z]+)\]$/.exec(line)?.[1];
    if (header !== undefined) {
      if (!SECTIONS.includes(header)) fail(`unknown section [${header}]`);
      if (sections.has(header)) fail(`second section [${header}]`);
      sections.set(header, current = []);
    } else if (current) {
      current.push(line);
    } else if (line !== "" && !line.startsWith("#")) {
      fail(`text before the first section: ${line}`);
    }
  }
  return sections;
}

function parsePairs(lines: string[], fail: Fail): Record<string, string> {
  return Object.fromEntries(lines.map((line) => {
    const match = /^(\w+) = (.+)$/.exec(line) ?? fail(`not \`key = value\`: ${line}`);
    return [match[1]!, match[2]!];
  }));
}

function parseExchange(line: string, fail: Fail): Exchange {
  const match = EXCHANGE.exec(line) ?? fail(`not \`echo|hidden "prompt" <- reply\`: ${line}`);
  return {
    echo: match[1] === "echo",
    prompt: parseString(match[2]!, fail),
    pause: match[3] === undefined ? 0 : parseDuration(match[3], fail),
    reply: parseReply(match[4]!, fail),
  };
}

function parseReply(word: string, fail: Fail): Reply {
  if (word.startsWith('"')) return { kind: "text", text: parseString(word, fail) };
  if (word.startsWith("bytes ")) {
    return { kind: "bytes", bytes: Uint8Array.fromHex(word.slice(7, -1)) };
  }
  return { kind: oneOf(["null", "no-array", "fail", "leave"] as const, word, fail) };
}

function parseTrait(line: string, fail: Fail): FileTrait {
  const match = FILE_TRAIT.exec(line) ?? fail(`not a trait of a file: ${line}`);
  return {
    file: match[1] as FileTrait["file"],
    trait: (match[2] ?? match[3] ?? match[5]) as FileTrait["trait"],
    value: match[4] ?? (match[6] === undefined ? "" : parseString(match[6], fail)),
  };
}

/** Reads a value that is a JSON string where it could not be written otherwise. */
function unquote(value: string, fail: Fail): string {
  return value.startsWith('"') ? parseString(value, fail) : value;
}

function parseString(literal: string, fail: Fail): string {
  try {
    return String(JSON.parse(literal));
  } catch {
    return fail(`not a JSON string: ${literal}`);
  }
}

function parseDuration(text: string, fail: Fail): number {
  const match = /^(\d+) (ms|s)$/.exec(text) ?? fail(`not a duration: ${text}`);
  return Number(match[1]) * (match[2] === "s" ? 1000 : 1);
}

function orNone(value: string): string | null {
  return value === "none" ? null : value;
}

function oneOf<T extends string>(known: readonly T[], word: string, fail: Fail): T {
  return known.find((one) => one === word) ?? fail(`${word} is none of ${known.join(" ")}`);
}
