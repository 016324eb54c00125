// What is below a folder, for tests that ask whether everything is as it was. It only looks. Called by
// test/trees_test.ts and test/machine.ts.

import { createHash } from "node:crypto";

/** By path: kind, mode, owner, and the content's hash or the link's target. */
export type Listing = Readonly<Record<string, string>>;

/** Lists all that is below a folder, or below some places in it; a place that is missing is no error. */
export function list(root: string, places: readonly string[] = [""]): Listing {
  const found: Record<string, string> = {};
  const walk = (folder: string) => {
    for (const { name } of readFolder(root + folder)) {
      const path = `${folder}/${name}`;
      const { isDirectory, isFile, isSymlink, mode, uid, gid } = Deno.lstatSync(root + path);
      const attributes = `${(mode! & 0o7777).toString(8)} ${uid}:${gid}`;
      found[path] = isSymlink
        ? `-> ${Deno.readLinkSync(root + path)}`
        : isFile
        ? `${attributes} ${hash(Deno.readFileSync(root + path))}`
        : attributes;
      if (isDirectory) walk(path);
    }
  };
  for (const place of places) walk(place);
  return found;
}

/** Lists the paths at which two listings differ. */
export function compare(one: Listing, other: Listing): string[] {
  const paths = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...paths].filter((path) => one[path] !== other[path]).sort();
}

function readFolder(path: string): Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(path)];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

function hash(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex").slice(0, 16);
}
