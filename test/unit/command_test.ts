/**
 * installer/command.ts: the command line, read into options, and what is said to one that makes no sense.
 */
import assert from "node:assert/strict";
import { type Actions, type InstallOptions, runCommand } from "../../installer/command.ts";
import { REDACTED } from "../../src/secret.ts";

interface Outcome {
  code: number;
  called: { name: string; options: InstallOptions }[];
  out: string;
  err: string;
}

async function run(...words: string[]): Promise<Outcome> {
  const outcome: Outcome = { code: -1, called: [], out: "", err: "" };
  const action = (name: string) => (options: unknown) => {
    outcome.called.push({ name, options: options as InstallOptions });
    return Promise.resolve(7);
  };
  const actions = Object.fromEntries(
    [
      ...["install", "uninstall", "confirm", "status", "rollback", "doctor", "test", "log"],
      ...["offlineCodes", "offlineList", "offlineRevoke"],
    ].map((name) => [name, action(name)]),
  ) as unknown as Actions;
  outcome.code = await runCommand(words, "1.2.3", actions, {
    out: (text) => outcome.out += text,
    err: (text) => outcome.err += text,
  });
  return outcome;
}

async function readInstall(...words: string[]): Promise<InstallOptions> {
  const { called, code, err } = await run("install", ...words);
  assert.equal(code, 7, err);
  return called[0]!.options;
}

Deno.test("runCommand() calls the action and returns its exit code", async () => {
  for (const name of ["install", "uninstall", "confirm", "status", "rollback"]) {
    const { code, called } = await run(name);
    assert.deepEqual([code, called.map(({ name }) => name)], [7, [name]]);
  }
});

Deno.test("install says nothing that was not given", async () => {
  assert.deepEqual(await readInstall(), { confirmWithin: 300 });
});

Deno.test("install reads every option", async () => {
  const options = await readInstall(
    ...["--service-id", "web", "--service-key-file", "-", "--server-url", "w.example:8443"],
    ...["--login", "key,werbot", "--key-logins", "check", "--offline-users", "a,b"],
    ...["--service", "sshd", "--service", "login", "--debug", "--no-insecure-skip-verify"],
    ...["--confirm-within", "2h", "--root", "/mnt", "--dry-run", "--yes", "--json", "--alongside"],
    ...["--accept-risk=lose-ssh", "--print-manual"],
  );
  assert.deepEqual(options, {
    serviceId: "web",
    serviceKeyFile: "-",
    serverUrl: "w.example:8443",
    login: "key,werbot",
    keyLogins: "check",
    offlineUsers: "a,b",
    service: ["sshd", "login"],
    debug: true,
    insecureSkipVerify: false,
    confirmWithin: 7200,
    root: "/mnt",
    dryRun: true,
    yes: true,
    json: true,
    alongside: true,
    acceptRisk: "lose-ssh",
    printManual: true,
  });
});

Deno.test("install keeps the key where it cannot print itself", async () => {
  const { serviceKey } = await readInstall("--service-key", "s3cr3t");
  assert.equal(serviceKey!.reveal(), "s3cr3t");
  assert.equal(`${serviceKey}`, REDACTED);
});

Deno.test("install reads times", async () => {
  for (
    const [text, seconds] of [["30", 30], ["30s", 30], ["5m", 300], ["1h", 3600], [
      "never",
      "never",
    ]]
  ) {
    assert.equal((await readInstall("--confirm-within", `${text}`)).confirmWithin, seconds);
  }
  for (const text of ["9s", "25h", "-1", "5 m", "soon", ""]) {
    const { code, err } = await run("install", "--confirm-within", text);
    assert.equal(code, 2);
    assert.match(err, /It must be from 10s to 24h, such as 30s, 5m or 1h, or never\.\n$/);
  }
});

Deno.test("offline has three commands of its own", async () => {
  for (
    const [words, name, options] of [
      [["codes", "alice"], "offlineCodes", { user: "alice", count: 10 }],
      [["codes", "alice", "--count", "3", "--yes", "--json"], "offlineCodes", {
        user: "alice",
        count: 3,
        yes: true,
        json: true,
      }],
      [["list"], "offlineList", {}],
      [["revoke", "alice", "--json"], "offlineRevoke", { user: "alice", json: true }],
    ] as const
  ) {
    const { code, called } = await run("offline", ...words);
    assert.equal(code, 7);
    assert.deepEqual(called as unknown, [{ name, options }]);
  }
  for (const count of ["0", "101", "-1", "ten", ""]) {
    const { code, err } = await run("offline", "codes", "alice", "--count", count);
    assert.equal(code, 2);
    assert.match(err, /It must be from 1 to 100\.\n$/);
  }
  const { out } = await run("offline", "--help");
  for (const name of ["codes", "list", "revoke"]) {
    assert.match(out, new RegExp(`^  ${name} {2,}[a-z]`, "m"));
  }
});

Deno.test("runCommand() refuses a line that makes no sense, in one line, with 2", async () => {
  for (
    const [words, sentence] of [
      [["frobnicate"], /unknown command 'frobnicate'/],
      [["install", "--bogus"], /unknown option '--bogus'/],
      [["install", "here"], /too many arguments/],
      [["offline", "frobnicate"], /unknown command 'frobnicate'/],
      [["offline", "codes"], /missing required argument 'user'/],
      [["install", "--login", "code"], /Allowed choices are password,werbot, key,werbot, werbot/],
      [["install", "--service", "../shadow"], /must be the name of a file in \/etc\/pam\.d/],
      [["install", "--accept-risk", "all"], /Allowed choices are lose-ssh/],
      [["install", "--service-id"], /argument missing/],
    ] as const
  ) {
    const { code, called, err } = await run(...words);
    assert.deepEqual([code, called], [2, []]);
    assert.match(err, sentence);
    assert.equal(err.trimEnd().split("\n").length, 1, err);
  }
});

Deno.test("help and version go to standard output and end with 0", async () => {
  assert.equal((await run("--version")).out, "wpam 1.2.3\n");
  for (
    const words of [["--help"], ["install", "--help"], ["status", "--help"], [
      "offline",
      "--help",
    ], ["offline", "codes", "--help"]]
  ) {
    const { code, out, err } = await run(...words);
    assert.deepEqual([code, err], [0, ""]);
    for (const line of out.split("\n")) assert.ok(line.length <= 80, line);
  }
});

Deno.test("help names every command, and nothing that is for the timer", async () => {
  const { out } = await run("--help");
  for (const name of ["install", "confirm", "rollback", "status", "offline", "uninstall"]) {
    assert.match(out, new RegExp(`^  ${name} {2,}[a-z]`, "m"));
  }
  assert.doesNotMatch((await run("rollback", "--help")).out, /--id|--wait/);
});

Deno.test("rollback reads what the timer gives it", async () => {
  const { called } = await run("rollback", "--id", "abc", "--wait", "90");
  assert.deepEqual(called[0]!.options as unknown, { id: "abc", wait: 90 });
});
