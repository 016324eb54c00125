// The canary with the real sshd, libpam, module and helper of this machine, against the fake Werbot: what
// it lets pass, what it stops, and that it leaves nothing behind. Only inside test/sandbox.sh. Called by
// `deno test`.

import assert from "node:assert/strict";
import {
  type Candidate,
  closeFolder,
  FOLDER,
  type Kind,
  openFolder,
  planCanaries,
  runCanary,
  stageCandidate,
} from "../installer/canary.ts";
import { askSshd, openView, probeHost } from "../installer/host.ts";
import type { Finding } from "../installer/checks.ts";
import type { Login } from "../installer/pam_plan.ts";
import { readPam, readSshd } from "../installer/sources.ts";
import { readSshdConfig, type Setting } from "../installer/sshd_config.ts";
import { overlay, planSshdConfig } from "../installer/sshd_edit.ts";
import { Transaction } from "../installer/transaction.ts";
import { SUCCESS } from "./fake/behaviour.ts";
import { type Options, Werbot } from "./fake/werbot.ts";
import { explainNoSshd, findParts, makeTest } from "./installed.ts";
import { listProcesses, waitFor } from "./processes.ts";

const ID = "alice@example.com";
const PASSWORD = "Passw0rd-alice";
const SERVICE = "/etc/pam.d/wpam-canary";
const WANTED: Setting[] = [
  ["UsePAM", "yes"],
  ["KbdInteractiveAuthentication", "yes"],
  ["PasswordAuthentication", "no"],
];
const METHODS: Setting = ["AuthenticationMethods", "publickey,keyboard-interactive:pam"];
/** Gives ssh the lines of a file, one a question; without one it waits for as long as ssh lives. */
const ASKPASS = `#!/bin/sh
echo >>"$ANSWERS.asked"
answer=$(sed -n "$(wc -l <"$ANSWERS.asked")p" "$ANSWERS")
[ -z "$answer" ] || { printf '%s\\n' "$answer"; exit; }
while kill -0 "$PPID" 2>/dev/null; do sleep 0.1; done
`;

const test = makeTest(explainNoSshd());

interface Wishes {
  readonly werbot?: Options;
  /** What Werbot does instead of answering. */
  readonly behaviour?: string;
  readonly login?: Login;
  readonly user?: string;
  readonly module?: string;
  readonly arguments?: string[];
  /** Lines below those of sshd's PAM service. */
  readonly pam?: string;
  /** Lines below those of sshd_config. */
  readonly sshd?: string;
  readonly wanted?: Setting[];
  /** Lines of wpam.conf in place of others, or below them. */
  readonly conf?: string;
}

/** A fake Werbot, and a candidate that asks it. */
class Rehearsal implements AsyncDisposable {
  private constructor(
    readonly werbot: Werbot,
    readonly candidate: Candidate,
    readonly user: string,
  ) {}

  static async set(wishes: Wishes = {}): Promise<Rehearsal> {
    const { login = "password,werbot", user = "alice", sshd = "", pam = "" } = wishes;
    const parts = findParts();
    const werbot = await Werbot.start({ users: [{ id: ID }], reuse: true, ...wishes.werbot });
    const host = await probeHost(openView());
    const found = readSshd(host)!;
    const source = overlay(found.source, [{
      path: found.main,
      before: undefined,
      after: found.source.read(found.main) + sshd,
    }]);
    const config = readSshdConfig(source, found.main, found.version);
    const wanted = wishes.wanted ?? [...WANTED, ...login === "key,werbot" ? [METHODS] : []];
    const planned = planSshdConfig(config, wanted);
    assert.ok("edits" in planned, JSON.stringify(planned));
    const conf = wishes.conf ?? `service_key = ${werbot.serviceKey}\n`;
    await werbot.behave(wishes.behaviour);
    const service = readPam(host);
    const candidate: Candidate = {
      host,
      sshd: readSshdConfig(overlay(source, planned.edits), found.main, found.version),
      pam: {
        ...service,
        read: (name) => name === "sshd" ? service.read(name) + pam : service.read(name),
      },
      wish: {
        service: "sshd",
        module: wishes.module ?? parts.module,
        arguments: wishes.arguments ?? [],
        login,
      },
      conf: `server_url = ${werbot.address}\nservice_id = ${werbot.serviceID}\n` +
        `key_logins = leave\n${conf}`,
      anchors: werbot.ca,
    };
    return new Rehearsal(werbot, candidate, user);
  }

