/**
 * The manual pages against the code: every setting, subcommand, option, exit code, outcome and PAM code stands there.
 */
import assert from "node:assert/strict";
import type { Command } from "commander";
import { OUTCOMES as NAMES } from "../../installer/advice.ts";
import { EXIT } from "../../installer/change.ts";
import { type Actions, buildProgram } from "../../installer/command.ts";
import { writeAll } from "../../packaging/main.ts";
import { OUTCOMES, toRoff } from "../../packaging/manual.ts";
import { SETTINGS } from "../../src/config.ts";

const files = writeAll();
const page = (path: string) => files.get(`man/${path}`)!;
const idle = { out: () => {}, err: () => {} };
const program = buildProgram("1.2.3", {} as Actions, idle, () => {});
const shim = ["pam_wpam.c", "shim.h"].map((name) =>
  Deno.readTextFileSync(new URL(`../../shim/${name}`, import.meta.url))
).join("\n");

/** Cuts the part of one command out of wpam.8. */
function readCommand(words: string): string {
  const [, part] = page("man8/wpam.8").split(new RegExp(`^\\.Ss wpam ${words}\\b`, "m"));
  assert.ok(part !== undefined, `wpam ${words} is not in wpam.8`);
  return part.split(/^\.S[hs] /m)[0]!;
}

function checkCommand(command: Command, words: string): void {
  for (const below of command.commands) checkCommand(below, `${words} ${below.name()}`.trim());
  if (command.commands.length > 0) return;
  const part = readCommand(words);
  for (const { long, short, hidden } of command.options) {
    if (hidden) continue;
    const spellings = [short, long].filter((name) => name !== undefined);
    const names = spellings.map((name) => `Fl ${name.slice(1)}`).join(" , ");
    assert.match(part, new RegExp(`^\\.It ${names}( Ar|$)`, "m"), `wpam ${words}: ${long}`);
  }
  for (const argument of command.registeredArguments) {
    assert.match(part, new RegExp(`^\\.It Ar ${argument.name().toUpperCase()}`, "m"));
  }
}

Deno.test("wpam.8 tells every subcommand and option, and what its help says of exit codes", () => {
  assert.ok(program.commands.length > 5);
  checkCommand(program, "");
  assert.match(readCommand("install").replace(/\s+/g, " "), /130 interrupted before anything/);
});

Deno.test("wpam.8 tells every exit code", () => {
  const [, exits = ""] = page("man8/wpam.8").split(".Sh EXIT STATUS");
  for (const code of Object.values(EXIT)) assert.match(exits, new RegExp(`^\\.It ${code}$`, "m"));
});

Deno.test("wpam.conf.5 tells every setting with its default, range and meaning", () => {
  const text = page("man5/wpam.conf.5").replace(/\s+/g, " ");
  for (const [key, { standard, range, meaning }] of Object.entries(SETTINGS)) {
    const given = standard === undefined ? "must be set" : standard || "none";
    assert.ok(text.includes(`.It Sy ${key} No = Ar ${given} `), key);
    for (const words of [range, meaning.slice(1)]) {
      assert.ok(text.includes(words), `${key}: ${words}`);
    }
  }
});

Deno.test("pam_wpam.8 tells every outcome, and the PAM codes that the module gives it", () => {
  const [, body = ""] = /pam_code\(.*?\)\n\{(.*?)\n\}/s.exec(shim)!;
  const given = new Map<string, string[]>();
  for (
    const [, cases, code] of body.matchAll(/((?:\s+case VERDICT_\w+:)+)[^;]*?return ([^;]+);/g)
  ) {
    const [account, authenticate] = code!.match(/PAM_\w+/g)!;
    for (const [, name] of cases!.matchAll(/VERDICT_(\w+)/g)) {
      given.set(name!.toLowerCase(), [authenticate ?? account!, account!]);
    }
  }
  assert.deepEqual(Object.keys(OUTCOMES), NAMES);
  for (const [name, { authenticate, account }] of Object.entries(OUTCOMES)) {
    assert.match(page("man8/pam_wpam.8"), new RegExp(`^\\.It Sy ${name}$`, "m"));
    // Denied for good is a verdict of its own on the wire.
    const verdicts = name === "denied" ? ["denied", "exhausted"] : [name];
    assert.deepEqual(authenticate, verdicts.map((verdict) => given.get(verdict)![0]), name);
    assert.deepEqual(account, [...new Set(verdicts.map((verdict) => given.get(verdict)![1]!))]);
  }
  for (const [code] of shim.matchAll(/PAM_\w+(?=;\n)/g)) {
    assert.ok(page("man8/pam_wpam.8").includes(code), `${code} is not in pam_wpam.8`);
  }
});

Deno.test("pam_wpam.8 tells the module's own arguments", () => {
  const own = [...shim.matchAll(/\{"(\w+)=", &login/g)].map(([, name]) => name!);
  assert.ok(own.length >= 3);
  for (const name of own) {
    assert.match(page("man8/pam_wpam.8"), new RegExp(`^\\.It Cm ${name} `, "m"));
  }
});

Deno.test("toRoff() sets quoted words apart, and lets nothing be a request", () => {
  assert.equal(
    toRoff('.x\\y, or `wpam --yes`, with --yes. Then "z"'),
    '\\&.x\\ey, or\n.Ql "wpam \\-\\-yes" ,\nwith \\-\\-yes.\nThen \\(dqz\\(dq',
  );
});

Deno.test("no list is left out of a page", () => {
  for (const [path, text] of files) assert.doesNotMatch(text, /^@\w+@$/m, path);
});
