/**
 * One line of wpam's log, read back.
 *
 * Text in, values out; src/log.ts and shim/log.c write what is read here. Called by log.ts, test_login.ts and the
 * checks.
 */
import type { Outcome } from "../src/policy.ts";
import { OUTCOMES } from "./advice.ts";

/** A line, cut into its parts. */
export interface LogLine {
  /** Local time: `2026-11-23 20:37:21`. */
  readonly time: string;
  readonly level: string;
  /** What happened, such as `login denied`. */
  readonly event: string;
  readonly fields: ReadonlyMap<string, string>;
  /** How the login ended, where this line closes one. */
  readonly outcome: Outcome | undefined;
}

const LINE = /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) - ([A-Z]+): (.*)$/;
/** A value as src/log.ts writes it. */
const FIELD = / ([a-z_]+)=(?:"((?:[^"\\]|\\.)*)"|(\S+))/g;

/** Reads a line; undefined for one that wpam has not written. */
export function parseLogLine(text: string): LogLine | undefined {
  const [, time, level, rest] = LINE.exec(text) ?? [];
  if (rest === undefined) return undefined;
  const found = [...rest.matchAll(FIELD)];
  const event = rest.slice(0, found[0]?.index);
  const fields = new Map(
    // Other escapes stay: they stand for what is not to be shown.
    found.map(([, name, quoted, plain]) =>
      [name!, quoted?.replace(/\\(["\\])/g, "$1") ?? plain!] as const
    ),
  );
  const outcome = OUTCOMES.find((outcome) => event === `login ${outcome}`);
  return { time: time!, level: level!, event, fields, outcome };
}

/** Reads all lines of a text that wpam has written. */
export function parseLog(text: string): LogLine[] {
  return text.split("\n").flatMap((line) => parseLogLine(line) ?? []);
}

/** Gives the time of a line, in ms since 1970. */
export function readTime({ time }: LogLine): number {
  return new Date(time.replace(" ", "T")).getTime();
}
