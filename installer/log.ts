/**
 * `wpam log`: the logins of this machine as a table, or one of them with what its end means and the likely mend.
 *
 * It reads the log and its older parts and changes nothing.
 */
import { advise } from "./advice.ts";
import { EXIT, orAborted } from "./change.ts";
import type { LogOptions } from "./command.ts";
import { type Host, openView, probeHost, type View } from "./host.ts";
import { listLogs, readLogFile } from "./log_files.ts";
import { type LogLine, parseLog, readTime } from "./log_line.ts";
import { findOurLines, findPlaces } from "./our_lines.ts";
import { type Mark, type Report, Stop, wrap } from "./report.ts";
import { blank, listSecrets } from "./secrets.ts";
import { readPam } from "./sources.ts";
import type { World } from "./world.ts";

const NONE = 1;
/** How many logins are shown without --since. */
const SHOWN = 50;
/** How often a log that is followed is looked at, in ms. */
const PAUSE = 500;
/** They come to 80 with the blanks between them. */
const COLUMNS = [14, 13, 11, 15, 5, 8, 8] as const;

/** Shows the log. Returns the exit code. */
export async function log(options: LogOptions, world: World): Promise<number> {
  const { report, signal } = world;
  const view = openView();
  const host = await probeHost(view);
  const path = findLog(host);
  const secrets = listSecrets(host);
  const { since, ref, user } = options;
  const after = since === undefined ? -Infinity : Date.now() - since * 1000;
  const wanted = (line: LogLine) =>
    (user === undefined || line.fields.get("user") === user) &&
    (ref === undefined || line.fields.get("ref") === ref) && readTime(line) >= after;
  if (view.status(path) === undefined && listLogs(view, path).length === 0) {
    throw new Stop(NONE, `There is no ${path} yet: nobody has logged in through wpam.`);
  }
  const read = (text: string) => parseLog(blank(text, secrets)).filter(wanted);
  const lines = await readAll(view, path, after, read);
  if (ref !== undefined) return tellStory(report, ref, lines);
  const rows = lines.filter(({ level, outcome }) => outcome !== undefined || level !== "DEBUG");
  const shown = since === undefined ? rows.slice(-SHOWN) : rows;
  if (options.follow) {
    for (const line of shown) tellLine(report, line);
    await follow(view, path, signal, (text) => {
      for (const line of read(text)) tellLine(report, line);
    });
    return EXIT.done;
  }
  if (shown.length > 0) tellHead(report);
  for (const line of shown) tellRow(report, line);
  const older = rows.length - shown.length;
  if (shown.length === 0) report.mark("note", "No login is in the log that fits.");
  else if (older > 0) report.say(`\n${older} older ones: wpam log --since 30d`);
  if (shown.some(({ outcome }) => outcome !== "allowed")) {
    report.say("\nWhat the end of one means: wpam log REF");
  }
  return report.finish("log", EXIT.done, { path, lines: shown.map(describe) });
}

/** Finds where the module writes, which its PAM line may say. */
export function findLog(host: Host): string {
  const [line] = findOurLines(readPam(host), ["sshd"]);
  return findPlaces(line?.arguments ?? []).log;
}

/** Reads the log and those older parts that may reach into the time asked for. */
async function readAll(
  view: View,
  path: string,
  after: number,
  read: (text: string) => LogLine[],
): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  for (const file of listLogs(view, path)) {
    if ((view.status(file)?.mtime ?? 0) * 1000 < after) continue;
    lines.push(...read(await readLogFile(view, file)));
  }
  return lines;
}

/** Waits for more lines, also when the log begins anew, until somebody has had enough. */
async function follow(
  view: View,
  path: string,
  signal: AbortSignal,
  tell: (text: string) => void,
): Promise<void> {
  let inode = view.status(path)?.inode;
  let seen = view.status(path)?.size ?? 0;
  for (;;) {
    try {
      await orAborted(new Promise((resolve) => setTimeout(resolve, PAUSE)), signal);
    } catch {
      return;
    }
    const status = view.status(path);
    if (status === undefined || (status.inode === inode && status.size === seen)) continue;
    if (status.inode !== inode || status.size < seen) seen = 0;
    inode = status.inode;
    const text = view.read(path) ?? "";
    const end = text.lastIndexOf("\n") + 1;
    tell(text.slice(seen, end));
    seen = end;
  }
}

function tellLine(report: Report, line: LogLine): void {
  if (report.json) report.screen.write(`${JSON.stringify(describe(line))}\n`);
  else tellRow(report, line);
}

function tellHead(report: Report): void {
  report.say(layOut(["time", "end", "user", "from", "by", "took", "ref"]).trimEnd());
}

function tellRow(report: Report, { time, level, event, fields, outcome }: LogLine): void {
  const get = (name: string) => fields.get(name) ?? "";
  const took = fields.has("ms") ? `${get("ms")} ms` : "";
  const end = outcome ?? level.toLowerCase();
  const row = [time.slice(5), end, get("user"), get("rhost"), get("method"), took, get("ref")];
  report.say(layOut(row).trimEnd());
  const reason = outcome === undefined ? `${event}: ${get("reason")}` : get("reason");
  if (reason !== "") report.say(`  ${wrap(reason, "  ")}`);
}

function layOut(words: readonly string[]): string {
  return words.map((word, at) => {
    const width = COLUMNS[at]!;
    return (word.length > width ? `${word.slice(0, width - 1)}~` : word).padEnd(width);
  }).join(" ");
}

const MARKS: Readonly<Record<string, Mark>> = { INFO: "done", WARN: "warning", ERROR: "problem" };

/** Tells all of one login, what its end means, and what to do. */
function tellStory(report: Report, ref: string, lines: readonly LogLine[]): number {
  if (lines.length === 0) throw new Stop(NONE, `No login with the ref ${ref} is in the log.`);
  const closing = lines.findLast(({ outcome }) => outcome !== undefined);
  for (const line of lines) {
    report.mark(MARKS[line.level] ?? "note", `${line.time} ${line.event}`);
    for (const [name, value] of line.fields) {
      if (name !== "ref") report.say(`  ${name.padEnd(11)}${wrap(value, " ".repeat(13))}`);
    }
    report.say("");
  }
  const advice = closing && advise(closing.outcome!, closing.fields.get("reason") ?? "");
  if (advice) {
    report.say(`  means      ${wrap(advice.meaning, " ".repeat(13))}`);
    if (advice.mend !== "") report.say(`  mend       ${wrap(advice.mend, " ".repeat(13))}`);
  }
  const facts = { ref, lines: lines.map(describe), advice: advice ?? null };
  return report.finish("log", EXIT.done, facts);
}

function describe({ time, level, event, fields, outcome }: LogLine) {
  return { time, level, event, outcome: outcome ?? null, ...Object.fromEntries(fields) };
}