  /** Tries one canary; the answers are for the questions that a person is asked. */
  async try(kind: Kind, answers?: readonly string[], signal?: AbortSignal): Promise<Finding[]> {
    const { host } = this.candidate;
    const { files, config } = stageCandidate(this.candidate);
    const scratch = await Deno.makeTempDir();
    await Deno.writeTextFile(`${scratch}/askpass`, ASKPASS, { mode: 0o700 });
    await Deno.writeTextFile(`${scratch}/answers`, (answers ?? []).join("\n"));
    const transaction = Transaction.open(host.view);
    assert.ok("during" in transaction, JSON.stringify(transaction));
    openFolder(this.candidate, files);
    try {
      const effective = await askSshd(host, makeVisitor(this.user), config);
      assert.ok(!("text" in effective), JSON.stringify(effective));
      const planned = planCanaries(this.candidate, effective, { user: this.user, person: true });
      assert.ok(Array.isArray(planned), JSON.stringify(planned));
      const canary = planned.find((one) => one.kind === kind) ?? assert.fail(`no canary ${kind}`);
      const script = {
        SSH_ASKPASS: `${scratch}/askpass`,
        SSH_ASKPASS_REQUIRE: "force",
        ANSWERS: `${scratch}/answers`,
      };
      const tried = kind === "person" ? { ...canary, env: script } : canary;
      return await transaction.during([canary.step], () => runCanary(tried, host, signal));
    } finally {
      await transaction.rollBack();
      transaction.close();
      closeFolder(host.view);
      await Deno.remove(scratch, { recursive: true });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.werbot[Symbol.asyncDispose]();
  }
}

function makeVisitor(user: string) {
  return { user, host: "localhost", addr: "127.0.0.1", laddr: "127.0.0.1", lport: 22 };
}

/** Tells findings in lines of id and sentence. */
function tell(findings: readonly Finding[]): string {
  return findings.map(({ severity, id, seen }) => `${severity} ${id}: ${seen}`).join("\n");
}

/** Fails unless the canary's folder, its PAM service and every process that is not in the list are gone. */
async function checkClean(before: readonly number[]): Promise<void> {
  await waitFor(
    "the end of every process",
    10_000,
    () => listProcesses().every(({ pid, state }) => before.includes(pid) || state === "Z"),
  );
  for (const path of [FOLDER, SERVICE]) {
    assert.equal(openView().status(path), undefined, `${path} is left`);
  }
}

const listPids = () => listProcesses().map(({ pid }) => pid);

for (
  const [login, kinds] of [
    ["password,werbot", ["wrong-code", "key", "person"]],
    ["key,werbot", ["wrong-code", "person"]],
    ["werbot", ["wrong-code", "key", "person"]],
  ] as const
) {
  test(`runCanary() lets a right configuration pass for the login ${login}`, async () => {
    await using rehearsal = await Rehearsal.set({ login });
    const { werbot } = rehearsal;
    const before = listPids();
    const answers = [...login === "password,werbot" ? [PASSWORD] : [], ID, werbot.code(ID)];
    for (const kind of kinds) {
      const told = tell(await rehearsal.try(kind, answers));
      assert.match(
        told,
        kind === "wrong-code" ? /^info canary-refusal: .*: user not found\.$/ : /^$/,
      );
      await checkClean(before);
    }
    assert.deepEqual(werbot.requests.map(({ body }) => [body?.user, body?.wID, body?.userIP]), [
      ["alice", "wpam-doctor", "127.0.0.1"],
      ["alice", ID, "127.0.0.1"],
    ]);
    assert.deepEqual(werbot.violations, []);
  });
}

/** What is wrong, who tries, and what is found. */
const FAULTS: readonly (readonly [string, Wishes, Kind, RegExp])[] = [
  [
    "a Werbot that lets everybody in",
    { behaviour: `json ${SUCCESS}` },
    "wrong-code",
    /^error canary-unguarded: Werbot lets alice in with a made-up ID/,
  ],
  [
    "a Werbot that cannot be reached",
    { conf: "service_key = k\nhttp_proxy = http://127.0.0.1:1\n" },
    "wrong-code",
    /^error canary-unreachable: A login cannot reach Werbot \(127\.0\.0\.1:1: Connection refused\)\.$/,
  ],
  [
    "a Werbot that cannot be reached, for a user who may do without",
    {
      conf: "service_key = k\nhttp_proxy = http://127.0.0.1:1\noffline_users = alice\n" +
        "offline_factor = none\n",
    },
    "wrong-code",
    /^error canary-unreachable: .*offline without a factor/,
  ],
  [
    "a Werbot that cannot be reached, for a user who is asked for an offline code",
    { conf: "service_key = k\nhttp_proxy = http://127.0.0.1:1\noffline_users = alice\n" },
    "wrong-code",
    /^error canary-unreachable: .*no offline code was given/,
  ],
  [
    "a wrong service key",
    { conf: "service_key = another\n" },
    "wrong-code",
    /^error canary-undecided: .*HTTP 401: check service_id and service_key/,
  ],
  [
    "a wrong service key that the server does not tell from a wrong code",
    { behaviour: 'json {"status":"failed","reason":"service not found"}' },
    "wrong-code",
    /^warning canary-refusal: .*but perhaps any: service not found\.$/,
  ],
  [
    "a setting that nobody knows",
    { conf: "service_key = k\nbad_key = 1\n" },
    "wrong-code",
    /^error canary-misconfigured: .*wpam\.conf line 5: unknown key/,
  ],
  [
    "a certificate of somebody else",
    { werbot: { certificate: "other-ca" } },
    "wrong-code",
    /^error canary-untrusted: .*issuer is not in ca\.pem/,
  ],
  [
    "a module that is not there",
    { module: "/nonexistent/pam_wpam.so" },
    "wrong-code",
    /^error canary-module: .*PAM: Module is unknown/,
  ],
  [
    "a helper that is not there",
    { arguments: ["helper=/nonexistent/wpam-auth"] },
    "wrong-code",
    /^error canary-misconfigured: .*\/nonexistent\/wpam-auth: No such file/,
  ],
  [
    "an account line that cannot run",
    { pam: "account required pam_absent.so\n" },
    "key",
    /^error canary-account: .*Access denied for user alice by PAM account configuration/,
  ],
  [
    "an account line that cannot run",
    { pam: "account required pam_absent.so\n" },
    "person",
    /^error canary-account: /,
  ],
  [
    "a configuration that bars the user",
    { sshd: "\nDenyUsers alice\n" },
    "wrong-code",
    /^error canary-barred: .*User alice from 127\.0\.0\.1 not allowed because listed in DenyUsers/,
  ],
  [
    "root, whom sshd lets in by key only",
    { user: "root" },
    "wrong-code",
    /^error canary-barred: sshd would not let root in, whatever the answers\.$/,
  ],
  [
    "a Match block without keyboard-interactive",
    { sshd: "\nMatch User alice\nKbdInteractiveAuthentication no\n" },
    "wrong-code",
    /^error canary-method: sshd does not offer keyboard-interactive to alice, only publickey\.$/,
  ],
];

for (const [what, wishes, kind, expected] of FAULTS) {
  test(`runCanary() finds ${what}, by ${kind}`, async () => {
    const before = listPids();
    await using rehearsal = await Rehearsal.set(wishes);
    const answers = [PASSWORD, ID, rehearsal.werbot.code(ID)];
    assert.match(tell(await rehearsal.try(kind, answers)), expected);
    await checkClean(before);
  });
}

test("runCanary() tells a wrong password and a wrong code of the person apart", async () => {
  await using rehearsal = await Rehearsal.set();
  const seen = async (...answers: string[]) => tell(await rehearsal.try("person", answers));
  assert.match(
    await seen("wrong"),
    /^error canary-refused: .*PAM: Authentication failure for alice/,
  );
  assert.match(
    await seen(PASSWORD, ID, "000000"),
    /^error canary-denied: Werbot refuses this login \(wrong code\)\.$/,
  );
});

test("runCanary() is not misled by what Match blocks make of a login", async () => {
  const lines = ["LogLevel QUIET", "ForceCommand internal-sftp", "AuthorizedKeysFile /nonexistent"];
  await using rehearsal = await Rehearsal.set({
    sshd: `\nMatch User alice\n${lines.join("\n")}\n`,
  });
  assert.match(tell(await rehearsal.try("wrong-code")), /^info canary-refusal: /);
  assert.equal(tell(await rehearsal.try("key")), "");
});

test("runCanary() lets systemd start sshd under SELinux, and says when that cannot be", async () => {
  await using rehearsal = await Rehearsal.set();
  const { view } = rehearsal.candidate.host;
  const program = "/usr/sbin/systemd-run";
  const { read, status } = view;
  Object.assign(view, {
    read: (path: string) => path === "/sys/fs/selinux/enforce" ? "1" : read(path),
    status: (path: string) => status(path === "/run/systemd/system" ? "/" : path),
  });
  const write = (line: string) =>
    Deno.writeTextFile(program, `#!/bin/sh\n${line}\n`, { mode: 0o755 });
  try {
    await write('[ "$*" != "${*#--quiet --pipe --wait --collect -- }" ] && shift 5 && exec "$@"');
    assert.match(tell(await rehearsal.try("wrong-code")), /^info canary-refusal: .*$/);
    await write("exit 1");
    assert.match(
      tell(await rehearsal.try("wrong-code")),
      /^info canary-refusal: .*\nwarning canary-unconfined: .*$/,
    );
  } finally {
    await Deno.remove(program);
  }
});

test("runCanary() throws the reason when it is interrupted, and leaves nothing behind", async () => {
  await using rehearsal = await Rehearsal.set();
  const before = listPids();
  const interrupt = new AbortController();
  const trying = rehearsal.try("person", [PASSWORD, ID], interrupt.signal);
  const failed = assert.rejects(trying, /^Error: Ctrl-C$/);
  await waitForHelper();
  interrupt.abort(new Error("Ctrl-C"));
  await failed;
  await checkClean(before);
});

test("a canary that is killed ends its processes, and the next wpam removes its files", async () => {
  const before = listPids();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", import.meta.filename!, "wait"],
    stdin: "null",
  }).spawn();
  await waitForHelper();
  const { view } = await probeHost(openView());
  for (const path of [FOLDER, SERVICE]) assert.ok(view.status(path), path);
  child.kill("SIGKILL");
  await child.status;
  // If the question has got as far as ssh, it waits for the person, who leaves now.
  await waitFor("the end of ssh", 10_000, () => {
    const running = listProcesses().filter(({ state }) => state !== "Z");
    for (const { pid, name } of running) if (name === "askpass") Deno.kill(pid);
    return running.every(({ name }) => name !== "ssh");
  });
  const transaction = Transaction.open(view);
  assert.ok("recover" in transaction, JSON.stringify(transaction));
  await transaction.recover();
  transaction.close();
  closeFolder(view);
  await checkClean(before);
});

/** Waits until a login has come as far as the helper's first question. */
async function waitForHelper(): Promise<void> {
  const line = Deno.readTextFileSync("/etc/passwd").split("\n")
    .find((line) => line.startsWith("wpam:")) ?? assert.fail("no user wpam");
  const wpam = Number(line.split(":")[2]);
  const helps = () => listProcesses().some(({ uid, state }) => uid === wpam && state !== "Z");
  await waitFor("a helper", 20_000, helps);
}

// As a program: a person who has given the password and the ID, and nothing more.
if (Deno.args[0] === "wait") {
  await using rehearsal = await Rehearsal.set();
  await rehearsal.try("person", [PASSWORD, ID]);
}
