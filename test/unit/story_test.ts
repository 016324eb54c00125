// Unit tests of test/story.ts: the story format and the comparison of log lines. They start nothing.
// Called by `deno test`.

import assert from "node:assert/strict";
import { compareLog, expandPlaceholders, parseStory, readStories } from "../story.ts";

const MINIMAL = "# Shows the defaults.\n\n[outcome]\nallowed\n";

Deno.test("parseStory() fills in the defaults", () => {
  const story = parseStory("group/minimal", MINIMAL);
  assert.equal(story.summary, "Shows the defaults.");
  assert.equal(story.config, "{standard}\n");
  assert.deepEqual(story.login, {
    user: "alice",
    rhost: "203.0.113.7",
    tty: "ssh",
    phases: ["authenticate", "account"],
    factor: "none",
    before: null,
    within: null,
    waits: null,
  });
  assert.equal(story.dialogue, null);
  assert.equal(story.outcome, "allowed");
  assert.deepEqual(story.rungs, ["helper", "pam"]);
});

Deno.test("parseStory() keeps the configuration word for word", () => {
  const story = parseStory("x", "# S.\n[config]\n# a comment\n\n  key=1\n\n[outcome]\ndenied\n");
  assert.equal(story.config, "# a comment\n\n  key=1\n");
});

Deno.test("parseStory() reads every kind of reply", () => {
  const story = parseStory(
    "x",
    '# S.\n[dialogue]\necho "A: " <- "a\\u007f"\nhidden "B\\"" <- after 2 s ""\n' +
      'echo "C" <- bytes "ff0a"\necho "D" <- null\necho "E" <- no-array\n[outcome]\nleft\n',
  );
  assert.deepEqual(story.dialogue, [
    { echo: true, prompt: "A: ", pause: 0, reply: { kind: "text", text: "a\x7f" } },
    { echo: false, prompt: 'B"', pause: 2000, reply: { kind: "text", text: "" } },
    {
      echo: true,
      prompt: "C",
      pause: 0,
      reply: { kind: "bytes", bytes: Uint8Array.of(0xff, 0x0a) },
    },
    { echo: true, prompt: "D", pause: 0, reply: { kind: "null" } },
    { echo: true, prompt: "E", pause: 0, reply: { kind: "no-array" } },
  ]);
});

Deno.test("parseStory() tells an empty dialogue from none", () => {
  assert.deepEqual(parseStory("x", MINIMAL + "[dialogue]\n").dialogue, []);
});

Deno.test("parseStory() reads explicit codes, file traits and counters", () => {
  const story = parseStory(
    "x",
    '# S.\n[files]\nca.pem mode 0666\nwpam.conf absent\nca.pem text "x\\n"\n' +
      "[outcome]\nauthenticate PAM_CONV_ERR\n[requests]\nrequests = 0\n[rungs]\npam sshd\n",
  );
  assert.equal(story.outcome, null);
  assert.deepEqual(story.codes, [["authenticate", "PAM_CONV_ERR"]]);
  assert.deepEqual(story.files, [
    { file: "ca.pem", trait: "mode", value: "0666" },
    { file: "wpam.conf", trait: "absent", value: "" },
    { file: "ca.pem", trait: "text", value: "x\n" },
  ]);
  assert.deepEqual(story.requests, { requests: 0 });
  assert.deepEqual(story.rungs, ["pam", "sshd"]);
});

