// The highest rung of the ladder: stories, and what only a real sshd can show. Only inside
// test/sandbox.sh; elsewhere the reason is printed. Called by `deno test`.

import assert from "node:assert/strict";
import { checkHostileLog, FAULTS, HOSTILE_LIMIT, makeHostileHelpers } from "./hostile.ts";
import { explainNoSshd, findParts, makeTest } from "./installed.ts";
import {
  countThreads,
  findWpam,
  listDescriptors,
  listHelpers,
  listProcesses,
  readStatus,
  waitFor,
  waitForEnd,
} from "./processes.ts";
import { OpenSsh, playOnSshd, Sshd, visitWithSsh2 } from "./rung_sshd.ts";
import { CODE_PROMPT, ID, Scene } from "./scene.ts";
import { answerIdAlone, ID_PROMPT } from "./stage.ts";
import { readStories } from "./story.ts";

const test = makeTest(explainNoSshd());

for (const story of readStories(new URL("scenarios/", import.meta.url), "sshd")) {
  test(`${story.name}: ${story.summary}`, () => playOnSshd(story, findParts()));
}

test("40 logins one after another and 40 at once by the ssh2 client leave nothing behind", async () => {
  await using scene = await Scene.set();
  const before = listDescriptors(scene.sshd.process.pid).size;
  const logIn = async () => {
    const visit = await scene.visit("alice", scene.werbot.code(ID));
    assert.equal(visit.stdout, "alice\n");
  };
  for (let i = 0; i < 40; i++) await logIn();
  await Promise.all(Array.from({ length: 40 }, logIn));
  await scene.checkQuiet();
  assert.equal(listDescriptors(scene.sshd.process.pid).size, before, "descriptors of sshd");
  await scene.checkLogins(80);
});

for (const [count, name] of [[1, "first"], [2, "second"]] as const) {
  test(`a client killed at the ${name} prompt leaves no helper and frees its slot`, async () => {
    await using scene = await Scene.set({}, "", ["MaxStartups 1"]);
    await using client = await OpenSsh.start(scene.sshd, "alice", [ID].slice(0, count - 1));
    await client.waitForPrompts(count);
    const helpers = listHelpers();
    assert.equal(helpers.length, count - 1, "helpers: the first prompt costs none");
    await client.kill();
    await waitForEnd(helpers, 1000);
    await scene.checkQuiet();
    assert.equal(await scene.logIn(scene.werbot.code(ID)), "alice\n");
    assert.equal(scene.werbot.requests.length, 1);
  });
}

test("a client killed while its U2F request waits leaves no helper beyond u2f_timeout", async () => {
  await using scene = await Scene.set({}, "u2f_timeout = 5\n", ["MaxStartups 1"]);
  await using client = await OpenSsh.start(scene.sshd, "alice", [ID, ""]);
  await scene.werbot.until(() => scene.werbot.pending() === 1);
  const helpers = listHelpers();
  assert.equal(helpers.length, 1);
  await client.kill();
  await waitForEnd(helpers, 6000);
  await scene.checkQuiet();
  assert.equal(await scene.logIn(scene.werbot.code(ID)), "alice\n");
});

test("a barred user gets the dialogue of a wrong code, a refusal, and no request is sent", async () => {
  await using scene = await Scene.set();
  const dialogues: string[][] = [];
  for (const user of ["nobody-here", "root"]) {
    const shown: string[] = [];
    assert.equal((await scene.visit(user, scene.werbot.code(ID), shown)).accepted, false, user);
    dialogues.push(shown);
  }
  assert.equal(scene.werbot.connections, 0);
  const shown: string[] = [];
  assert.equal((await scene.visit("alice", "000000", shown)).accepted, false);
  assert.deepEqual(dialogues, [shown, shown]);
  const log = await scene.sshd.readWpamLog();
  assert.deepEqual(log.map((line) => /^WARN: login denied user=(\S+)/.exec(line)?.[1]), [
    "nobody-here",
    "root",
    "alice",
  ]);
});

test("a barred user and one with a wrong code see the same, in times that PAM's own spread covers", async () => {
  // pam_fail_delay(3) draws out or cuts short by up to half what it is asked for; the module asks for 2 s.
  const delay = 2000;
  const spread = 1000;
  await using scene = await Scene.set({}, "", ["DenyUsers bob"]);
  // As over the internet: a barred user does not wait for Werbot, and over loopback nobody would.
  await scene.werbot.behave("delay 100");
  const refuse = async (user: string) => {
    await using client = await OpenSsh.start(scene.sshd, user, [ID, "000000"]);
    const { stderr } = await client.finish();
    const ended = Date.now();
    const asked = Deno.statSync(`${client.folder}/prompts`).mtime!.getTime();
    const dialogue = [...client.readPrompts(), stderr]
      .map((text) => text.replaceAll(user, "USER").replace(/\(ref \w{8}\)/, "(ref REF)"));
    return { user, dialogue, waited: ended - asked };
  };
  const tries: Awaited<ReturnType<typeof refuse>>[] = [];
  for (let i = 0; i < 4; i++) {
    const users = ["alice", "nobody-here", "alice", "root", "alice", "bob"];
    tries.push(...await Promise.all(users.map(refuse)));
  }
  assert.equal(scene.werbot.requests.length, 12);
  for (const { user, dialogue, waited } of tries) {
    assert.deepEqual(dialogue, tries[0]!.dialogue, user);
    assert.ok(waited >= delay - spread, `${user} was refused after ${waited} ms`);
  }
  const median = (some: typeof tries) =>
    some.map(({ waited }) => waited).sort((a, b) => a - b)[some.length / 2]!;
  const refused = median(tries.filter(({ user }) => user === "alice"));
  const barred = median(tries.filter(({ user }) => user !== "alice"));
  assert.ok(Math.abs(refused - barred) < spread, `${refused} ms and ${barred} ms`);
});

