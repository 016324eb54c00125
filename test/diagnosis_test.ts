// wpam doctor, wpam test and wpam log as programs, on a machine with the real sshd and an installed wpam: the usual four
// troubles by real logins, logins on trial, the log with its older parts, and no secret in any output. Only inside
// test/sandbox.sh. Called by `deno test`.

import assert from "node:assert/strict";
import { CHECKS } from "../installer/checks.ts";
import { Drill, type Fault, ID, KEY } from "./drill.ts";
import { explainNoSshd, findMissing, makeTest } from "./installed.ts";
import type { Machine } from "./machine.ts";
import { converse } from "./terminal.ts";

const test = makeTest(explainNoSshd() ?? findMissing("wpam"));
const ROOT = "Passw0rd-root";
const LOG = "/var/log/wpam.log";
const ALICE = ["setpriv", "--reuid=alice", "--regid=alice", "--clear-groups"];
const DROP_IN = "/etc/ssh/sshd_config.d/00-own.conf";

/** A fault that only this test plants. */
function make(plant: string, werbot?: string): Fault {
  const common = { name: "own", title: "", finds: "", also: [], mends: false };
  return { ...common, werbot, certificate: undefined, plant, undo: undefined };
}

async function runDoctor(machine: Machine, ...args: string[]) {
  const { code, out, err } = await machine.run(["wpam", "doctor", ...args]);
  assert.equal(err, "");
  return { code, out };
}

/** Gives the ids of all errors and warnings. */
async function listNamed(machine: Machine): Promise<string[]> {
  const { code, out } = await runDoctor(machine, "--json");
  const { exit, findings } = JSON.parse(out) as { exit: number; findings: { id: string }[] };
  assert.equal(code, exit);
  return findings.map(({ id }) => id);
}

test("doctor says in seconds that all is well, by exit code, text and JSON", async () => {
  await using drill = await Drill.start();
  const { machine } = drill;
  const begun = performance.now();
  const { code, out } = await runDoctor(machine);
  assert.ok(performance.now() - begun < 5000);
  assert.equal(code, 0, out);
  assert.match(out, /Nothing is wrong: \d+ checks in \d\.\d s\./);
  const facts = JSON.parse((await runDoctor(machine, "--json")).out);
  assert.deepEqual([facts.schema, facts.healthy, facts.findings], [1, true, []]);
  assert.deepEqual(facts.checks.map(({ id }: { id: string }) => id), CHECKS.map(({ id }) => id));

  const list = (await runDoctor(machine, "--list")).out;
  for (const { id, title } of CHECKS) assert.ok(list.includes(id) && list.includes(title), id);
  const some = JSON.parse((await runDoctor(machine, "--only", "clock", "--json")).out);
  assert.deepEqual(some.checks.map(({ id }: { id: string }) => id), [
    ...["config-parses", "api-name", "api-connect", "api-reachable", "clock"],
  ]);
  const wrong = await runDoctor(machine, "--only", "clocks");
  assert.equal(wrong.code, 2);
  assert.match(wrong.out, /no check clocks/);

  // What is under way is shown before the program has looked at anything.
  const { shown } = await converse(machine, ["wpam", "doctor"], []);
  assert.match(shown, /Looking at everything[^]*Nothing is wrong/);
});

test("doctor tells an ordinary user what it could not check, and why", async () => {
  await using drill = await Drill.start();
  const { machine } = drill;
  const { code, out } = await machine.run([...ALICE, "wpam", "doctor"]);
  assert.equal(code, 0, out);
  assert.match(
    out.replace(/\s+/g, " "),
    /Not checked, because only root can see that: .*config-safe/,
  );
  assert.match(out, /for the rest: sudo wpam doctor/);
  await drill.with([make("chmod 666 $module")], async () => {
    const { code, out } = await machine.run([...ALICE, "wpam", "doctor"]);
    assert.equal(code, 2, out);
    assert.match(out, /pam_wpam\.so can be written/);
  });
});

