/**
 * What the benchmark says of its measurements, and the page that it says it in.
 */
import assert from "node:assert/strict";
import { drawChart } from "../bench/chart.ts";
import { formatGoals, formatTable, replaceReport } from "../bench/report.ts";
import { pickMedian, pickPercentile } from "../statistics.ts";

const PAGE = new URL("../../docs/performance.md", import.meta.url);

Deno.test("pickPercentile() takes a value that was measured", () => {
  const values = Array.from({ length: 20 }, (_, i) => 20 - i);
  assert.deepEqual([50, 95, 100].map((percent) => pickPercentile(values, percent)), [10, 19, 20]);
  assert.deepEqual([pickMedian([3, 1, 2]), pickMedian([])], [2, NaN]);
});

Deno.test("formatTable() sets names left, figures right, with digits that mean something", () => {
  const rows = [["a", 1.234, 12.34], ["longer", 1234.5, NaN]];
  assert.equal(
    formatTable({ title: "T", columns: ["", "ms", "p95"], rows }),
    "T\n\n          ms   p95\na       1.23  12.3\nlonger  1235     -",
  );
});

Deno.test("formatGoals() tells met from missed, and a figure that is none is missed", () => {
  const goals = [1, 1.1, NaN].map((value) => ({ what: "w", value, most: 1 }));
  assert.deepEqual(formatGoals(goals).split("\n").map((line) => line.slice(0, 6)), [
    "met   ",
    "MISSED",
    "MISSED",
  ]);
});

Deno.test("replaceReport() replaces the earlier report in docs/performance.md and nothing else", async () => {
  const page = await Deno.readTextFile(PAGE);
  const report = { machine: { date: "today" }, tables: [], goals: [] };
  const once = replaceReport(page, report);
  assert.match(once, /\ndate: today\n/);
  assert.equal(replaceReport(once, report), once);
  const cut = (text: string) => text.replace(/<!-- written[^]*<!-- end -->/, "");
  assert.equal(cut(once), cut(page));
  assert.throws(() => replaceReport("no place", report), /lacks/);
});

Deno.test("drawChart() draws a bar for each case and keeps names from being markup", () => {
  const bars = [{ name: "<a>", p50: 1, p95: 2 }, { name: "b", p50: 2, p95: 2 }];
  const svg = drawChart([{ title: "T", bars }]);
  assert.equal(svg.match(/<rect [^>]*fill="#/g)?.length, 2);
  assert.ok(svg.includes("&lt;a>") && !svg.includes("<a>"));
});