test("a refusal shows the user the reference that stands in the log", async () => {
  await using scene = await Scene.set();
  await using client = await OpenSsh.start(scene.sshd, "alice", [ID, "000000"]);
  const { code, stderr } = await client.finish();
  assert.equal(code, 255);
  const ref = /^Werbot login failed \(ref (\w{8})\)$/m.exec(stderr)?.[1];
  assert.match((await scene.sshd.readWpamLog()).join("\n"), new RegExp(` ref=${ref} `));
  assert.deepEqual(client.readPrompts(), [
    `(alice@127.0.0.1) ${ID_PROMPT}`,
    `(alice@127.0.0.1) ${CODE_PROMPT}`,
  ]);
});

test("run_child() starts the helper as wpam, with nothing of sshd's", async () => {
  await using scene = await Scene.set({ users: [{ id: ID, key: "ignore" }] }, "u2f_timeout = 5\n");
  await using client = await OpenSsh.start(scene.sshd, "alice", [ID]);
  await client.waitForPrompts(2);
  const [helper] = listHelpers();
  const { pid } = helper!;
  const status = readStatus(pid);
  const [uid, gid] = findWpam();
  const four = (id: number) => Array(4).fill(id).join("\t");
  assert.equal(status["Uid"], four(uid));
  assert.equal(status["Gid"], four(gid));
  assert.equal(status["Groups"]!.trim(), "");
  assert.equal(status["NoNewPrivs"], "1");
  assert.match(status["CapEff"]!, /^0+$/);
  assert.match(status["CapPrm"]!, /^0+$/);
  assert.equal(status["SigBlk"], "0000000000000000");
  assert.equal(status["Umask"], "0077");
  assert.equal(Deno.readLinkSync(`/proc/${pid}/cwd`), "/");
  assert.match(
    Deno.readTextFileSync(`/proc/${pid}/limits`),
    /^Max core file size +0 +0 /m,
  );
  // The launcher of a bundled helper is a shell script, and bash as sh cannot be kept from adding this.
  const variables = readList(pid, "environ").filter((one) => !one.startsWith("_="));
  assert.deepEqual(variables.sort(), [
    "DENO_DIR=/dev/null/x",
    "DENO_NO_UPDATE_CHECK=1",
    "DENO_TLS_CA_STORE=",
    "HOME=/nonexistent",
    "MALLOC_ARENA_MAX=1",
    "NO_COLOR=1",
  ]);
  checkDescriptors(pid);
  await client.kill();
  await scene.checkQuiet();
});

test("no process and no log shows the service key or a code, while and after they are sent", async () => {
  await using scene = await Scene.set({}, "debug = true\n");
  const { werbot, sshd } = scene;
  await werbot.behave("delay 1000");
  const code = werbot.code(ID);
  await using client = await OpenSsh.start(sshd, "alice", [ID, code]);
  await werbot.until(() => werbot.requests.length === 1);
  const own = Deno.pid;
  const shown = listProcesses().filter(({ pid }) => pid !== own)
    .flatMap(({ pid }) => [...readList(pid, "environ"), ...readList(pid, "cmdline")]);
  const { stdout, stderr } = await client.finish();
  assert.equal(stdout, "alice\n");
  const texts = [...shown, stderr, sshd.readOwnLog(), ...await sshd.readWpamLog()];
  for (const secret of [werbot.serviceKey, code]) {
    assert.deepEqual(texts.filter((text) => text.includes(secret)), []);
  }
});

test("pam_sm_acct_mgmt() decides key logins alone, after a failed code too", async () => {
  await using scene = await Scene.set(
    { users: [{ id: ID, alias: ["alice"], key: "approve" }] },
    "key_logins = check\n",
  );
  const visit = await scene.visit("alice", "000000", [], ["keyboard-interactive", "publickey"]);
  assert.equal(visit.stdout, "alice\n");
  assert.deepEqual(scene.werbot.requests.map(({ body }) => [body!.tfaMethod, body!.wID]), [
    ["totp", ID],
    ["U2F", "alice"],
  ]);
  const log = await scene.sshd.readWpamLog();
  assert.deepEqual(log.map((line) => line.split(" ").slice(0, 3).join(" ")), [
    "WARN: login denied",
    "INFO: login allowed",
  ]);
});

