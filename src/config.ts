/**
 * The settings: one table of keys, and the parser that it feeds.
 *
 * Reads text that the module has opened, never a file. A mistake is a sentence with its place, and no
 * mistake is passed over: there is no default server and no default key. Used by login.ts, and by the
 * command for doctor and the manual page.
 */
import { Secret } from "./secret.ts";
import { decodeText } from "./text.ts";

/** A server on the network; `host` without brackets. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** An HTTP proxy that speaks CONNECT. */
export interface Proxy extends Address {
  readonly user: string | undefined;
  readonly password: Secret | undefined;
}

/** Every setting of a login, complete and checked. Times are in seconds. */
export interface Settings {
  readonly server_url: Address;
  readonly service_id: string;
  readonly service_key: Secret;
  readonly offline_users: readonly string[];
  readonly offline_factor: "required" | "none";
  readonly key_logins: "check" | "leave";
  readonly debug: boolean;
  readonly insecure_skip_verify: boolean;
  readonly timeout: number;
  readonly u2f_timeout: number;
  readonly attempts: number;
  readonly echo_code: boolean;
  readonly http_proxy: Proxy | undefined;
}

/** The name of a setting, as it stands in the file and on the PAM line. */
export type Key = keyof Settings;

/** One row of the table: what a key takes, what it is without being set, and what it means. */
export interface Setting<T> {
  /** The value as text when the key is not set; undefined when it must be set. */
  readonly standard: string | undefined;
  /** What may be given, as a phrase that completes "must be …". */
  readonly range: string;
  readonly meaning: string;
  /** Turns text into a value; undefined when it is not in range. */
  readonly read: (text: string) => T | undefined;
}

function oneOf<T extends string>(...words: T[]): (text: string) => T | undefined {
  return (text) => words.find((word) => word === text);
}

function whole(least: number, most: number): (text: string) => number | undefined {
  return (text) => {
    const value = /^[0-9]{1,4}$/.test(text) ? Number(text) : NaN;
    return value >= least && value <= most ? value : undefined;
  };
}

const flag = (text: string): boolean | undefined =>
  text === "true" || text === "1" ? true : text === "false" || text === "0" ? false : undefined;

const filled = (text: string): string | undefined => text === "" ? undefined : text;

function readAddress(text: string, standardPort: number | undefined): Address | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9_.-]+))(?::([0-9]{1,5}))?$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? standardPort : Number(match[3]);
  return host !== undefined && port !== undefined && port >= 1 && port <= 65535
    ? { host, port }
    : undefined;
}

function readProxy(text: string): Proxy | undefined {
  const match = /^http:\/\/(?:([^:@/]*):([^@/]*)@)?([^@/]+?)\/?$/.exec(text);
  const address = match && readAddress(match[3]!, undefined);
  if (!match || !address) return undefined;
  try {
    return {
      ...address,
      user: match[1] === undefined ? undefined : decodeURIComponent(match[1]),
      password: match[2] === undefined ? undefined : new Secret(decodeURIComponent(match[2])),
    };
  } catch {
    return undefined;
  }
}

function readUsers(text: string): string[] | undefined {
  const users = text.split(",").map((user) => user.trim());
  return users.every((user) => user !== "" && !/\s/.test(user)) ? users : undefined;
}

