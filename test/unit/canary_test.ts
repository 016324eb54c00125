/**
 * installer/canary.ts: which logins are tried, with which command lines, and that these hold no secret.
 */
import assert from "node:assert/strict";
import {
  type Canary,
  type Candidate,
  FOLDER,
  planCanaries,
  stageCandidate,
} from "../../installer/canary.ts";
import { type Evidence, judgeCanary } from "../../installer/canary_verdict.ts";
import { type Effective, parseEffective } from "../../installer/effective.ts";
import type { Host } from "../../installer/host.ts";
import type { Login } from "../../installer/pam_plan.ts";
import { readSshdConfig } from "../../installer/sshd_config.ts";
import { CODE_PROMPT, ID_PROMPT } from "../../src/prompt.ts";

const KEY = "the-service-key";
const CONF = `server_url = h\nservice_id = i\nservice_key = ${KEY}\nkey_logins = leave\n`;
const PAM: Record<string, string> = {
  sshd: "auth required pam_unix.so\naccount required pam_unix.so\nsession required pam_unix.so\n",
  other: "auth required pam_deny.so\n",
};
const MAIN = "/etc/ssh/sshd_config";
const SSHD = "Include sshd_config.d/*\nMatch User bob\nForceCommand x\n";
const OLD = "usepam yes\npubkeyauthentication yes\nauthenticationmethods any\n" +
  "pubkeyacceptedalgorithms ssh-ed25519,rsa-sha2-256\n";

function propose(login: Login = "password,werbot", conf = CONF): Candidate {
  const source = {
    read: (path: string) => path === MAIN ? SSHD : undefined,
    glob: () => [],
  };
  const host = {
    serviceFolders: ["/etc/pam.d", "/usr/lib/pam.d"],
    sshd: { path: "/usr/sbin/sshd", options: ["-o", "Ciphers=x"] },
  } as unknown as Host;
  return {
    host,
    sshd: readSshdConfig(source, MAIN, [9, 2]),
    pam: { library: "linux-pam", read: (name) => PAM[name] },
    wish: { service: "sshd", module: "/x/pam_wpam.so", arguments: ["debug=1"], login },
    conf,
    anchors: "PEM",
  };
}

function plan(candidate = propose(), effective = OLD, person = true): readonly Canary[] {
  const values: Effective = parseEffective(effective);
  const planned = planCanaries(candidate, values, { user: "alice", person });
  assert.ok(Array.isArray(planned), JSON.stringify(planned));
  return planned;
}

const kinds = (canaries: readonly Canary[]) => canaries.map(({ kind }) => kind);

Deno.test("stageCandidate() puts sshd's files, wpam.conf and ca.pem below the folder, for root only", () => {
  const { files, config } = stageCandidate(propose());
  assert.equal(config, `${FOLDER}${MAIN}`);
  assert.deepEqual(files.map(({ path, text, mode }) => [path, text, mode]), [
    [
      config,
      `Include "${FOLDER}/etc/ssh/sshd_config.d/*"\nMatch User bob\nForceCommand true\n`,
      0o600,
    ],
    [`${FOLDER}/wpam.conf`, CONF, 0o600],
    [`${FOLDER}/ca.pem`, "PEM", 0o600],
  ]);
});

Deno.test("planCanaries() tries a key only where a key alone gets in without Werbot", () => {
  const methods = "publickey,keyboard-interactive:pam";
  const strict = OLD.replace("methods any", `methods ${methods}`);
  const either = OLD.replace("methods any", `methods publickey ${methods}`);
  const check = CONF.replace("leave", "check");
  assert.deepEqual(kinds(plan()), ["wrong-code", "key", "person"]);
  assert.deepEqual(kinds(plan(propose(), OLD, false)), ["wrong-code", "key"]);
  assert.deepEqual(kinds(plan(propose(), either)), ["wrong-code", "key", "person"]);
  assert.deepEqual(kinds(plan(propose(), strict)), ["wrong-code", "person"]);
  assert.deepEqual(kinds(plan(propose("werbot", check))), ["wrong-code", "person"]);
  const off = OLD.replace("pubkeyauthentication yes", "pubkeyauthentication no");
  assert.deepEqual(kinds(plan(propose(), off)), ["wrong-code", "person"]);
  for (const canary of plan(propose("key,werbot"), strict)) assert.equal(canary.keyType, "ed25519");
  assert.deepEqual(plan().map(({ keyType }) => keyType), [undefined, "ed25519", undefined]);
});

Deno.test("planCanaries() makes a key of a type that sshd accepts", () => {
  const type = (accepted: string) =>
    plan(propose(), OLD.replace(/ssh-ed25519.*/, accepted))[1]!.keyType;
  assert.equal(type("ecdsa-sha2-nistp256,rsa-sha2-512"), "ecdsa");
  assert.equal(type("rsa-sha2-512"), "rsa");
});

