/**
 * Log lines: one event, one line, logfmt values that cannot forge another line or field.
 *
 * Returns text; the module adds the time and writes it. Used by login.ts and main.ts.
 */
import { REDACTED, type Secret } from "./secret.ts";

/** How much an event matters; the module maps it to a syslog priority. */
export type Level = "INFO" | "WARN" | "ERROR" | "DEBUG";

/** Named values of a line, in the order in which they print; undefined ones are left out. */
export type Fields = Readonly<Record<string, string | number | undefined>>;

const VALUE_MAX = 256;
const BODY_MAX = 2048;
const PLAIN = /^[A-Za-z0-9._@:+/-]+$/;
const REVEALING = /key|token|secret|passw|code|otp|credential|authorization|cookie/i;

function escape(value: string, most: number): string {
  if (value.length <= most && PLAIN.test(value)) return value;
  let inner = "";
  for (const c of value) {
    if (inner.length >= most) return `"${inner}..."`;
    if (c === '"' || c === "\\") inner += `\\${c}`;
    else inner += /[\x20-\x7e]/.test(c) ? c : `\\u{${c.codePointAt(0)!.toString(16)}}`;
  }
  return `"${inner}"`;
}

/** Writes one line: `LEVEL: event name=value …`; a value is cut where it prints longer than 256 characters (`body`: 2048). */
export function formatLine(level: Level, event: string, fields: Fields): string {
  const values = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) =>
      `${name}=${escape(`${value}`, name === "body" ? BODY_MAX : VALUE_MAX)}`
    );
  return [`${level}: ${event}`, ...values].join(" ");
}

/** Replaces every occurrence of the secrets in a text that came from elsewhere. */
export function scrub(text: string, secrets: readonly Secret[]): string {
  return secrets.map((secret) => secret.reveal()).filter((value) => value !== "")
    .reduce((rest, value) => rest.replaceAll(value, REDACTED), text);
}

/** Copies a JSON value without secrets: ours wherever they stand, and at any depth what is named like one. */
export function redact(value: unknown, secrets: readonly Secret[]): unknown {
  if (Array.isArray(value)) return value.map((inner) => redact(inner, secrets));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [
        scrub(name, secrets),
        REVEALING.test(name) ? REDACTED : redact(inner, secrets),
      ]),
    );
  }
  const text = scrub(String(value), secrets);
  return typeof value === "string" || text !== String(value) ? text : value;
}
