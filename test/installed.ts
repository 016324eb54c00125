// Where the parts under test are: in build/ for an ordinary user, and installed as on a real machine
// inside test/sandbox.sh, because there the helper runs as the user wpam. `make sanitize` chooses other
// C parts. It never changes anything outside the sandbox. Called by the *_test.ts files of the ladder.

import assert from "node:assert/strict";

const BUILD = new URL("../build", import.meta.url).pathname;
const { version: VERSION } = JSON.parse(
  Deno.readTextFileSync(new URL("../deno.json", import.meta.url)),
) as { version: string };

/** What watches the C parts for errors of memory: `asan`, `valgrind`, or nothing. */
export const WATCHER = Deno.env.get("WATCHER") ?? "";

/** Whether the tests run inside test/sandbox.sh. */
export const SANDBOX = Deno.env.get("WPAM_SANDBOX") === "1";

/** Absolute paths of the parts under test. */
export interface Parts {
  module: string;
  helper: string;
  app: string;
  /** Which PAM the module and the application are built for. */
  pam: "Linux-PAM" | "OpenPAM";
  /** Under an emulator, whose own memory is not the helper's. */
  emulated?: boolean;
}

/** Returns the parts under test; inside the sandbox they are installed first, as root and only once. */
export function findParts(): Parts {
  const app = locate("pam_app");
  const pam = "Linux-PAM";
  if (!SANDBOX) return { module: locate("pam_wpam.so"), helper: locate("wpam-auth"), app, pam };
  const folder = `/usr/lib/wpam/${VERSION}`;
  const module = `${findModuleFolder()}/pam_wpam.so`;
  install(`${BUILD}/wpam-auth.js`, `${folder}/wpam-auth.js`, 0o644);
  // Not readable: then the kernel lets no helper trace another one, though all run as the same user.
  install(`${BUILD}/deno`, `${folder}/deno`, 0o711);
  install(`${BUILD}/wpam-auth`, `${folder}/wpam-auth`, 0o755);
  install(locate("pam_wpam.so"), module, 0o644);
  return { module, helper: `${folder}/wpam-auth`, app, pam };
}

/** Returns the same parts with the builds of module and application for OpenPAM. */
export function findOpenPamParts(): Parts {
  return {
    ...findParts(),
    module: locate("openpam/pam_wpam.so"),
    app: locate("openpam/pam_app"),
    pam: "OpenPAM",
  };
}

/** Says why the rungs with a real module cannot run here, or returns null when they can. */
export function explainNoModule(): string | null {
  const missing = findMissing("pam_wpam.so", "wpam-auth", "pam_app");
  if (missing !== null) return missing;
  return Deno.uid() === 0 && !SANDBOX
    ? "as root these tests run only inside test/sandbox.sh: make test"
    : null;
}

/** Says why the rung with a real sshd cannot run here, or returns null when it can. */
export function explainNoSshd(): string | null {
  return findMissing("pam_wpam.so", "wpam-auth") ??
    (SANDBOX ? null : "a real sshd runs only inside test/sandbox.sh, as root: sudo make test");
}

/** Says which of the built parts is missing, or returns null when all are there. */
export function findMissing(...names: string[]): string | null {
  const missing = names.find((name) => !exists(locate(name)));
  return missing === undefined ? null : `${locate(missing)} is missing: make build`;
}

/** Returns the path of a built part: the one of WATCHER, where it has its own. */
export function locate(name: string): string {
  const watched = `${BUILD}/${WATCHER}/${name}`;
  return WATCHER !== "" && exists(watched) ? watched : `${BUILD}/${name}`;
}

/** Makes the way to register tests that need something: skipped with the reason, failing under CI. */
export function makeTest(
  why: string | null,
): (name: string, run: (test: Deno.TestContext) => Promise<unknown>) => void {
  const strict = Deno.env.get("CI") === "true";
  if (why !== null) console.log(`${strict ? "failing" : "skipped"}: ${why}`);
  return (name, run) =>
    Deno.test({
      name,
      ignore: why !== null && !strict,
      fn: why === null ? async (test) => void await run(test) : () => assert.fail(why),
    });
}

function findModuleFolder(): string {
  const folders = ["/lib", "/usr/lib", "/lib64", "/usr/lib64"].flatMap((lib) => [
    `${lib}/security`,
    ...(exists(lib) ? [...Deno.readDirSync(lib)] : []).map(({ name }) => `${lib}/${name}/security`),
  ]);
  return folders.find((folder) => exists(`${folder}/pam_permit.so`)) ??
    assert.fail("no folder with pam_permit.so");
}

function install(from: string, to: string, mode: number): void {
  if (exists(to) || !exists(from)) return;
  Deno.mkdirSync(to.slice(0, to.lastIndexOf("/")), { recursive: true, mode: 0o755 });
  // Under its name only once it is complete: test files may run side by side.
  const draft = `${to}.${Deno.pid}`;
  Deno.copyFileSync(from, draft);
  Deno.chownSync(draft, 0, 0);
  Deno.chmodSync(draft, mode);
  Deno.renameSync(draft, to);
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
