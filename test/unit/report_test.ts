/**
 * installer/report.ts: the same run on a terminal, in a pipe, in plain ASCII and as JSON.
 */
import assert from "node:assert/strict";
import { Report, type Screen, tellDuration, wrap } from "../../installer/report.ts";

function open(features: Partial<Screen> = {}, json = false) {
  let shown = "";
  const screen: Screen = {
    write: (text) => shown += text,
    terminal: false,
    colour: false,
    utf8: true,
    ...features,
  };
  return { report: new Report(screen, json), read: () => shown };
}

Deno.test("Report marks a line, and wraps it at 80 columns below its text", () => {
  const { report, read } = open();
  report.mark("warning", `${"word ".repeat(20)}end`);
  const lines = read().split("\n");
  assert.match(lines[0]!, /^! word/);
  assert.match(lines[1]!, /^ {2}word/);
  for (const line of lines) assert.ok(line.length <= 80);
});

Deno.test("Report needs no more than ASCII where the locale has no more", () => {
  const { report, read } = open({ utf8: false });
  for (const mark of ["done", "note", "warning", "problem"] as const) report.mark(mark, "x – y");
  assert.equal(read(), "[ok] x - y\n[-] x - y\n[!] x - y\n[x] x - y\n");
});

Deno.test("Report colours only a screen that has colours", () => {
  const plain = open();
  plain.report.title("T");
  plain.report.mark("done", "a");
  plain.report.quote("+ b");
  assert.ok(!plain.read().includes("\x1b"));
  const coloured = open({ colour: true });
  coloured.report.quote("+ b\n- c\n@@ d\n e\n");
  assert.equal(
    coloured.read(),
    "\x1b[32m+ b\x1b[0m\n\x1b[31m- c\x1b[0m\n\x1b[36m@@ d\x1b[0m\n e\n",
  );
});

Deno.test("Report shows no control characters of a quoted file", () => {
  const { report, read } = open();
  report.quote("+a\x1b[2Jb\tc\r");
  assert.equal(read(), "+a?[2Jb\tc?\n");
});

Deno.test("Report.during() draws only on a terminal, and marks the end everywhere", async () => {
  const pipe = open();
  assert.equal(await pipe.report.during("It is done", () => Promise.resolve(1)), 1);
  assert.equal(pipe.read(), "✓ It is done\n");
  const terminal = open({ terminal: true });
  await terminal.report.during("It is done", () => new Promise((end) => setTimeout(end, 1100)));
  assert.match(
    terminal.read(),
    /^\r… It is done .*\r… It is done \(1 s\).*\r\x1b\[K✓ It is done \(1 s\)\n$/,
  );
});

Deno.test("Report.during() clears its line and passes on what went wrong", async () => {
  const { report, read } = open({ terminal: true });
  await assert.rejects(report.during("It is done", () => Promise.reject(new Error("no"))), /no/);
  assert.match(read(), /\r\x1b\[K$/);
});

Deno.test("Report writes one JSON object and nothing else", async () => {
  const { report, read } = open({ terminal: true, colour: true }, true);
  report.title("T");
  report.say("text");
  report.quote("+ x");
  await report.during("It is done", () => Promise.resolve());
  report.mark("warning", "w");
  report.mark("problem", "p");
  assert.equal(report.finish("install", 3, { result: "refused" }), 3);
  assert.deepEqual(JSON.parse(read()), {
    schema: 1,
    command: "install",
    exit: 3,
    result: "refused",
    warnings: ["w"],
    problems: ["p"],
  });
});

Deno.test("wrap() keeps a long word whole, and line breaks", () => {
  assert.equal(wrap(`a ${"x".repeat(90)} b\nc`, "  "), `a\n  ${"x".repeat(90)}\n  b\n  c`);
});

Deno.test("tellDuration() speaks in the largest unit that fits", () => {
  assert.deepEqual([1, 10, 60, 90, 300, 3600, 7200].map(tellDuration), [
    "1 second",
    "10 seconds",
    "1 minute",
    "90 seconds",
    "5 minutes",
    "1 hour",
    "2 hours",
  ]);
});