test("a key and a code together are two factors and one request", async () => {
  await using scene = await Scene.set({}, "key_logins = check\n", [
    "AuthenticationMethods publickey,keyboard-interactive",
  ]);
  const code = scene.werbot.code(ID);
  const visit = await scene.visit("alice", code, [], ["publickey", "keyboard-interactive"]);
  assert.equal(visit.stdout, "alice\n");
  assert.equal(scene.werbot.requests.length, 1);
  const alone = await scene.visit("alice", code, [], ["keyboard-interactive"]);
  assert.equal(alone.accepted, false);
});

test("pam_sm_authenticate() refuses a hostile helper under sshd, in bounded time", async () => {
  const folder = await Deno.makeTempDir({ prefix: "wpam-" });
  try {
    const helpers = await makeHostileHelpers(folder);
    await Deno.writeTextFile(`${folder}/wpam.conf`, "", { mode: 0o600 });
    const results = await Promise.allSettled(
      Object.keys(FAULTS).map(async (fault) => {
        await using sshd = await Sshd.start([
          `config=${folder}/wpam.conf`,
          `helper=${helpers[fault]}`,
        ]);
        const started = performance.now();
        const visit = await visitWithSsh2(sshd, {
          user: "alice",
          methods: ["keyboard-interactive"],
          answer: answerIdAlone,
        });
        // sshd draws a refusal out, up to twice its time, so that the time tells nothing.
        assert.ok(performance.now() - started < 2 * HOSTILE_LIMIT, `${fault} took too long`);
        assert.equal(visit.accepted, false, fault);
        checkHostileLog(fault, await sshd.readWpamLog());
      }),
    );
    assert.deepEqual(results.flatMap((one) => one.status === "rejected" ? [one.reason] : []), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  await waitFor("no helper", 1000, () => listHelpers().length === 0);
});

for (
  const [signal, at, reason] of [
    ["SIGKILL", "at a prompt", "did not take the answer; the helper was ended by signal 9"],
    [
      "SIGSEGV",
      "while it asks Werbot",
      "ended before its verdict; the helper was ended by signal 11",
    ],
  ] as const
) {
  test(`a helper that gets ${signal} ${at} is a refusal and hurts no other login`, async () => {
    await using scene = await Scene.set();
    const { werbot, sshd } = scene;
    // Again and again: V8 takes the first SIGSEGV for one of its own and goes on.
    const strike = () =>
      waitFor(`${signal} strikes`, 5000, () => {
        const helpers = listHelpers()
          .filter(({ pid, state }) => state !== "Z" || countThreads(pid) > 1);
        for (const { pid } of helpers) Deno.kill(pid, signal);
        return helpers.length === 0;
      });
    const atPrompt = at === "at a prompt";
    if (!atPrompt) await werbot.behave("silence");
    const [visit] = await Promise.all([
      visitWithSsh2(sshd, {
        user: "alice",
        methods: ["keyboard-interactive"],
        answer: async (_echo, prompt) => {
          if (atPrompt && prompt === CODE_PROMPT) await strike();
          return { kind: "text", text: prompt === ID_PROMPT ? ID : werbot.code(ID) };
        },
      }),
      atPrompt || werbot.until(() => werbot.requests.length === 1).then(strike),
    ]);
    assert.equal(visit.accepted, false);
    const [line, ...more] = await sshd.readWpamLog();
    assert.match(
      line!,
      new RegExp(`^ERROR: login misconfigured .* reason="the helper ${reason}"$`),
    );
    assert.deepEqual(more, []);
    await scene.checkQuiet();
    await werbot.behave();
    assert.equal((await scene.visit("alice", werbot.code(ID))).stdout, "alice\n");
  });
}

/** Reads the NUL-separated list in /proc/PID/environ or cmdline; empty once the process has ended. */
function readList(pid: number, file: "environ" | "cmdline"): string[] {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/${file}`).split("\0").filter((one) => one !== "");
  } catch {
    return [];
  }
}

/** Fails if a descriptor of the helper is shared with another process, or is a file it should not have. */
function checkDescriptors(helper: number): void {
  const own = listDescriptors(helper);
  assert.match(own.get(0)!, /^socket:/);
  assert.equal(own.get(1), own.get(0));
  assert.equal(own.get(2), "/dev/null");
  // eventpoll, eventfd: the event loop; pipe, socket: its wake-ups, and the connection to Werbot.
  const kinds = /^(anon_inode:\[(eventpoll|eventfd)\]|pipe:.*|socket:.*|\/dev\/null)$/;
  for (const [fd, target] of own) assert.match(target, kinds, `descriptor ${fd}`);
  const ends = [...own.values()].filter((target) => /^(pipe|socket):/.test(target));
  for (const { pid, name } of listProcesses().filter((one) => one.pid !== helper)) {
    const shared = [...listDescriptors(pid).values()].filter((target) => ends.includes(target));
    assert.deepEqual(shared, [], `shared with ${name}`);
  }
}
