/**
 * installer/wishes.ts: options win over what the machine has, that over questions, and those over defaults.
 */
import assert from "node:assert/strict";
import type { InstallOptions } from "../../installer/command.ts";
import { parsePamFile, takePredecessor } from "../../installer/pam_file.ts";
import { decideWishes, type Found, readPredecessor } from "../../installer/wishes.ts";
import type { Key } from "../../src/config.ts";
import { Secret } from "../../src/secret.ts";

const NOTHING: Found = {
  conf: new Map(),
  predecessor: new Map(),
  checksKeys: false,
  installed: undefined,
  password: true,
};
const OPTIONS: InstallOptions = { confirmWithin: 300 };
const GIVEN: InstallOptions = { ...OPTIONS, serviceId: "web", serviceKey: new Secret("k") };

async function decide(options: InstallOptions, ...[found, answers]: [Partial<Found>?, string[]?]) {
  const questions: string[] = [];
  const ask = (question: string, { standard = "" } = {}) => {
    questions.push(question);
    const answer = answers!.shift();
    assert.ok(answer !== undefined, `no answer to ${question}`);
    return Promise.resolve(answer || standard);
  };
  const wishes = await decideWishes(options, { ...NOTHING, ...found }, answers && { ask });
  const values: Partial<Record<Key, string | undefined>> = {};
  for (const [key, value] of wishes.values) {
    values[key] = value instanceof Secret ? value.reveal() : value;
  }
  return { ...wishes, values, questions };
}

Deno.test("decideWishes() takes the defaults where nobody says anything", async () => {
  const { login, services, values } = await decide(GIVEN);
  assert.deepEqual([login, services], ["password,werbot", ["sshd"]]);
  assert.deepEqual(values, {
    server_url: "api.werbot.com",
    service_id: "web",
    service_key: "k",
    key_logins: "leave",
  });
});

Deno.test("decideWishes() names the option that is missing, and never asks without a terminal", async () => {
  await assert.rejects(
    decide(OPTIONS),
    /The ID of the service is missing: give it with --service-id/,
  );
  await assert.rejects(decide({ ...OPTIONS, serviceId: "web" }), /--service-key-file/);
});

Deno.test("decideWishes() lets options win over wpam.conf, and that over the predecessor", async () => {
  const conf = new Map<Key, string | Secret>([["server_url", "conf"], ["service_id", "conf"]]);
  const predecessor = new Map<Key, string | Secret>([
    ["service_id", "old"],
    ["service_key", new Secret("old")],
    ["offline_users", "bob"],
  ]);
  const { values } = await decide({ ...OPTIONS, serverUrl: "option" }, { conf, predecessor });
  assert.deepEqual(values, {
    server_url: "option",
    service_id: "conf",
    service_key: "old",
    offline_users: "bob",
    key_logins: "leave",
  });
});

Deno.test("decideWishes() goes on checking keys where the predecessor did", async () => {
  assert.equal((await decide(GIVEN, { checksKeys: true })).values.key_logins, "check");
  const options: InstallOptions = { ...GIVEN, keyLogins: "leave" };
  assert.equal((await decide(options, { checksKeys: true })).values.key_logins, "leave");
});

Deno.test("decideWishes() keeps what is installed, and a key_logins that nobody wrote", async () => {
  const installed = { login: "key,werbot", services: ["sshd", "login"] } as const;
  const conf = new Map<Key, string | Secret>([["service_id", "conf"]]);
  const { login, services, values } = await decide(GIVEN, { installed, conf });
  assert.deepEqual([login, services], ["key,werbot", ["sshd", "login"]]);
  assert.equal(values.key_logins, undefined);
  // With wpam.conf the old answer is gone, and the parser's own would shut keys out.
  assert.equal((await decide(GIVEN, { installed })).values.key_logins, "leave");
});

Deno.test("decideWishes() asks for what is not known, with what it found as the default", async () => {
  const predecessor = new Map<Key, string | Secret>([["server_url", "w.example"]]);
  const found = await decide(OPTIONS, { predecessor }, ["", "web", "key", "check", "werbot"]);
  assert.deepEqual(found.values, {
    server_url: "w.example",
    service_id: "web",
    service_key: "key",
    key_logins: "check",
  });
  assert.equal(found.login, "werbot");
  assert.equal(found.questions.length, 5);
});

Deno.test("decideWishes() asks again for what cannot be", async () => {
  const answers = ["http://x", "w.example", "", "web", "key", "maybe", "leave", ""];
  const { values, login, questions } = await decide(OPTIONS, {}, answers);
  assert.equal(values.server_url, "w.example");
  assert.equal(login, "password,werbot");
  assert.match(questions[1]!, /^It must be host or host:port/);
});

Deno.test("decideWishes() asks nothing for what is only shown, and leaves gaps", async () => {
  const { values, questions } = await decide({ ...OPTIONS, dryRun: true }, {}, []);
  assert.deepEqual([values.service_id, values.service_key, questions], ["...", "...", []]);
});

Deno.test("decideWishes() turns switches on, and takes them out again", async () => {
  const on = await decide({ ...GIVEN, debug: true, insecureSkipVerify: true });
  assert.deepEqual([on.values.debug, on.values.insecure_skip_verify], ["true", "true"]);
  const off = await decide({ ...GIVEN, debug: false });
  assert.ok("debug" in off.values && off.values.debug === undefined);
});

Deno.test("readPredecessor() takes what a login would accept, the first of each", () => {
  const text = "auth required /lib/security/pam_wpam.so server_url=a service_id=b \\\n" +
    "  service_key=c insecure_skip_verify=yes debug=1 server_ulr=x\n" +
    "account required pam_wpam.so server_url=z offline_users=u,v\n";
  const { lines } = takePredecessor(text);
  assert.equal(parsePamFile(text).lines.length, 2);
  const found = readPredecessor(lines);
  assert.ok(!JSON.stringify([...found]).includes('"c"'));
  assert.deepEqual([...found].map(([key, value]) => `${key}=${value}`), [
    "server_url=a",
    "service_id=b",
    "service_key=[REDACTED]",
    "debug=1",
    "offline_users=u,v",
  ]);
});
