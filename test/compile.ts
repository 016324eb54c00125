// Compiles the small C programs of test/fake that tests start. It builds nothing of wpam itself: the Makefile does.
// Called by tests that need one.

import assert from "node:assert/strict";

/** Compiles a file of test/fake and fails, with what the compiler says, if that does not go well. */
export async function compile(name: string, output: string, ...flags: string[]): Promise<void> {
  const source = new URL(`fake/${name}`, import.meta.url).pathname;
  const args = ["-std=c11", "-D_GNU_SOURCE", "-o", output, source, ...flags];
  const { success, stderr } = await new Deno.Command("cc", { args }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
}
