// The simulator of installer/pam_stack.ts against the libpam of this machine: random stacks, each run once
// by both. It needs no root, loads no module but one of its own, and reads no PAM file of the machine.
// Called by `deno test`.

import assert from "node:assert/strict";
import fc from "fast-check";
import { type Code, CODES } from "../installer/pam_file.ts";
import { type Entry, expandStack, simulate, type Source } from "../installer/pam_stack.ts";
import { findMissing, findParts, makeTest } from "./installed.ts";

/** A module that says its second argument and returns the number that is its first. */
const MODULE = `
#include <stdlib.h>
#include <security/pam_modules.h>
#include <security/pam_ext.h>
static int give(pam_handle_t *pamh, int argc, const char **argv)
{
    if (argc < 2) return PAM_BAD_ITEM;
    (void)pam_info(pamh, "%s", argv[1]);
    return atoi(argv[0]);
}
int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    (void)flags;
    return give(pamh, argc, argv);
}
int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    (void)flags;
    return give(pamh, argc, argv);
}
`;
const ABSENT = "/nonexistent/pam_absent.so";
const STACKS = 1000;

/** Results that test/pam_app.c can name. */
// deno-fmt-ignore
const RESULTS: Code[] = [
  "success", "auth_err", "ignore", "new_authtok_reqd", "user_unknown", "authinfo_unavail", "maxtries",
  "perm_denied", "service_err", "abort", "try_again", "acct_expired",
];

async function findCompiler(): Promise<string | null> {
  try {
    await new Deno.Command("cc", { args: ["--version"], stdout: "null", stderr: "null" }).output();
    return null;
  } catch {
    return "no C compiler for the module that these tests load";
  }
}

const test = makeTest(findMissing("pam_app") ?? await findCompiler());

/** What came of a stack: the result, and the modules that ran, in order. */
interface Outcome {
  code: string;
  ran: string[];
}

async function runLibpam(folder: string, call: string): Promise<Outcome> {
  const args = ["--confdir", `${folder}/pam.d`, "--service", "t", "--user", "alice", call];
  const { stdout } = await new Deno.Command(findParts().app, { args, stdin: "null" }).output();
  const text = new TextDecoder().decode(stdout);
  return {
    code: /^(?:start|authenticate|account) PAM_(\w+)$/m.exec(text)?.[1]?.toLowerCase() ?? text,
    ran: [...text.matchAll(/^message info "(.*)"$/gm)].map(([, tag]) => tag!),
  };
}

function runSimulator(source: Source, type: "auth" | "account"): Outcome {
  const stack = expandStack(source, "t", type);
  const present = (entry: Entry) => entry.module.endsWith("/m.so");
  const { code, reached } = simulate(stack, (entry) => {
    if (!present(entry)) return "module_unknown";
    return entry.arguments.length < 2 ? "bad_item" : CODES[parseInt(entry.arguments[0]!) || 0]!;
  });
  const ran = reached.map((index) => stack.entries[index]!).filter(present);
  return { code, ran: ran.flatMap((entry) => entry.arguments.slice(1, 2)) };
}

const anyCase = (word: string) =>
  fc.constantFrom(word, word, word.toUpperCase(), word[0]!.toUpperCase() + word.slice(1));
const listed = fc.tuple(
  fc.constantFrom<string>(...RESULTS, "default", "default", "module_unknown"),
  fc.constantFrom("=", " = "),
  fc.oneof(
    fc.constantFrom("ignore", "ok", "done", "bad", "die", "reset"),
    fc.constantFrom("ignore", "ok", "done", "bad", "die", "reset", "0", "okay"),
    fc.integer({ min: 1, max: 4 }).map(String),
  ),
).map((words) => words.join(""));
const control = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.constantFrom("required", "requisite", "sufficient", "optional").chain(anyCase),
  },
  {
    weight: 5,
    arbitrary: fc.array(listed, { maxLength: 4 }).map((words) => `[${words.join(" ")}]`),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom("[required]", "requird", "[success]", "binding", "[success=ok"),
  },
);
const type = fc.oneof(
  { weight: 16, arbitrary: fc.constantFrom("auth", "-auth").chain(anyCase) },
  { weight: 8, arbitrary: fc.constantFrom("account", "-account").chain(anyCase) },
  { weight: 1, arbitrary: fc.constantFrom("authh", "session", "--auth") },
);
const gap = fc.constantFrom(" ", " ", "\t", "   ", " \\\n", "\\ \t\n  ");
const ending = fc.constantFrom("\n", "\n", "\n", " \t\n", " # note\n", "# note \\\n", " # a # b\n");
const filler = fc.constantFrom("", "", "", "\n", "# a note\n", "  # a note \\\n", " \t\n");

