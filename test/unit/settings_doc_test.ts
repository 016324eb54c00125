/**
 * docs/settings.md against the table in src/config.ts: every key, with its default, range and meaning.
 */
import assert from "node:assert/strict";
import { SETTINGS } from "../../src/config.ts";

const rows = Object.entries(SETTINGS).map(([key, { standard, range, meaning }]) =>
  `| \`${key}\` | ${
    standard === undefined ? "must be set" : standard || "none"
  } | ${range} | ${meaning} |`
);

Deno.test("docs/settings.md tells what the table of settings tells", async () => {
  const text = await Deno.readTextFile(new URL("../../docs/settings.md", import.meta.url));
  const table = text.split("\n").filter((line) => line.startsWith("| `"));
  assert.deepEqual(table, rows, `the table should be:\n${rows.join("\n")}\n`);
});