/** All settings, in the order in which they are explained. */
export const SETTINGS: { readonly [K in Key]: Setting<Settings[K]> } = {
  server_url: {
    standard: undefined,
    range: "host or host:port (https:// may stand before it, http:// may not)",
    meaning: "the Werbot server",
    read: (text) => readAddress(text.replace(/^https:\/\//i, "").replace(/\/$/, ""), 443),
  },
  service_id: {
    standard: undefined,
    range: "the service's ID, as Werbot shows it",
    meaning: "which Werbot service guards this machine",
    read: filled,
  },
  service_key: {
    standard: undefined,
    range: "the service's key, as Werbot shows it",
    meaning: "the key of that service; a secret",
    read: (text) => text === "" ? undefined : new Secret(text),
  },
  offline_users: {
    standard: "",
    range: "unix users, separated by commas",
    meaning: "who may log in with another factor or an offline code when Werbot cannot be reached",
    read: (text) => text === "" ? [] : readUsers(text),
  },
  offline_factor: {
    standard: "required",
    range: "required or none",
    meaning:
      "whether an offline login needs another factor or a code; none lets in whoever blocks the network",
    read: oneOf("required", "none"),
  },
  key_logins: {
    standard: "check",
    range: "check or leave",
    meaning: "whether a public-key login is checked with Werbot (a U2F request) or left to sshd",
    read: oneOf("check", "leave"),
  },
  debug: {
    standard: "false",
    range: "true, false, 1 or 0",
    meaning: "whether the log shows requests and answers, with secrets blanked",
    read: flag,
  },
  insecure_skip_verify: {
    standard: "false",
    range: "true, false, 1 or 0",
    meaning: "whether any certificate is accepted; for test servers only",
    read: flag,
  },
  timeout: {
    standard: "10",
    range: "a number of seconds from 1 to 60",
    meaning: "how long a login with a code waits for Werbot",
    read: whole(1, 60),
  },
  u2f_timeout: {
    standard: "75",
    range: "a number of seconds from 5 to 110",
    meaning: "how long a login with a U2F key, or a check of a public-key login, waits for Werbot",
    read: whole(5, 110),
  },
  attempts: {
    standard: "3",
    range: "a number from 1 to 10",
    meaning: "how often an ill-formed answer is asked again",
    read: whole(1, 10),
  },
  echo_code: {
    standard: "true",
    range: "true, false, 1 or 0",
    meaning: "whether the code is shown while it is typed",
    read: flag,
  },
  http_proxy: {
    standard: "",
    range: "http://host:port or http://user:password@host:port",
    meaning: "the proxy to Werbot; proxy variables of the environment are ignored",
    read: (text) => text === "" ? undefined : readProxy(text),
  },
};

/** One `key = value`, with the place where it stands. */
interface Given {
  readonly place: string;
  readonly key: Key;
  readonly text: string;
}

/** How many single-character edits lie between two words. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}

/** Returns the known key that a misspelt one is most like. */
export function nearestKey(word: string): Key {
  const keys = Object.keys(SETTINGS) as Key[];
  const ranked = keys.map((key) => ({
    key,
    far: word.length > 2 && key.startsWith(word) ? 0 : distance(word.slice(0, 40), key),
  }));
  return ranked.sort((a, b) => a.far - b.far)[0]!.key;
}

/** Tells whether a word may be shown: a stray word can be a key that lost its name. */
function isShowable(word: string): boolean {
  return /^[A-Za-z_-]{1,24}$/.test(word) && distance(word, nearestKey(word)) <= 3;
}

/** Reads `key = value` or says what is wrong with it; never shows a value. */
function readPair(place: string, line: string): Given | string {
  const equals = line.indexOf("=");
  const word = (equals < 0 ? line.split(/\s/)[0]! : line.slice(0, equals)).trim();
  const known = Object.hasOwn(SETTINGS, word);
  if (equals < 0) {
    const name = isShowable(word) ? nearestKey(word) : undefined;
    return `${place}: no "=" in it: write ${name ?? "key"} = value`;
  }
  if (!known) {
    const shown = isShowable(word) ? ` "${word}"` : "";
    return `${place}: unknown key${shown}: did you mean ${nearestKey(word)}?`;
  }
  const text = line.slice(equals + 1).trim();
  return { place, key: word as Key, text };
}

/** The module's own arguments on the PAM line, paths that it has read; they count but are not settings. */
const MODULES_OWN = /^(config|helper|log_file|offline_dir)=/;

function readLines(text: string): (Given | string)[] {
  return text.split("\n")
    .map((line, i) => ({ line: line.trim(), place: `wpam.conf line ${i + 1}` }))
    .filter(({ line }) => line !== "" && !line.startsWith("#"))
    .map(({ line, place }) => readPair(place, line));
}

/** Keeps one value a key from one source, and reports a key that is given twice there. */
function unique(pairs: readonly (Given | string)[], mistakes: string[]): Map<Key, Given> {
  const found = new Map<Key, Given>();
  for (const pair of pairs) {
    if (typeof pair === "string") {
      mistakes.push(pair);
      continue;
    }
    const first = found.get(pair.key);
    if (first) mistakes.push(`${pair.place}: ${pair.key} is already set in ${first.place}`);
    else found.set(pair.key, pair);
  }
  return found;
}

/**
 * Reads the settings from the configuration file and the PAM arguments, which win.
 *
 * Returns all mistakes, a sentence each, if there is one: nothing then holds.
 */
export function readSettings(
  configuration: Uint8Array | undefined,
  pamArguments: readonly Uint8Array[],
): Settings | { readonly mistakes: readonly string[] } {
  const mistakes: string[] = [];
  const text = configuration ? decodeText(configuration) : "";
  if (text === undefined) mistakes.push("wpam.conf: not valid UTF-8");
  const fromFile = unique(readLines(text ?? ""), mistakes);
  const fromLine = unique(
    pamArguments.flatMap((bytes, i) => {
      const place = `PAM argument ${i + 1}`;
      const argument = decodeText(bytes);
      if (argument === undefined) return `${place}: not valid UTF-8`;
      return MODULES_OWN.test(argument) ? [] : readPair(place, argument);
    }),
    mistakes,
  );
  const values: Partial<Record<Key, unknown>> = {};
  for (const [key, setting] of Object.entries(SETTINGS) as [Key, Setting<unknown>][]) {
    const given = fromLine.get(key) ?? fromFile.get(key);
    const source = given?.text ?? setting.standard;
    if (source === undefined) {
      if (text !== undefined) mistakes.push(`wpam.conf: ${key} is missing: ${setting.meaning}`);
      continue;
    }
    if (/\p{Cc}/u.test(source)) {
      mistakes.push(`${given?.place}: ${key} has a control character in it`);
      continue;
    }
    const value = setting.read(source);
    if (value === undefined && source !== setting.standard) {
      mistakes.push(`${given?.place}: ${key} must be ${setting.range}`);
    }
    values[key] = value;
  }
  return mistakes.length > 0 ? { mistakes } : values as unknown as Settings;
}

/**
 * Reads the text of ca.pem, the trust anchors that replace the system's.
 *
 * Returns a mistake when it holds no certificate: TLS would take that for "no anchors of ours".
 */
export function readAnchors(bytes: Uint8Array): string | { readonly mistakes: readonly string[] } {
  const pem = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g;
  const text = new TextDecoder().decode(bytes);
  const found = [...text.matchAll(pem)].some(([, base64]) => {
    try {
      const [tag, length] = Uint8Array.fromBase64(base64!);
      return tag === 0x30 && length === 0x82;
    } catch {
      return false;
    }
  });
  return found
    ? text
    : { mistakes: ["ca.pem: no certificate in it: put one there or remove the file"] };
}
