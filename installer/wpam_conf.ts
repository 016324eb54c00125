/**
 * wpam.conf: reading and changing single settings, so that comments, order and all other lines keep their bytes.
 *
 * Text in, text out; text is Latin-1, one character a byte, as a View gives it. It judges no value: that is
 * src/config.ts, the parser of the logins, and checkConf() asks it. Called by wishes.ts and the subcommands.
 */
import { type Key, readSettings, SETTINGS, type Settings } from "../src/config.ts";
import { Secret } from "../src/secret.ts";
import { toBytes, toText } from "./host.ts";

/** What is wanted of each key; undefined takes the line out. */
export type Values = ReadonlyMap<Key, string | Secret | undefined>;

const HEADER =
  "# Settings of wpam, read at every login. The service key is a secret: keep this file root's, mode 0600.\n";
const PAIR = /^([ \t]*([a-z0-9_]+)[ \t]*=[ \t]*)(.*?)([ \t\r]*)$/;

/** Reads the values that a file gives, the first of each key; it neither checks them nor adds defaults. */
export function readKeys(conf: string): Map<Key, string | Secret> {
  const found = new Map<Key, string | Secret>();
  for (const line of conf.split("\n")) {
    const [, , key, value] = PAIR.exec(line) ?? [];
    if (key === undefined || !isKey(key) || found.has(key)) continue;
    const text = new TextDecoder().decode(toBytes(value!));
    found.set(key, isSecret(key) ? new Secret(text) : text);
  }
  return found;
}

/**
 * Gives keys new values where they stand, and adds those that are missing at the end. A line that has its
 * value already keeps its bytes, and of a key that stands twice only the first line is kept. Throws a
 * sentence for a value with a line break, which would be read as another setting.
 */
export function setKeys(conf: string, wanted: Values): string {
  const left = new Map(wanted);
  const seen = new Set<string>();
  const lines = (conf === "" ? HEADER : conf).split("\n").flatMap((line) => {
    const [, before, key, value, after] = PAIR.exec(line) ?? [];
    if (key === undefined || !isKey(key) || !wanted.has(key)) return [line];
    const text = writeValue(key, wanted.get(key));
    left.delete(key);
    if (text === undefined || seen.has(key)) return [];
    seen.add(key);
    return [text === value ? line : `${before}${text}${after}`];
  });
  const added = [...left].flatMap(([key, value]) => {
    const text = writeValue(key, value);
    return text === undefined ? [] : [`${key} = ${text}`];
  });
  if (added.length === 0) return lines.join("\n");
  if (lines.at(-1) === "") lines.pop();
  return [...lines, ...added, ""].join("\n");
}

/** Reads a file as a login does; its mistakes are sentences that show no value. */
export function checkConf(conf: string): Settings | { readonly mistakes: readonly string[] } {
  return readSettings(toBytes(conf), []);
}

/** Tells whether a key's value must not be shown: the service key, and a proxy with its password. */
export function isSecret(key: Key): boolean {
  return key === "service_key" || key === "http_proxy";
}

function isKey(word: string): word is Key {
  return Object.hasOwn(SETTINGS, word);
}

function writeValue(key: Key, value: string | Secret | undefined): string | undefined {
  const text = value instanceof Secret ? value.reveal() : value;
  if (text !== undefined && /[\r\n\0]/.test(text)) {
    throw new Error(`${key} has a line break in it: give it on one line.`);
  }
  return text === undefined ? undefined : toText(new TextEncoder().encode(text.trim()));
}
