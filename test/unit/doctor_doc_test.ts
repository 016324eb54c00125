/**
 * docs/doctor.md against the table in installer/checks.ts: every check, with its title and what it needs.
 */
import assert from "node:assert/strict";
import { CHECKS } from "../../installer/checks.ts";

const rows = CHECKS.map(({ id, title, needs }) =>
  `| \`${id}\` | ${title} | ${needs.map((need) => `\`${need}\``).join(", ")} |`
);

Deno.test("docs/doctor.md tells what the table of checks tells", async () => {
  const text = await Deno.readTextFile(new URL("../../docs/doctor.md", import.meta.url));
  const [, table = ""] = /^\| id \|.*\n.*\n((?:\|.*\n)*)/m.exec(text) ?? [];
  assert.deepEqual(table.trim().split("\n"), rows, `the table should be:\n${rows.join("\n")}\n`);
});
