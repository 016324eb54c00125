/**
 * installer/checks.ts: how checks are run, and those that need no machine.
 */
import assert from "node:assert/strict";
import {
  type Check,
  CHECKS,
  type Context,
  type Finding,
  runChecks,
} from "../../installer/checks.ts";

const CONTEXT = {
  host: { operator: { uid: 0 } },
  services: [],
  conf: undefined,
  anchors: undefined,
} as unknown as Context;
const ERROR: Finding = { id: "e", severity: "error", seen: "It is broken." };

function make(id: string, needs: string[], run: () => Promise<Finding[]> | Finding[]): Check {
  return { id, title: id, needs, run: async () => await run() };
}

async function run(checks: Check[], ids?: string[], patience = 5000): Promise<unknown[]> {
  const results = await runChecks(CONTEXT, ids ?? checks.map(({ id }) => id), checks, { patience });
  return results.map(({ check, findings, skipped }) => [
    check.id,
    skipped ?? findings.map(({ seen }) => seen).join(),
  ]);
}

Deno.test("runChecks() runs checks side by side", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const wait = make("a", [], () => promise.then(() => []));
  assert.deepEqual(await run([wait, make("b", [], () => (resolve(), []))]), [["a", ""], ["b", ""]]);
});

Deno.test("runChecks() skips what a failed check makes pointless, and names that", async () => {
  const checks = [
    make("a", [], () => [ERROR]),
    make("b", ["a"], () => assert.fail("b ran")),
    make("c", ["b"], () => assert.fail("c ran")),
    make("d", [], () => [{ ...ERROR, severity: "warning" }]),
    make("e", ["d"], () => []),
  ];
  assert.deepEqual(await run(checks), [
    ["a", ERROR.seen],
    ["b", "a"],
    ["c", "a"],
    ["d", ERROR.seen],
    ["e", ""],
  ]);
});

Deno.test("runChecks() runs once what several need, and nothing else", async () => {
  let runs = 0;
  const checks = [
    make("a", [], () => (runs++, [])),
    make("b", ["a"], () => []),
    make("c", ["a", "b"], () => []),
    make("d", [], () => assert.fail("d ran")),
  ];
  assert.deepEqual(await run(checks, ["c"]), [["a", ""], ["b", ""], ["c", ""]]);
  assert.equal(runs, 1);
});

Deno.test("runChecks() takes a check that throws, or hangs, for a finding", async () => {
  const hang = Promise.withResolvers<Finding[]>();
  const checks = [
    make("a", [], () => assert.fail("no such luck")),
    make("b", [], () => hang.promise),
  ];
  assert.deepEqual(await run(checks, undefined, 50), [
    ["a", "This could not be checked: a (no such luck)."],
    ["b", "This could not be checked: b (no end within 0.05 s)."],
  ]);
});

Deno.test("CHECKS have ids in kebab-case, each once, and need only checks above them", () => {
  const ids = CHECKS.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  for (const [at, { id, needs }] of CHECKS.entries()) {
    assert.match(id, /^[a-z]+(-[a-z]+)*$/);
    for (const need of needs) assert.ok(ids.indexOf(need) < at, `${id} needs ${need}`);
  }
});

Deno.test("config-parses names every mistake in wpam.conf and ca.pem, and no value", async () => {
  const conf = "server_url = h\nservice_id = i\nservice_kee = hunter2\n";
  const context = { ...CONTEXT, conf, anchors: "none" };
  const [result] = await runChecks(context, ["config-parses"]);
  assert.deepEqual(result!.findings.map(({ id, severity, seen }) => [id, severity, seen]), [
    [
      "config-parses",
      "error",
      'wpam.conf line 3: unknown key "service_kee": did you mean service_key?',
    ],
    [
      "config-parses",
      "error",
      "wpam.conf: service_key is missing: the key of that service; a secret.",
    ],
    ["config-parses", "error", "ca.pem: no certificate in it: put one there or remove the file."],
  ]);
});
