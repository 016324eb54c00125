/**
 * The traps of installers: each is named in the title of a test, in brackets, or in the row of a table of tests.
 *
 * A1 to A24 are about the text of sshd_config, B1 to B18 about PAM files, C1 to C21 about the state of the machine.
 */
import assert from "node:assert/strict";

const TRAPS = { A: 24, B: 18, C: 21 };
const FOLDERS = ["../", "./"].map((folder) => new URL(folder, import.meta.url));

/** Lists the traps that are named in strings at the end of a title, or as the first cell of a row. */
function listNamed(source: string): string[] {
  const code = source.replace(/^ *\/\*\*[^]*?\*\/|(?<=^|\s)\/\/.*/gm, "");
  const titles = [...code.matchAll(/ \(((?:[ABC]\d+(?:, | to | and )?)+)\)[`"],? ?/g)].map((
    [, list],
  ) => list!);
  const cells = [...code.matchAll(/^ +\["([ABC]\d+)",/gm)].map(([, trap]) => trap!);
  return [...titles.flatMap(expand), ...cells];
}

/** Takes a list of traps apart: "C4 to C6, A1" is C4, C5, C6 and A1. */
function expand(list: string): string[] {
  return list.split(/, | and /).flatMap((part) => {
    const [first, last] = part.split(" to ");
    const from = Number(first!.slice(1));
    const to = Number((last ?? first!).slice(1));
    return Array.from({ length: to - from + 1 }, (_, more) => `${first![0]}${from + more}`);
  });
}

Deno.test("listNamed() reads titles and tables, and no comments", () => {
  const source =
    '/* (A1) */ // "x (A2)"\ntest("y (A3, B4)", () => {});\nconst T = [\n  ["C5", 1],\n];\n' +
    "test(`${name} (C6 to C8)`, () => {});\n";
  assert.deepEqual(listNamed(source), ["A3", "B4", "C6", "C7", "C8", "C5"]);
});

Deno.test("every trap is the name of a test", async () => {
  const named = new Set<string>();
  for (const folder of FOLDERS) {
    for await (const { name } of Deno.readDir(folder)) {
      if (!name.endsWith("_test.ts") || name === "traps_test.ts") continue;
      const source = await Deno.readTextFile(new URL(name, folder));
      for (const trap of listNamed(source)) named.add(trap);
    }
  }
  const all = Object.entries(TRAPS).flatMap(([letter, count]) =>
    Array.from({ length: count }, (_, at) => `${letter}${at + 1}`)
  );
  assert.deepEqual(all.filter((trap) => !named.has(trap)), []);
  assert.deepEqual([...named].filter((trap) => !all.includes(trap)), []);
});
