/**
 * docs/SECURITY.md against the tree: the functions, files and stories that its tables name are there.
 */
import assert from "node:assert/strict";

const TOP = new URL("../../", import.meta.url);

function listFiles(folder: string): string[] {
  return [...Deno.readDirSync(new URL(folder, TOP))].flatMap(({ name, isDirectory }) =>
    isDirectory ? listFiles(`${folder}${name}/`) : [`${folder}${name}`]
  );
}

const files = ["shim/", "src/", "test/", "tools/", "docs/"].flatMap(listFiles)
  .filter((name) => !name.includes("node_modules"));
const stories = files.filter((name) => name.endsWith(".story"))
  .map((name) => name.replace("test/scenarios/", ""));
const code = files.filter((name) => /^(shim|src)\//.test(name))
  .map((name) => Deno.readTextFileSync(new URL(name, TOP))).join("\n");

Deno.test("docs/SECURITY.md names functions, files and stories that exist", () => {
  const text = Deno.readTextFileSync(new URL("docs/SECURITY.md", TOP));
  const rows = text.split("\n").filter((line) => line.startsWith("| "));
  const named = rows.flatMap((row) => [...row.matchAll(/`([^`]+)`/g)].map(([, name]) => name!));
  assert.ok(named.length > 60);
  // A story's name stands after its folder's: "`tls/`: `expired`, `alert`".
  const exists = (name: string): boolean => {
    if (/^\w+\(\)$/.test(name)) return new RegExp(`\\b${name.slice(0, -2)}\\b`).test(code);
    if (/\.(c|h|ts|sh|md|txt)$/.test(name)) return files.some((file) => file.endsWith(name));
    if (/^[\w/-]+(\/|\*|\.story)$|^\w+\/[\w*-]+$/.test(name)) {
      const pattern = name.replaceAll("*", "[^/]*").replace(/\.story$/, "");
      return files.some((file) => file.startsWith(name)) ||
        stories.some((story) => new RegExp(`(^|/)${pattern}(\\.story$|(?<=/))`).test(story));
    }
    return true;
  };
  assert.deepEqual(named.filter((name) => !exists(name)), []);
});
