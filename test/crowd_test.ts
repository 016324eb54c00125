// Several logins at the same time in one process (test/fake/crowd.c): threads, each with a PAM handle of its own, and
// one login inside another. As root only inside test/sandbox.sh. Called by `deno test`.

import assert from "node:assert/strict";
import { compile } from "./compile.ts";
import { Werbot } from "./fake/werbot.ts";
import { explainNoModule, findParts, makeTest } from "./installed.ts";
import { readLog } from "./rung_pam.ts";

const ID = "alice@example.com";
const THREADS = 12;
/** Linux-PAM's numbers of what can come out: of authenticate and of the account phase after it. */
const ALLOWED = "0 0";
const DENIED = "7 6";

const test = makeTest(explainNoModule());

/** Runs a crowd and returns how each login ended, what is left of it, and the log. */
async function runCrowd(sigchld: string, ...mode: string[]) {
  await using werbot = await Werbot.start({ users: [{ id: ID }], reuse: true });
  const folder = await Deno.makeTempDir({ prefix: "wpam-" });
  try {
    await compile("crowd.c", `${folder}/crowd`, "-pthread", "-lpam");
    const { address, serviceID, serviceKey } = werbot;
    await Deno.writeTextFile(
      `${folder}/wpam.conf`,
      `server_url = ${address}\nservice_id = ${serviceID}\nservice_key = ${serviceKey}\n`,
      { mode: 0o600 },
    );
    await Deno.writeTextFile(`${folder}/ca.pem`, werbot.ca, { mode: 0o600 });
    await Deno.mkdir(`${folder}/pam.d`);
    const { module, helper } = findParts();
    const line =
      `${module} config=${folder}/wpam.conf helper=${helper} log_file=${folder}/wpam.log`;
    const stack = `auth required ${line}\naccount required ${line}\n`;
    await Deno.writeTextFile(`${folder}/pam.d/crowd`, stack);
    const right = werbot.code(ID);
    const wrong = right === "000000" ? "111111" : "000000";
    const { success, stdout, stderr } = await new Deno.Command(`${folder}/crowd`, {
      args: [`${folder}/pam.d`, sigchld, ID, right, wrong, ...mode],
      signal: AbortSignal.timeout(60_000),
    }).output();
    const text = new TextDecoder();
    assert.ok(success, text.decode(stderr));
    const lines = text.decode(stdout).trim().split("\n");
    const logins = lines.filter((line) => line.startsWith("login "))
      .map((line) => line.replace(/^login \d+ /, ""));
    const rest = Object.fromEntries(lines.slice(logins.length).map((line) => line.split(" ")));
    assert.deepEqual(werbot.violations, []);
    return { logins, rest, log: await readLog(`${folder}/wpam.log`) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Lists what the log says of each login: level, words, method; and fails if two share a ref. */
function summarize(log: string[]): string[] {
  const refs = log.map((line) => / ref=(\w{8})/.exec(line)?.[1] ?? assert.fail(line));
  assert.equal(new Set(refs).size, log.length, "refs");
  return log.map((line) =>
    `${/^\w+: login \w+/.exec(line)?.[0]} ${/method=(\w+)/.exec(line)?.[1]}`
  );
}

const quiet = { sigchld: "same", fds: "0", children: "0" };
const expected = Array.from({ length: THREADS }, (_, i) => i % 2 === 0 ? ALLOWED : DENIED);

for (const sigchld of ["default", "note"]) {
  test(`${THREADS} threads log in at once, each to its own end (SIGCHLD: ${sigchld})`, async () => {
    const { logins, rest, log } = await runCrowd(sigchld, "threads", String(THREADS));
    assert.deepEqual(logins, expected, log.join("\n"));
    assert.deepEqual(rest, { ...quiet, lost: "0" });
    const half = (text: string) => Array<string>(THREADS / 2).fill(text);
    assert.deepEqual(summarize(log).sort(), [
      ...half("INFO: login allowed totp"),
      ...half("WARN: login denied U2F"),
      ...half("WARN: login denied totp"),
    ]);
  });
}

// One thread restores what another has just put aside, so that the kernel reaps the helper and nobody knows how it ended.
test("threads of a program that ignores SIGCHLD may be refused, and it goes on ignoring it", async () => {
  const { logins, rest, log } = await runCrowd("ignore", "threads", String(THREADS));
  for (const [at, login] of logins.entries()) {
    const possible = at % 2 === 0 ? /^(0 0|3 [36])$/ : /^[37] [36]$/;
    assert.match(login, possible, log.join("\n"));
  }
  for (const line of log.filter((line) => line.startsWith("ERROR:"))) {
    assert.match(line, /reason="the helper's exit status is not known"$/);
  }
  assert.deepEqual({ ...rest, lost: "0" }, { ...quiet, lost: "0" });
});

for (const sigchld of ["default", "note", "ignore"]) {
  test(`a login inside another disturbs neither (SIGCHLD: ${sigchld})`, async () => {
    const { logins, rest, log } = await runCrowd(sigchld, "nested");
    assert.deepEqual(logins, [ALLOWED, DENIED], log.join("\n"));
    assert.deepEqual(rest, { ...quiet, lost: "0" });
    assert.deepEqual(summarize(log), [
      "WARN: login denied totp",
      "WARN: login denied U2F",
      "INFO: login allowed totp",
    ]);
  });
}