Deno.test("planCanaries() names the PAM service by the program, or by an option where sshd has it (A21)", () => {
  const [old] = plan();
  assert.equal(old!.server[0], `${FOLDER}/wpam-canary`);
  assert.ok(!old!.server.join().includes("PAMServiceName"));
  const [now] = plan(propose(), `${OLD}pamservicename sshd\n`);
  assert.equal(now!.server[0], "/usr/sbin/sshd");
  assert.ok(now!.server.includes("PAMServiceName=wpam-canary"));
  assert.deepEqual(now!.server.slice(-2), ["-o", "Ciphers=x"]);
  assert.deepEqual([old!.step.path, now!.step.path], Array(2).fill("/etc/pam.d/wpam-canary"));
});

Deno.test("planCanaries() lets nobody in by a wrong code, and tries the rest with the whole stack", () => {
  const [wrong, key, person] = plan().map(({ step }) =>
    step.after!.split("\n").filter((line) => line !== "" && !line.startsWith("#"))
  );
  const ours =
    `required /x/pam_wpam.so debug=1 config=${FOLDER}/wpam.conf log_file=${FOLDER}/wpam.log`;
  assert.deepEqual(wrong, [
    `auth ${ours}`,
    `account ${ours}`,
    ...["auth", "account", "session", "password"].map((type) => `${type} required pam_deny.so`),
  ]);
  assert.deepEqual(key, [
    "auth required pam_unix.so",
    `auth ${ours}`,
    "account required pam_unix.so",
    `account ${ours}`,
    "session required pam_unix.so",
  ]);
  assert.deepEqual(person, key);
});

Deno.test("planCanaries() answers the questions of a login, and puts no secret into a command line", () => {
  const canaries = plan();
  const [{ env }] = canaries as [Canary];
  for (const prompt of [ID_PROMPT, CODE_PROMPT]) {
    const answer = prompt === ID_PROMPT ? "wpam-doctor" : "000000";
    assert.deepEqual([env[prompt], env[`(alice@127.0.0.1) ${prompt}`]], [answer, answer]);
  }
  for (const { server, client, env } of canaries) {
    const words = [...server, ...client(1), ...Object.values(env)];
    assert.deepEqual(words.filter((word) => word.includes(KEY)), []);
  }
});

const LOGS: Evidence = { code: 255, ssh: "", sshd: "", wpam: "" };
const IN = 'Authenticated to 127.0.0.1 ([127.0.0.1]:1) using "keyboard-interactive".\n';

function judge(kind: Canary["kind"], evidence: Partial<Evidence>): string {
  const canary = plan().find((one) => one.kind === kind)!;
  return judgeCanary(canary, { ...LOGS, ...evidence })
    .map(({ severity, id, seen }) => `${severity} ${id}: ${seen}`).join("\n");
}

Deno.test("judgeCanary() finds a person who got in without being asked, or by an offline factor", () => {
  const entered = { code: 0, ssh: IN };
  const allowed = "2026-11-23 20:37:21 - INFO: login allowed user=alice method=totp ref=a\n";
  const offline = "2026-11-23 20:37:21 - WARN: login allowed user=alice method=totp ref=a " +
    'reason="offline with another factor: h:443: Connection refused"\n';
  assert.equal(judge("person", { ...entered, wpam: allowed }), "");
  assert.equal(
    judge("person", entered),
    "error canary-bypassed: alice logged in, and wpam was not asked.",
  );
  assert.match(judge("person", { ...entered, wpam: offline }), /^error canary-unreachable: /);
  assert.match(judge("person", { ...entered, code: 255, wpam: allowed }), /^error canary-failed: /);
});

Deno.test("judgeCanary() tells the last line that means something, and a login that did not end", () => {
  const ssh =
    "Warning: Permanently added x\nalice@127.0.0.1: Permission denied (keyboard-interactive).\n";
  assert.equal(
    judge("wrong-code", { ssh, sshd: "Connection from 127.0.0.1 port 1\n" }),
    "error canary-failed: The test login of alice failed: it ended early; the last that was logged is: " +
      "alice@127.0.0.1: Permission denied (keyboard-interactive).",
  );
  assert.equal(
    judge("key", { code: undefined }),
    "error canary-failed: The test login of alice failed: it did not end in time.",
  );
});

Deno.test("judgeCanary() looks at hosts.deny when sshd closes the connection at once", () => {
  const ssh = "kex_exchange_identification: Connection closed by remote host\n";
  assert.match(judge("key", { ssh }), /^error canary-closed: .*; ssh says: kex_exchange_/);
});

Deno.test("judgeCanary() believes no user, ID or reason that looks like another line", () => {
  const forged =
    '2026-11-23 20:37:21 - WARN: login denied user=alice werbot_id="2026-11-23 20:37:21 - INFO: login allowed method=U2F" ' +
    'method=totp ref=a reason="a \\"quoted\\" method=U2F"\n';
  assert.equal(
    judge("wrong-code", { wpam: forged }),
    'info canary-refusal: Werbot refused a made-up ID and code, as it should: a "quoted" method=U2F.',
  );
});
