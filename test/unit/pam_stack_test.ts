/**
 * installer/pam_stack.ts: what libpam makes of a service, and what a stack does.
 */
import assert from "node:assert/strict";
import type { Code, Library } from "../../installer/pam_file.ts";
import { expandStack, simulate, type Source, type Stack } from "../../installer/pam_stack.ts";

const source = (files: Record<string, string>, library: Library = "linux-pam"): Source => ({
  library,
  read: (name) => Object.hasOwn(files, name) ? files[name] : undefined,
});

function expand(
  sshd: string,
  files: Record<string, string> = {},
  library: Library = "linux-pam",
): Stack {
  return expandStack(source({ ...files, sshd }, library), "sshd", "auth");
}

/** Runs a stack with results by module name, and `success` for the others. */
function run(stack: Stack, results: Record<string, Code>): [Code, string] {
  const { code, reached } = simulate(stack, ({ module }) => results[module] ?? "success");
  return [code, reached.map((index) => stack.entries[index]!.module).join(" ")];
}

Deno.test("expandStack() follows include, substack and @include, with levels and places", () => {
  const files = {
    a: "auth required a1\naccount required a2\nauth substack b\n",
    b: "AUTH required b1\n",
  };
  const stack = expand(
    "@include a\nauth required s2\nauth include b\naccount include none\n",
    files,
  );
  assert.deepEqual(stack.entries.map((e) => [e.module, e.level, e.head, e.line, e.where]), [
    ["a1", 0, false, 1, "a line 1"],
    ["", 0, true, 1, "a line 3"],
    ["b1", 1, false, 1, "b line 1"],
    ["s2", 0, false, 2, "sshd line 2"],
    ["b1", 0, false, 3, "b line 1"],
  ]);
  assert.deepEqual(stack.findings, []);
});

Deno.test("expandStack() falls to other, as an absent or empty file does (B12, B18)", () => {
  for (const sshd of ["", "# auth required x\n", "account required x\n"]) {
    const stack = expand(sshd, { other: "auth required pam_deny.so\n" });
    assert.deepEqual([stack.service, stack.entries[0]?.where], ["other", "other line 1"]);
  }
  const absent = expandStack(source({}), "wpam-sshd", "auth");
  assert.deepEqual([absent.entries.length, run(absent, {})[0]], [0, "perm_denied"]);
});

Deno.test("expandStack() finds missing and endless includes, and lines that cannot be read (B1, B2)", () => {
  const cases: [string, string][] = [
    ["auth required a\n@include none\n", "include-missing"],
    ["auth required a\nauth include none\n", "include-missing"],
    ["auth include sshd\nauth required a\n", "include-endless"],
    ["auth include a\nauth required a\n", "include-endless"],
    ["auth required a\nauth required a.sox y z\nb c d\n", "unreadable"],
    ["auth required a\r\n", "unreadable"],
  ];
  for (const [sshd, id] of cases) {
    const stack = expand(sshd, { a: "auth substack sshd\n" });
    assert.ok(stack.findings.map(({ id }) => id).includes(id), sshd);
    assert.notEqual(run(stack, {})[0], "success", sshd);
  }
  const deep = Object.fromEntries(
    [...Array(20).keys()].map((n) => [`f${n}`, `auth include f${n + 1}\n`]),
  );
  assert.deepEqual(expand("auth include f0\n", deep).findings.map(({ id }) => id), [
    "include-endless",
  ]);
});

Deno.test("simulate() walks the words of Linux-PAM", () => {
  const words = expand("auth required a\nauth requisite b\nauth sufficient c\nauth optional d\n");
  assert.deepEqual(run(words, {}), ["success", "a b c"]);
  assert.deepEqual(run(words, { a: "auth_err" }), ["auth_err", "a b c d"]);
  assert.deepEqual(run(words, { b: "maxtries" }), ["maxtries", "a b"]);
  assert.deepEqual(run(words, { a: "auth_err", b: "maxtries" }), ["auth_err", "a b"]);
  assert.deepEqual(run(words, { c: "auth_err", d: "auth_err" }), ["success", "a b c d"]);
  assert.deepEqual(run(expand("auth optional d\n"), { d: "auth_err" }), ["perm_denied", "d"]);
});

Deno.test("simulate() jumps, resets, and counts a substack as one", () => {
  const files = { sub: "auth [success=done default=die] s1\nauth required s2\n" };
  const jump =
    "auth [success=2 default=ignore] a\nauth substack sub\nauth required b\nauth required c\n";
  assert.deepEqual(run(expand(jump, files), {}), ["success", "a c"]);
  assert.deepEqual(run(expand(jump, files), { a: "auth_err" }), ["success", "a s1 b c"]);
  assert.deepEqual(run(expand(jump, files), { a: "auth_err", s1: "auth_err" }), [
    "auth_err",
    "a s1 b c",
  ]);
  const far = expand("auth [success=2] a\nauth required b\n");
  assert.deepEqual(run(far, {}), ["perm_denied", "a"]);
  const reset = expand("auth required a\nauth [default=reset] b\nauth required c\n");
  assert.deepEqual(run(reset, { a: "auth_err" }), ["success", "a b c"]);
});

Deno.test("simulate() walks the words of OpenPAM, binding among them", () => {
  const stack = (text: string) => expand(text, {}, "openpam");
  const words = stack("auth sufficient a\nauth required b\nauth optional c\n");
  assert.deepEqual(run(words, {}), ["success", "a"]);
  assert.deepEqual(run(words, { a: "auth_err" }), ["success", "a b c"]);
  assert.deepEqual(run(words, { a: "auth_err", b: "maxtries" }), ["maxtries", "a b c"]);
  const binding = stack("auth binding a\nauth requisite b\nauth required c\n");
  assert.deepEqual(run(binding, {}), ["success", "a"]);
  assert.deepEqual(run(binding, { a: "auth_err" }), ["auth_err", "a b c"]);
  assert.deepEqual(run(binding, { a: "ignore", b: "conv_err" }), ["conv_err", "a b"]);
  assert.deepEqual(run(stack("auth required a\n"), { a: "ignore" }), ["system_err", "a"]);
  assert.notEqual(run(stack("auth required a\naccount requird b\n"), {})[0], "success");
});

Deno.test("simulate() refuses when our line alone is left and ignores, and lets it in when it succeeds (B9)", () => {
  assert.deepEqual(run(expand("auth required pam_wpam.so\n"), { "pam_wpam.so": "ignore" }), [
    "perm_denied",
    "pam_wpam.so",
  ]);
  assert.deepEqual(run(expand("auth required pam_wpam.so\n"), {}), ["success", "pam_wpam.so"]);
});
