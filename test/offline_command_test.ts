// wpam offline as a program, on a machine with the real sshd and an installed wpam: codes are made, used by logins,
// counted, replaced, revoked, kept by uninstall and removed by --purge. Only inside test/sandbox.sh. Called by
// `deno test`.

import assert from "node:assert/strict";
import { Drill, ID } from "./drill.ts";
import { explainNoSshd, findMissing, makeTest } from "./installed.ts";
import type { Machine } from "./machine.ts";
import { converse } from "./terminal.ts";

const test = makeTest(explainNoSshd() ?? findMissing("wpam"));
const PASSWORD = "Passw0rd-alice";
const CODE = /[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{5}/g;
const CODES = "/var/lib/wpam/offline";
const ALICE = ["setpriv", "--reuid=alice", "--regid=alice", "--clear-groups"];

/** Makes Werbot unreachable for this machine. */
async function cutOff(machine: Machine): Promise<void> {
  const script = "sed -i 's/^server_url.*/server_url = 127.0.0.1:1/' /etc/wpam/wpam.conf";
  assert.equal((await machine.run(["sh", "-c", script])).code, 0);
}

/** Logs alice in by ssh, with a code for the third question; tells whether she got in. */
async function logIn(machine: Machine, code: string): Promise<boolean> {
  const { out, prompts } = await machine.login([PASSWORD, ID, "123456", code], { user: "alice" });
  assert.match(prompts[3] ?? "", /Werbot is unreachable\. Enter an offline code: $/);
  return out === "alice\n";
}

function readMode(machine: Machine, path: string): string {
  return (Deno.statSync(machine.path(path)).mode! & 0o7777).toString(8);
}

test("install offers codes; each lets its user in by ssh once, and what is left is told", async () => {
  await using drill = await Drill.start();
  const { machine } = drill;
  const install = ["install", "--offline-users", "alice,nobody-here", "--confirm-within", "never"];
  const told = (await machine.wpam(0, ...install, "--yes")).replace(/\s+/g, " ");
  assert.match(told, /alice has no offline codes yet: sudo wpam offline codes alice/);
  assert.match(told, /There is no user nobody-here here/);
  const offered = await converse(machine, ["wpam", ...install], [
    [/Make offline codes for alice.*: $/, "\r"],
  ]);
  assert.equal(offered.code, 0, offered.shown);
  const codes = offered.shown.match(CODE) ?? [];
  assert.equal(new Set(codes).size, 10, offered.shown);
  assert.match(offered.shown, /Print them/);
  assert.deepEqual([readMode(machine, CODES), readMode(machine, `${CODES}/alice`)], ["700", "700"]);
  assert.doesNotMatch(await machine.wpam(0, ...install, "--yes"), /has no offline codes/);
  assert.match(await machine.wpam(0, "offline", "list"), /^alice +10 +never$/m);

  await cutOff(machine);
  assert.ok(await logIn(machine, codes[0]!));
  assert.ok(!await logIn(machine, codes[0]!));
  assert.ok(await logIn(machine, codes[1]!.toLowerCase().replaceAll("-", " ")));
  const tried = await converse(machine, ["wpam", "test", "alice"], [
    [/Werbot ID.*: $/, `${ID}\r`],
    [/totp code.*: $/, "123456\r"],
    [/offline code: $/, `${codes[2]}\r`],
  ]);
  assert.equal(tried.code, 0, tried.shown);
  assert.match(tried.shown.replace(/\s+/g, " "), /had an offline code, which is spent now/);
  const { users } = JSON.parse(await machine.wpam(0, "offline", "list", "--json"));
  const [{ lastUsed, ...alice }, nobody] = users;
  assert.deepEqual(nobody, { user: "nobody-here", codes: 0, lastUsed: null, listed: true });
  assert.deepEqual(alice, { user: "alice", codes: 7, listed: true });
  assert.ok(Math.abs(Date.now() - Date.parse(lastUsed)) < 60_000, lastUsed);
  assert.match(await machine.wpam(0, "status"), /codes left +alice 7$/m);
  const log = machine.read("/var/log/wpam.log");
  assert.match(log, /offline code spent user=alice .*reason="codes left: 9"/);
  for (const code of codes) {
    assert.ok(!log.includes(code) && !log.includes(code.replaceAll("-", "")));
  }
});

test("codes replaces old codes only when that is agreed to, and revoke ends them", async () => {
  await using drill = await Drill.start();
  const { machine } = drill;
  const list = () => [...Deno.readDirSync(machine.path(`${CODES}/alice`))].map(({ name }) => name);
  await machine.wpam(
    0,
    "install",
    "--offline-users",
    "alice",
    "--confirm-within",
    "never",
    "--yes",
  );
  const made = await machine.wpam(0, "offline", "codes", "alice", "--count", "2");
  const [old] = made.match(CODE)!;
  const before = list();
  assert.equal(before.length, 2);
  assert.match(await machine.wpam(2, "offline", "codes", "alice"), /add --yes/);
  const declined = await converse(machine, ["wpam", "offline", "codes", "alice"], [
    [/alice has 2 offline codes[^]*Go on\?.*: $/, "\r"],
  ]);
  assert.equal(declined.code, 130, declined.shown);
  assert.deepEqual(list(), before);
  const facts = JSON.parse(
    await machine.wpam(0, "offline", "codes", "alice", "--count", "3", "--yes", "--json"),
  );
  assert.deepEqual([facts.schema, facts.user, facts.replaced, facts.listed], [1, "alice", 2, true]);
  assert.equal(facts.codes.length, 3);
  assert.deepEqual(list().filter((name) => before.includes(name)), []);
  await cutOff(machine);
  assert.ok(!await logIn(machine, old!));
  assert.ok(await logIn(machine, facts.codes[0]));

  assert.match(await machine.wpam(0, "offline", "revoke", "alice"), /alice had 2 offline codes/);
  assert.ok(!machine.has(`${CODES}/alice`));
  assert.ok(!await logIn(machine, facts.codes[1]));
  assert.match(await machine.wpam(0, "offline", "revoke", "alice"), /Nothing to do/);
  assert.match(await machine.wpam(0, "offline", "list"), /^alice +0 +never$/m);
});

test("codes are for users of this machine, and whoever is not asked for one is told", async () => {
  await using drill = await Drill.start();
  const { machine } = drill;
  await machine.wpam(
    0,
    "install",
    "--offline-users",
    "alice",
    "--confirm-within",
    "never",
    "--yes",
  );
  const shown = (await machine.wpam(0, "offline", "codes", "bob")).replace(/\s+/g, " ");
  assert.match(shown, /bob is not in offline_users.*wpam install --offline-users alice,bob/);
  assert.match(await machine.wpam(2, "offline", "codes", "nosuchuser"), /no user nosuchuser/);
  for (const name of ["../alice", ".", "..", "a/b"]) {
    assert.match(await machine.wpam(2, "offline", "revoke", name), /is no name of a user/);
  }
  const plain = await machine.run([...ALICE, "wpam", "offline", "list"]);
  assert.equal(plain.code, 2, plain.out);
  assert.match(plain.out, /Only root can do that/);
  await machine.run(["chmod", "750", `${CODES}/bob`]);
  assert.match(
    (await machine.wpam(1, "offline", "codes", "bob", "--yes")).replace(/\s+/g, " "),
    /is no folder of root's alone/,
  );
});

test("codes made on trial stay when that is taken back, and after uninstall, but not after --purge", async () => {
  await using drill = await Drill.start();
  const { machine } = drill;
  const count = () => [...Deno.readDirSync(machine.path(`${CODES}/alice`))].length;
  await machine.wpam(0, "install", "--offline-users", "alice", "--yes");
  assert.match(await machine.wpam(1, "status"), /on trial/);
  await machine.wpam(0, "offline", "codes", "alice");
  await machine.wpam(0, "rollback");
  assert.match(await machine.wpam(0, "status"), /codes left +alice 10$/m);
  await machine.wpam(0, "uninstall", "--yes");
  assert.equal(count(), 10);
  await machine.wpam(0, "uninstall", "--yes", "--purge");
  const left = await machine.run(["find", "/var/lib/wpam"]);
  assert.equal(left.out, "");
});