Deno.test("parseStory() reads what a login happens in and what was sent", () => {
  const story = parseStory(
    "x",
    '# S.\n[login]\nuser = "a\\nb"\nrhost = "c d"\nfactor = password\nbefore = optional a.so\n' +
      "waits = 2 s\n[files]\nwpam.log fifo\n[environment]\nA=b\n[proxy]\nbehave = status 403\n" +
      '[requests]\ntunnels = 0\nwID = "\\""\nuser = 0\n[outcome]\ndenied\n',
  );
  const { user, rhost, factor, before, waits } = story.login;
  assert.deepEqual([user, rhost, factor, before, waits], [
    "a\nb",
    "c d",
    "password",
    "optional a.so",
    2000,
  ]);
  assert.deepEqual(story.files, [{ file: "wpam.log", trait: "fifo", value: "" }]);
  assert.deepEqual(story.environment, ["A=b"]);
  assert.deepEqual(story.proxy, ["behave = status 403"]);
  assert.deepEqual(story.requests, { tunnels: 0 });
  assert.deepEqual(story.sent, { wID: '"', user: "0" });
  assert.equal(parseStory("x", MINIMAL).proxy, null);
  assert.deepEqual(parseStory("x", MINIMAL + "[proxy]\n").proxy, []);
});

for (
  const [fault, source] of [
    ["no summary", "[outcome]\nallowed\n"],
    ["no outcome", "# S.\n"],
    ["an unknown outcome", "# S.\n[outcome]\nperhaps\n"],
    ["an unknown section", MINIMAL + "[extra]\n"],
    ["a section twice", MINIMAL + "[outcome]\ndenied\n"],
    ["an unknown login key", MINIMAL + "[login]\nuid = 0\n"],
    ["an unknown rung", MINIMAL + "[rungs]\nmoon\n"],
    ["an unknown factor", MINIMAL + "[login]\nfactor = luck\n"],
    ["a text for a counter", MINIMAL + "[requests]\nrequests = some\n"],
    ["a reply without quotes", MINIMAL + '[dialogue]\necho "A" <- b\n'],
    ["text before the first section", "# S.\nallowed\n[outcome]\nallowed\n"],
  ] as const
) {
  Deno.test(`parseStory() refuses ${fault}`, () => {
    assert.throws(() => parseStory("x", source), SyntaxError);
  });
}

Deno.test("expandPlaceholders() replaces known names and refuses unknown ones", () => {
  assert.equal(expandPlaceholders("{a}{b} {} {X}", { a: "1", b: () => "2" }), "12 {} {X}");
  assert.equal(expandPlaceholders("\\u{a}{a}", { a: "1" }), "\\u{a}1");
  assert.throws(() => expandPlaceholders("{c}", {}), /unknown placeholder/);
});

Deno.test("compareLog() holds {ref} fast and lets {ms} and {...} vary", () => {
  const templates = ["A user={user} ms={ms} ref={ref}", 'B ref={ref} reason="{...}"'];
  const values = { user: "al.ce" };
  const first = "A user=al.ce ms=12 ref=k7m2p9qa";
  assert.equal(compareLog(templates, [first, 'B ref=k7m2p9qa reason="x"'], values), null);
  assert.match(compareLog(templates, [first, 'B ref=k7m2p9qb reason="x"'], values)!, /line 2/);
  assert.match(compareLog(templates, [first.replace("al.ce", "alice")], values)!, /line 1/);
  assert.match(compareLog(templates, [first], values)!, /missing/);
  assert.match(compareLog([], [first], values)!, /surplus/);
  assert.match(compareLog(templates, [first], { ...values, ref: "other234" })!, /line 1/);
});

Deno.test("every defect of the predecessor that a login can show has its story, and the others a test", async () => {
  const stories = (["helper", "pam", "sshd"] as const).flatMap((rung) =>
    readStories(new URL("../scenarios/", import.meta.url), rung)
  );
  const titles = stories.map(({ summary }) => summary);
  for await (const { name } of Deno.readDir(new URL("../", import.meta.url))) {
    if (name.endsWith("_test.ts")) {
      titles.push(await Deno.readTextFile(new URL(`../${name}`, import.meta.url)));
    }
  }
  const told = titles.flatMap((title) => [...title.matchAll(/\(defect (\d+)\)/g)])
    .map(([, number]) => Number(number));
  const missing = Array.from({ length: 36 }, (_, i) => i + 1).filter((one) => !told.includes(one));
  assert.deepEqual(missing, []);
});
