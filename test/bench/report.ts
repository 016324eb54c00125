// Says what was measured: as text, as Markdown, as JSON. Measures nothing. Called by test/bench/main.ts.

/** Rows of figures, each begun by its name. */
export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

/** Something that has to be so, and whether it was. */
export interface Goal {
  readonly what: string;
  readonly value: number;
  readonly most: number;
  /** What nobody can be better than, where that is known. */
  readonly least?: number;
}

/** All that one run of the benchmark has found. */
export interface Report {
  readonly machine: Readonly<Record<string, string>>;
  readonly tables: readonly Table[];
  readonly goals: readonly Goal[];
}

/** Writes a number with as many digits as mean something. */
function round(value: string | number): string {
  if (typeof value === "string") return value;
  if (Number.isNaN(value)) return "-";
  if (Number.isInteger(value)) return `${value}`;
  return value.toFixed(value < 10 ? 2 : value < 1000 ? 1 : 0);
}

/** Lays out a table in columns, names to the left and figures to the right. */
export function formatTable({ title, columns, rows }: Table): string {
  const cells = [columns, ...rows].map((row) => row.map(round));
  const widths = columns.map((_, i) => Math.max(...cells.map((row) => row[i]!.length)));
  const lines = cells.map((row) =>
    row.map((cell, i) => i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)).join("  ")
  );
  return [title, "", ...lines].map((line) => line.trimEnd()).join("\n");
}

/** Lists the goals, met or missed. */
export function formatGoals(goals: readonly Goal[]): string {
  return goals.map(({ what, value, most, least }) =>
    `${value <= most ? "met   " : "MISSED"}  ${what}: ${round(value)}, at most ${round(most)}` +
    (least === undefined ? "" : ` (the limit is ${round(least)})`)
  ).join("\n");
}

/** Writes the report as plain text. */
export function formatText({ machine, tables, goals }: Report): string {
  const facts = Object.entries(machine).map(([name, value]) => `${name}: ${value}`);
  return [facts.join("\n"), ...tables.map(formatTable), formatGoals(goals)].join("\n\n") + "\n";
}

const BEGIN = "<!-- written by WRITE=1 make bench -->";
const END = "<!-- end -->";

/** Puts the report in the place of the earlier one in a page; fails when the page has no place for it. */
export function replaceReport(page: string, report: Report): string {
  const [before, rest] = page.split(`${BEGIN}\n`);
  const [, after] = rest?.split(END) ?? [];
  if (rest === undefined || after === undefined) throw new Error(`the page lacks "${BEGIN}"`);
  return `${before}${BEGIN}\n\`\`\`text\n${formatText(report)}\`\`\`\n${END}${after}`;
}