// By absolute path: Debian's libpam looks for included names in /etc/pam.d only.
/** A service file that may include some others, with the modules tagged so that they can be told apart. */
function writeFile(
  name: string,
  targets: string[],
  most: number,
  marks: boolean,
): fc.Arbitrary<string> {
  const module = fc.oneof(
    { weight: 24, arbitrary: fc.constant("FOLDER/m.so") },
    { weight: 1, arbitrary: fc.constant(ABSENT) },
    { weight: 1, arbitrary: fc.constant("") },
  );
  const code = fc.oneof(fc.constant<Code>("success"), fc.constantFrom(...RESULTS));
  const rule = fc.tuple(type, gap, control, gap, module, gap, code, gap)
    .map(([type, a, control, b, module, c, code, d]) =>
      `${type}${a}${control}` +
      (module === "" ? "" : `${b}${module}${c}${CODES.indexOf(code)}${d}TAG`)
    );
  const include = fc.tuple(
    fc.constantFrom("auth", "account"),
    fc.constantFrom("include", "SubStack"),
  )
    .chain(([type, how]) =>
      fc.constantFrom(...targets, ...targets, ...targets, "missing").map((to) =>
        `${type} ${how} FOLDER/pam.d/${to}`
      )
    );
  const mark = fc.constantFrom(...targets, "b").map((target) => `@include FOLDER/pam.d/${target}`);
  const line = fc.oneof(
    { weight: 8, arbitrary: rule },
    { weight: targets.length > 0 ? 3 : 0, arbitrary: include },
    { weight: targets.length > 0 && marks ? 1 : 0, arbitrary: mark },
  );
  return fc.tuple(
    fc.array(fc.tuple(filler, line, ending), { minLength: 1, maxLength: most }),
    fc.boolean(),
  ).map(([lines, newline]) => {
    const text = lines.flat().join("");
    let tag = 0;
    return (newline ? text : text.replace(/\n$/, "")).replaceAll("TAG", () => `${name}${++tag}`);
  }).filter((text) => !text.endsWith("\\"));
}

/** Runs a test with the module compiled, and with a way to write service files for it. */
async function withLibpam(
  run: (folder: string, write: (files: Record<string, string>) => Promise<Source>) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "wpam-" });
  try {
    await Deno.mkdir(`${folder}/pam.d`);
    const args = ["-shared", "-fPIC", "-x", "c", "-o", `${folder}/m.so`, "-"];
    const compiler = new Deno.Command("cc", { args, stdin: "piped", stderr: "piped" }).spawn();
    await new Response(MODULE).body!.pipeTo(compiler.stdin);
    const { success, stderr } = await compiler.output();
    assert.ok(success, new TextDecoder().decode(stderr));
    await run(folder, async (files) => {
      const texts = new Map<string, string>();
      for (const [name, text] of Object.entries(files)) {
        const written = text.replaceAll("FOLDER", folder);
        texts.set(name, written).set(`${folder}/pam.d/${name}`, written);
        await Deno.writeTextFile(`${folder}/pam.d/${name}`, written);
      }
      return { library: "linux-pam", read: (name) => texts.get(name) };
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

test("simulate() answers what libpam answers, for a thousand random stacks", () =>
  withLibpam(async (folder, write) => {
    // Only Debian's libpam knows @include.
    await write({ t: "@include FOLDER/pam.d/a\n", a: "auth required FOLDER/m.so 0 a\n" });
    const marks = (await runLibpam(folder, "authenticate")).code === "success";
    const files = fc.record({
      t: writeFile("t", ["a", "b"], 6, marks),
      a: writeFile("a", ["b"], 4, marks),
      b: writeFile("b", [], 3, marks),
      other: fc.constantFrom("auth required FOLDER/m.so 0 o1\n", ""),
    });
    const seen = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(files, fc.constantFrom("auth", "account"), async (texts, type) => {
        const source = await write(texts);
        const real = await runLibpam(folder, type === "auth" ? "authenticate" : "account");
        assert.deepEqual(runSimulator(source, type), real);
        seen.set(real.code, (seen.get(real.code) ?? 0) + 1);
      }),
      { numRuns: STACKS },
    );
    console.log(`libpam and the simulator agree on ${STACKS} stacks:`, Object.fromEntries(seen));
  }));

test("expandStack() finds what locks everybody out of libpam (B1, B2)", () =>
  withLibpam(async (folder, write) => {
    const good = "auth required FOLDER/m.so 0 t1\n";
    const texts = [
      `${good}auth include FOLDER/pam.d/aauth required FOLDER/m.so 0 t2\n`,
      good.replace("\n", "\r\n") + "\r\n",
      `${good}\r\n`,
      `\ufeff${good}`,
      `${good}auth include FOLDER/pam.d/missing\n`,
      `${good}auth include FOLDER/pam.d/t\n`,
      `${good}account required \\\n`,
    ];
    for (const t of [good, ...texts]) {
      const source = await write({ t, a: good, other: "" });
      const { code } = await runLibpam(folder, "authenticate");
      const { findings } = expandStack(source, "t", t.includes("account") ? "account" : "auth");
      assert.equal(code === "success", t === good, t);
      assert.equal(findings.length === 0, t === good, t);
    }
  }));
