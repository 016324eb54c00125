// Builds a flavour of the helper into a folder of its own, as `make build` would into build/. It touches nothing else.
// Called by flavours_test.ts and node_test.ts.

const TOP = new URL("../", import.meta.url).pathname;

/** Runs tools/build-helper.sh, with nothing chosen but what `env` says; it may fail. */
export async function buildHelper(
  folder: string,
  env: Record<string, string>,
): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await new Deno.Command(`${TOP}tools/build-helper.sh`, {
    args: [folder],
    env: { FLAVOUR: "", DENORT_BIN: "", ...env },
  }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, out: out!, err: err! };
}
