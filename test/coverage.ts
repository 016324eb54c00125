// Tells how much of shim/ and src/ the tests have reached: a row a file, and each line that none has, with the reason
// that test/unreached.txt gives for it. Fails below 95 %, at a line without a reason, and at a reason without a line.
// Reads what the counting builds have left in build/coverage. Called by `make coverage`.

const TOP = new URL("../", import.meta.url).pathname;
const FOLDER = `${TOP}build/coverage`;
const LEAST = 95;

/** How often each line of a file with code in it was reached, by its number. */
type Counts = Map<string, Map<number, number>>;

async function run(program: string, ...args: string[]): Promise<string> {
  const command = new Deno.Command(program, { args, cwd: FOLDER, stderr: "inherit" });
  const { success, stdout } = await command.output();
  if (!success) throw new Error(`${program} failed`);
  return new TextDecoder().decode(stdout);
}

/** Counts a line; several builds and runs may have reached it. */
function add(counts: Counts, file: string, line: number, count: number): void {
  const lines = counts.get(file) ?? new Map<number, number>();
  lines.set(line, (lines.get(line) ?? 0) + count);
  counts.set(file, lines);
}

async function countC(counts: Counts): Promise<void> {
  const data = ["", "openpam/"].flatMap((folder) =>
    [...Deno.readDirSync(`${FOLDER}/${folder}`)].map(({ name }) => folder + name)
      .filter((name) => name.endsWith(".gcda"))
  );
  const reports = await run("gcov", "--json-format", "--stdout", ...data);
  for (const report of reports.trim().split("\n")) {
    for (const { file, lines } of JSON.parse(report).files) {
      const path = file.replace(TOP, "");
      if (!path.startsWith("shim/")) continue;
      for (const { line_number, count } of lines) add(counts, path, line_number, count);
    }
  }
}

async function countTypeScript(counts: Counts): Promise<void> {
  const report = await run(Deno.execPath(), "coverage", "--lcov", "--quiet", "ts");
  let path = "";
  for (const line of report.split("\n")) {
    const [, key, value = ""] = /^(SF|DA):(.*)$/.exec(line) ?? [];
    if (key === "SF") path = value.replace(TOP, "");
    if (key !== "DA" || !path.startsWith("src/")) continue;
    const [number, count] = value.split(",").map(Number);
    add(counts, path, number!, count!);
  }
}

/** Reads the reasons: `FILE: CODE` of the first line of a stretch, and indented below it why no test reaches it. */
function readReasons(): Map<string, string> {
  const text = Deno.readTextFileSync(`${TOP}test/unreached.txt`);
  const entries = text.matchAll(/^(\S+: .+)\n {4}(.+)$/gm);
  return new Map([...entries].map(([, place, reason]) => [place!, reason!]));
}

/** Lists stretches of code that was not reached: lines with nothing between them that was. */
function listMissed(lines: ReadonlyMap<number, number>): number[][] {
  const stretches: number[][] = [];
  let open = false;
  for (const [line, count] of [...lines].sort(([a], [b]) => a - b)) {
    if (count === 0 && open) stretches.at(-1)!.push(line);
    else if (count === 0) stretches.push([line]);
    open = count === 0;
  }
  return stretches;
}

const counts: Counts = new Map();
await countC(counts);
await countTypeScript(counts);
const reasons = readReasons();
const unused = new Set(reasons.keys());
const totals = new Map<string, [reached: number, all: number]>();
const unexplained: string[] = [];
for (const [file, lines] of [...counts].sort(([a], [b]) => a < b ? -1 : 1)) {
  const reached = [...lines.values()].filter((count) => count > 0).length;
  const folder = file.replace(/\/.*/, "/");
  const [before, all] = totals.get(folder) ?? [0, 0];
  totals.set(folder, [before + reached, all + lines.size]);
  console.log(`${file.padEnd(20)} ${(100 * reached / lines.size).toFixed(1).padStart(6)} %`);
  const source = Deno.readTextFileSync(TOP + file).split("\n");
  const show = (line: number) => source[line - 1]!.trim();
  for (const stretch of listMissed(lines)) {
    const place = `${file}: ${show(stretch[0]!)}`;
    const reason = reasons.get(place);
    unused.delete(place);
    for (const line of stretch) console.log(`    ${String(line).padStart(4)}  ${show(line)}`);
    if (reason === undefined) unexplained.push(place);
    else console.log(`          ${reason}`);
  }
}
let good = true;
for (const [folder, [reached, all]] of totals) {
  const percent = 100 * reached / all;
  console.log(`${folder.padEnd(20)} ${percent.toFixed(1).padStart(6)} % of ${all} lines`);
  good &&= percent >= LEAST;
}
if (unexplained.length > 0) {
  console.log(`no reason in test/unreached.txt: ${unexplained.join(" ")}`);
}
if (unused.size > 0) console.log(`reached after all:\n${[...unused].join("\n")}`);
if (!good || unexplained.length > 0 || unused.size > 0) Deno.exit(1);