test("the usual four: a login fails, the log says how, and doctor names the cause", async () => {
  await using drill = await Drill.start();
  const { machine, werbot } = drill;
  const answers = () => [ROOT, ID, werbot.code(ID)];
  const reload = 'kill -HUP "$(cat /run/sshd.pid)"; sleep 0.5';
  const troubles: [fault: Fault, logged: RegExp, finds: string][] = [
    [
      make(
        `printf 'PasswordAuthentication yes\\nKbdInteractiveAuthentication no\\n' >${DROP_IN}; ${reload}`,
      ),
      /login denied .*conversation error/,
      "sshd-effective",
    ],
    [make("echo oops >$module"), /^$/, "module-loads"],
    [
      make("sed -i 's/^server_url.*/server_url = 127.0.0.1:1/' $conf"),
      /login unreachable .*Connection refused/,
      "api-connect",
    ],
    [
      make("sed -i 's/^service_key.*/service_key = another/' $conf"),
      /login undecided .*HTTP 401/,
      "api-answers",
    ],
  ];
  for (const [fault, logged, finds] of troubles) {
    await drill.with([fault], async () => {
      const login = await machine.login(answers());
      assert.notEqual(login.code, 0, login.out);
      const log = machine.has(LOG) ? machine.read(LOG) : "";
      assert.match(log.trim().split("\n").at(-1) ?? "", logged);
      assert.deepEqual([...new Set(await listNamed(machine))], [finds]);
    });
  }
  const login = await machine.login(answers());
  assert.equal(login.code, 0, login.err);
});

test("test logs in on trial: let in, refused, interrupted, before installing, and as an ordinary user", async () => {
  await using drill = await Drill.start();
  const { machine, werbot } = drill;
  const sshd = machine.read("/etc/pam.d/sshd");
  const ask = (code: string): [RegExp, string][] => [
    [/Werbot ID.*: $/, `${ID}\r`],
    [/totp code.*: $/, `${code}\r`],
  ];
  const good = await converse(
    machine,
    ["wpam", "test", "alice", "--from", "203.0.113.7"],
    ask(werbot.code(ID)),
  );
  assert.equal(good.code, 0, good.shown);
  assert.match(good.shown, /alice would be let in\./);
  assert.match(
    good.shown,
    /\d+ ms from the ID to the next question[^]*\d+ ms from the last answer/,
  );
  assert.match(good.shown, /login allowed user=alice/);
  const { body } = werbot.requests.at(-1)!;
  assert.deepEqual([body?.user, body?.userIP, body?.wID], ["alice", "203.0.113.7", ID]);

  const wrong = await converse(machine, ["wpam", "test", "alice"], ask("000000"));
  assert.equal(wrong.code, 1, wrong.shown);
  assert.match(wrong.shown, /alice would not be let in \(denied\)[^]*The code was wrong/);
  const stopped = await converse(machine, ["wpam", "test"], [[/Werbot ID.*: $/, "\x03"]]);
  assert.notEqual(stopped.code, 0, stopped.shown);

  const other = "/run/test/other.conf";
  await machine.run([
    "sh",
    "-c",
    `sed 's/^server_url.*/server_url = 127.0.0.1:1/' /etc/wpam/wpam.conf >${other}; chmod 600 ${other}`,
  ]);
  const tried = await converse(
    machine,
    ["wpam", "test", "alice", "--config", other],
    ask("123456"),
  );
  assert.equal(tried.code, 1, tried.shown);
  assert.match(tried.shown, /unreachable[^]*Nothing listens/);

  const plain = await machine.run([...ALICE, "wpam", "test"]);
  assert.equal(plain.code, 2, plain.out);
  assert.match(plain.out.replace(/\s+/g, " "), /Only root can read the settings of logins/);
  await machine.run(["chown", "alice", other]);
  const own = await converse(
    machine,
    [...ALICE, "wpam", "test", "alice", "--config", other],
    ask("123456"),
  );
  assert.match(own.shown.replace(/\s+/g, " "), /runs as you and not as the user wpam/);
  assert.match(own.shown, /would not be let in/);
  const nobody = await machine.run(["wpam", "test"]);
  assert.equal(nobody.code, 2, nobody.out);

  assert.equal(machine.read("/etc/pam.d/sshd"), sshd);
  assert.ok(!machine.has("/etc/pam.d/wpam-test"));
  assert.deepEqual(
    [...Deno.readDirSync(machine.path("/tmp"))].filter(({ name }) => name.startsWith("wpam-test")),
    [],
  );
});

const OLD = "2026-01-02 03:04:05 - WARN: login denied user=bob werbot_id=bob@example.com " +
  'rhost=198.51.100.7 method=totp ms=90 ref=0ldrefzz reason="policy not assigned"\n';

test("log shows logins as a table, one as a story, older parts, and new ones as they come", async () => {
  await using drill = await Drill.start();
  const { machine, werbot } = drill;
  await machine.login([ROOT, ID, "000000"]);
  await machine.run(["sh", "-c", `printf %s '${OLD}' | gzip >${LOG}.2.gz; : >${LOG}.1`]);
  const table = await machine.wpam(0, "log");
  assert.match(table, /denied +root +127\.0\.0\.1 +totp +\d+ ms +[0-9a-z]{8}\n {2}wrong code/);
  assert.match(table, /01-02 03:04:05 denied +bob +198\.51\.100\.7/);
  for (const line of table.split("\n")) assert.ok(line.length <= 80, line);
  assert.ok(!(await machine.wpam(0, "log", "--since", "1h")).includes("bob"));
  assert.ok(!(await machine.wpam(0, "log", "--user", "bob")).includes("root"));

  const story = await machine.wpam(0, "log", "0ldrefzz");
  assert.match(story, /login denied[^]*bob@example\.com[^]*policy not assigned/);
  assert.match(story, /means +Werbot knows the ID[^]*mend +In Werbot/);
  const facts = JSON.parse(await machine.wpam(0, "log", "0ldrefzz", "--json"));
  assert.deepEqual([facts.schema, facts.lines[0].user, facts.lines[0].outcome], [
    1,
    "bob",
    "denied",
  ]);
  assert.match(facts.advice.meaning, /Werbot knows the ID/);
  assert.match(await machine.wpam(1, "log", "nosuchre"), /No login with the ref nosuchre/);

  const following = machine.spawn(["wpam", "log", "-f", "--since", "1s"]);
  const reader = following.stdout.pipeThrough(new TextDecoderStream()).getReader();
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await machine.login([ROOT, ID, werbot.code(ID)]);
  const { value } = await reader.read();
  assert.match(value ?? "", /allowed +root/);
  following.kill("SIGINT");
  await reader.cancel();
  await following.stderr.cancel();
  await following.status;

  const alice = await machine.run([...ALICE, "wpam", "log"]);
  assert.equal(alice.code, 1);
  assert.match(alice.out, /run this as root/);
});

test("no secret is in any output of doctor, test and log, wherever secrets stand", async () => {
  await using drill = await Drill.start();
  const { machine } = drill;
  const secrets = [
    KEY,
    "pr0xy%21secret",
    "pr0xy!secret",
    "l1ne-secret",
    "stray-s3cret",
    "n0name",
    "Passw0rd-root",
  ];
  const plants = [
    "echo 'http_proxy = http://user:pr0xy%21secret@127.0.0.1:1' >>$conf",
    "printf 'service_kee = stray-s3cret\\nn0name\\n' >>$conf",
    "echo 'auth required pam_wpam.so service_key=l1ne-secret' >>/etc/pam.d/su",
    "sed -i 's/^auth required pam_wpam.so/& service_key=l1ne-secret http_proxy=http:\\/\\/u:pr0xy%21secret@h:1/' $pam",
    "echo stray-s3cret >/etc/wpam/ca.pem",
    `echo 'Key ${KEY}' >/etc/ssh/sshd_config.d/60-own.conf`,
    `echo '2026-11-24 00:00:00 - ERROR: login undecided user=root ref=sssssss1 reason="bad key ${KEY}"' >>${LOG}`,
    `printf '#!/bin/sh\\necho ${KEY} >&2\\nexit 3\\n' >$home/wpam-auth`,
    `echo '{"schema":1,"change":"${KEY}"}' >/var/lib/wpam/installed.json`,
    `echo 'Nov 23 20:37:21 web sshd[12]: PAM unable to dlopen(${KEY})' >/var/log/auth.log`,
    `echo "${KEY}" >$module`,
  ];
  const faults = [
    ...plants.map((plant) => [make(plant)]),
    [plants.map((plant) => make(plant)), []].flat(),
    [make("", `json {"status":"failed","reason":"service key ${KEY} is bad","error":null}`)],
  ];
  const env = { WPAM_SERVICE_KEY: KEY, http_proxy: "http://user:pr0xy!secret@127.0.0.1:1" };
  for (const planted of faults) {
    await drill.with(planted, async () => {
      const { text, json } = await drill.examine();
      let shown = text + json;
      if (planted.length > 1) {
        for (
          const words of [["doctor"], ["doctor", "--json"], ["log"], ["log", "sssssss1"], [
            "log",
            "--json",
          ], ["test"]]
        ) {
          const { out, err } = await machine.run(["wpam", ...words], env);
          shown += out + err;
        }
      }
      for (const secret of secrets) assert.ok(!shown.includes(secret), `${secret} in:\n${shown}`);
    });
  }
});
