// The whole of it, as an administrator has it: the installed command on a machine with a real sshd, real logins by
// ssh, and the fake Werbot. What is left, what is taken back, what is refused, and who gets to see the key. Only
// inside test/sandbox.sh; every test has a machine of its own (test/machine.ts). Called by `deno test`.

import assert from "node:assert/strict";
import { VERSION } from "../installer/version.ts";
import { SUCCESS } from "./fake/behaviour.ts";
import { Werbot } from "./fake/werbot.ts";
import { explainNoSshd, findMissing, makeTest } from "./installed.ts";
import type { Listing } from "./listing.ts";
import { type Ending, finish, Machine, SILENCE } from "./machine.ts";
import { waitFor } from "./processes.ts";

const ID = "alice@example.com";
const KEY = "K3y-that-nobody-may-see";
const KEY_FILE = "/run/test/key";
const PAM = "/etc/pam.d/sshd";
const DROP_IN = "/etc/ssh/sshd_config.d/00-wpam.conf";
const CONF = "/etc/wpam/wpam.conf";
const ACCOUNTS = ["/etc/group", "/etc/gshadow", "/etc/passwd", "/etc/shadow"];
/** What stays after uninstall: the settings, and the user. */
const KEPT = [...ACCOUNTS, CONF];
const ROOT = "Passw0rd-root";
const ALICE = "Passw0rd-alice";

const test = makeTest(explainNoSshd() ?? findMissing("wpam"));

/** A machine, a Werbot that guards it, and what the machine was like before. */
class Site implements AsyncDisposable {
  private constructor(
    readonly machine: Machine,
    readonly werbot: Werbot,
    readonly before: Listing,
  ) {}

  static async set(options: Parameters<typeof Machine.start>[0] = {}): Promise<Site> {
    const werbot = await Werbot.start({ users: [{ id: ID }], reuse: true, serviceKey: KEY });
    const machine = await Machine.start(options);
    await machine.write("/etc/wpam/ca.pem", werbot.ca, 0o600);
    Deno.chmodSync(machine.path("/etc/wpam"), 0o700);
    await machine.write(KEY_FILE, `${KEY}\n`, 0o600);
    return new Site(machine, werbot, machine.list());
  }

  /** The command line of an install that nobody is asked about. */
  command(...more: string[]): string[] {
    const { address, serviceID } = this.werbot;
    return [
      ...["wpam", "install", "--yes", "--server-url", address, "--service-id", serviceID],
      ...["--service-key-file", KEY_FILE, ...more],
    ];
  }

  /** Installs without questions; fails unless that ends with a code, and returns what was shown. */
  async install(code: number, ...more: string[]): Promise<string> {
    const { out, err, ...ending } = await this.machine.run(this.command(...more));
    assert.equal(ending.code, code, out + err);
    return out + err;
  }

  /** What root answers at a login that asks for everything. */
  get answers(): string[] {
    return [ROOT, ID, this.werbot.code(ID)];
  }

  changes(): string[] {
    return this.machine.changes(this.before);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.machine[Symbol.asyncDispose]();
    await this.werbot[Symbol.asyncDispose]();
  }
}

/** Fails unless a login was let in, and returns what its command said. */
function expectIn({ code, out, err }: Ending, user = "root"): string {
  assert.equal(code, 0, out + err);
  if (user !== "") assert.equal(out, `${user}\n`);
  return out;
}

function expectOut({ code, out, err }: Ending): void {
  assert.notEqual(code, 0, out);
  assert.match(err, /Permission denied|Connection closed/);
}

for (const init of ["none", "systemd"] as const) {
  test(`install, log in, confirm, uninstall, log in as before (defect 36), with the init ${init}`, async () => {
    await using site = await Site.set({ init });
    const { machine, werbot } = site;
    expectIn(await machine.login([ROOT]));
    const shown = await site.install(0, "--confirm-within", "60s", "--accept-risk", "lose-ssh");
    assert.match(shown, /on trial for 1 minute/);
    assert.match(await machine.wpam(1, "status"), /on trial/);

    const login = await machine.login(site.answers, { user: "root", command: "wpam confirm" });
    assert.match(expectIn(login, ""), /confirmed/);
    assert.deepEqual(login.prompts.map((prompt) => prompt.replace(/^\(root@127\.0\.0\.1\) /, "")), [
      "Password: ",
      "Enter your Werbot ID (email or username): ",
      "Enter your totp code (submit empty for U2F): ",
    ]);
    assert.ok(!machine.has("/var/lib/wpam/journal"), "the journal is over");
    const facts = JSON.parse(await machine.wpam(0, "status", "--json"));
    assert.deepEqual(
      [facts.state, facts.services, facts.lastLogin.user, facts.lastLogin.outcome],
      ["active", [{ name: "sshd", active: true }], "root", "allowed"],
    );
    assert.equal(machine.read(CONF).match(/^service_key = (.*)$/m)?.[1], KEY);
    const log = Deno.statSync(machine.path("/var/log/wpam.log"));
    assert.equal(log.mode! & 0o777, 0o640);
    expectOut(await machine.login([ROOT, ID, "000000"]));
    expectIn(await machine.login([ALICE, ID, werbot.code(ID)], { user: "alice" }), "alice");
    expectIn(await machine.login([], { user: "alice", key: true }), "alice");

    const installed = machine.list();
    assert.match(await site.install(0), /Nothing to do/);
    assert.deepEqual(machine.changes(installed), []);

    await machine.wpam(0, "uninstall", "--yes");
    assert.deepEqual(site.changes(), KEPT);
    assert.match(await machine.wpam(3, "status"), /not set up/);
    expectIn(await machine.login([ROOT]));
    await machine.wpam(0, "uninstall", "--yes", "--purge");
    assert.deepEqual(site.changes(), []);
    assert.ok(!machine.has("/var/log/wpam.log"), "--purge removes the log");
    assert.deepEqual(werbot.violations, []);
    if (init === "none") return;
    const calls = machine.read("/run/test/calls").split("\n")
      .filter((line) => !line.startsWith("systemctl show")).map((line) => line.split(" ")[1]);
    // The alarm, the reload, the alarm called off; the reload of uninstall.
    assert.deepEqual(calls, ["--quiet", "reload", "stop", "reload", undefined]);
  });

  test(`unconfirmed, it is taken back in time while a login lives on, with the init ${init} (C13, C14)`, async () => {
    await using site = await Site.set({ init });
    const { machine } = site;
    const command = "until [ -e /run/test/end ]; do sleep 0.1; done; echo alive";
    const session = machine.startLogin([ROOT], { command });
    await waitFor("the session", 10_000, () =>
      machine.has("/run/test/answers-1.prompts") &&
      machine.read("/run/test/answers-1.prompts") !== "");
    const installing = await machine.login([ROOT], {
      command: `exec ${
        site.command("--confirm-within", "10s", "--accept-risk=lose-ssh").join(" ")
      }`,
    });
    expectIn(installing, "");
    const begun = performance.now();
    expectOut(await machine.login([ROOT]));
    await waitFor("the rollback", 15_000, () => !machine.has("/var/lib/wpam"));
    const seconds = (performance.now() - begun) / 1000;
    assert.ok(seconds > 5 && seconds < 13, `after ${seconds} s`);
    await waitFor("the old settings", 5000, () => site.changes().length === 0);
    await machine.write("/run/test/end", "");
    assert.equal((await finish(session)).out, "alive\n");
    expectIn(await machine.login([ROOT]));
    await machine.wpam(3, "status");
  });
}

test("a question that nobody answers does not keep a change on trial", async () => {
  await using site = await Site.set();
  const { machine } = site;
  await site.install(0, "--confirm-within", "10s");
  const asking = machine.spawn(
    ["timeout", "40", "script", "--quiet", "--command", "wpam uninstall", "/dev/null"],
    { input: true, env: { TERM: "xterm" } },
  );
  const words = asking.stdout.pipeThrough(new TextDecoderStream()).getReader();
  for (let shown = ""; !/Go on\?/.test(shown);) shown += (await words.read()).value ?? "";
  assert.ok(site.changes().length > 0, "the trial is not over yet");
  await waitFor("the rollback", 15_000, () => !machine.has("/var/lib/wpam"));
  assert.deepEqual(site.changes(), []);
  await words.cancel();
  await asking.stdin.close();
  await asking.stderr.cancel();
  await asking.status;
});

test("confirm counts only from a login that is newer than the change", async () => {
  await using site = await Site.set();
  const { machine } = site;
  const old = machine.startLogin([ROOT], {
    command: "echo in; until [ -e /run/test/go ]; do sleep 0.1; done; wpam confirm",
  });
  await waitFor("the session", 10_000, () =>
    machine.has("/run/test/answers-1.prompts") &&
    machine.read("/run/test/answers-1.prompts") !== "");
  await new Promise((resolve) => setTimeout(resolve, 500));
  await site.install(0);
  await machine.write("/run/test/go", "");
  const refused = await finish(old);
  assert.equal(refused.code, 1, refused.out + refused.err);
  assert.match(refused.out, /This login is older than the change/);
  assert.match(await machine.wpam(1, "confirm"), /ssh/);
  assert.match(await machine.wpam(1, "status"), /on trial/);
  const again = await site.install(0);
  assert.match(again, /Nothing to do[^]*on trial/);
  await machine.wpam(0, "rollback");
  assert.deepEqual(site.changes(), []);
});

test("a login asks for a key and a code with --login key,werbot", async () => {
  await using site = await Site.set();
  const { machine, werbot } = site;
  await site.install(0, "--login", "key,werbot", "--confirm-within", "never");
  const code = werbot.code(ID);
  expectIn(await machine.login([ID, code], { user: "alice", key: true }), "alice");
  expectOut(await machine.login([ALICE, ID, code], { user: "alice" }));
  expectOut(await machine.login([ID, "000000"], { user: "alice", key: true }));
  await machine.wpam(0, "uninstall", "--yes");
  assert.deepEqual(site.changes(), KEPT);
});

test("a login asks for a code alone with --login werbot", async () => {
  await using site = await Site.set();
  const { machine, werbot } = site;
  const shown = await site.install(0, "--login", "werbot", "--confirm-within", "never");
  assert.match(shown, /only factor/);
  const login = await machine.login([ID, werbot.code(ID)], { user: "alice" });
  expectIn(login, "alice");
  assert.equal(login.prompts.length, 2);
  await machine.wpam(0, "uninstall", "--yes");
  assert.deepEqual(site.changes(), KEPT);
});

const REFUSALS: readonly [string, (site: Site) => unknown, string[], RegExp][] = [
  [
    "a Werbot that lets everybody in",
    ({ werbot }) => werbot.behave(`json ${SUCCESS}`),
    [],
    /Werbot lets \w+ in with a made-up ID/,
  ],
  [
    "a wrong service key",
    ({ machine }) => machine.write(KEY_FILE, "another\n", 0o600),
    [],
    /service_id and service_key/,
  ],
  ["a Werbot that nobody reaches", () => {}, ["--server-url", "127.0.0.1:1"], /127\.0\.0\.1:1/],
  [
    "a certificate of somebody else",
    ({ machine }) => machine.run(["rm", "/etc/wpam/ca.pem"]),
    [],
    /certificate/,
  ],
];

for (const [what, prepare, options, expected] of REFUSALS) {
  test(`nothing is changed when a check or a test login finds ${what}`, async () => {
    await using site = await Site.set();
    await prepare(site);
    const before = site.machine.list();
    const shown = await site.install(4, ...options);
    assert.match(shown.replace(/\s+/g, " "), expected);
    assert.match(shown, /Nothing was changed|as it was before/);
    assert.deepEqual(site.machine.changes(before), []);
    expectIn(await site.machine.login([ROOT]));
  });
}

test("test logins never use the port of sshd (C21)", async () => {
  await using site = await Site.set();
  const { machine, werbot } = site;
  await werbot.behave(`json ${SUCCESS}`);
  const listener = machine.read("/run/sshd.pid").trim();
  await machine.run(["kill", "-STOP", listener]);
  assert.match(await site.install(4), /made-up ID/);
  assert.deepEqual(werbot.requests.map(({ body }) => body?.wID), ["wpam-doctor"]);
  await machine.run(["kill", "-CONT", listener]);
  expectIn(await machine.login([ROOT]));
});

/** Runs a command on a terminal, and gives answers to what it shows, in order. */
async function converse(
  { machine }: Site,
  command: readonly string[],
  dialogue: readonly (readonly [RegExp, string])[],
): Promise<{ code: number; shown: string }> {
  const quoted = command.map((word) => `'${word}'`).join(" ");
  const script = machine.spawn(
    ["timeout", "40", "script", "--quiet", "--return", "--command", quoted, "/dev/null"],
    { input: true, env: { TERM: "xterm" } },
  );
  const keyboard = script.stdin.getWriter();
  const left = [...dialogue];
  let shown = "";
  let seen = 0;
  for await (const text of script.stdout.pipeThrough(new TextDecoderStream())) {
    shown += text;
    for (let next = left[0]; next; next = left[0]) {
      const match = next[0].exec(shown.slice(seen));
      if (!match) break;
      seen += match.index + match[0].length;
      await keyboard.write(new TextEncoder().encode(next[1]));
      left.shift();
    }
  }
  await keyboard.close().catch(() => {});
  await script.stderr.cancel();
  const { code } = await script.status;
  assert.deepEqual(left.map(([pattern]) => pattern), [], shown);
  return { code, shown };
}

const QUESTIONS = ({ werbot }: Site): [RegExp, string][] => [
  [/Werbot server.*: $/, `${werbot.address}\r`],
  [/Service ID.*: $/, `${werbot.serviceID}\r`],
  [/Service key.*: $/, `${KEY}\r`],
  [/leave \| check.*: $/, "\r"],
  [/password,werbot .*: $/, "\r"],
];

test("on a terminal it asks, and the administrator logs in before anything changes", async () => {
  await using site = await Site.set();
  const { machine, werbot } = site;
  const { code, shown } = await converse(site, ["wpam", "install"], [
    ...QUESTIONS(site),
    [/Go on\?.*: $/, "yes\r"],
    [/Your unix user.*: $/, "alice\r"],
    [/Password: $/, `${ALICE}\r`],
    [/Werbot ID.*: $/, `${ID}\r`],
    [/totp code.*: $/, `${werbot.code(ID)}\r`],
  ]);
  assert.equal(code, 0, shown);
  assert.match(shown, /You can log in/);
  assert.ok(!shown.includes(KEY), "the key is not shown");
  assert.match(
    expectIn(await machine.login(site.answers, { command: "wpam confirm" }), ""),
    /confirmed/,
  );
});

test("whoever does not agree, or has a wrong code, changes nothing", async () => {
  await using site = await Site.set();
  const { machine } = site;
  const command = site.command().filter((word) => word !== "--yes");
  const [, , ...asked] = QUESTIONS(site);
  const chosen = asked.slice(1);
  const said = await converse(site, command, [...chosen, [/Go on\?.*: $/, "\r"]]);
  assert.equal(said.code, 130, said.shown);
  assert.deepEqual(site.changes(), []);
  const wrong = await converse(site, command, [
    ...chosen,
    [/Go on\?.*: $/, "yes\r"],
    [/Your unix user.*: $/, "alice\r"],
    [/Password: $/, `${ALICE}\r`],
    [/Werbot ID.*: $/, `${ID}\r`],
    [/totp code.*: $/, "000000\r"],
  ]);
  assert.equal(wrong.code, 4, wrong.shown);
  assert.deepEqual(site.changes(), []);
  expectIn(await machine.login([ROOT]));
});

test("Ctrl-C before the change leaves everything as it is, in the test login too", async () => {
  await using site = await Site.set();
  const command = site.command().filter((word) => word !== "--yes");
  const chosen = QUESTIONS(site).slice(3);
  for (
    const rest of [
      [[/Go on\?.*: $/, "\x03"]],
      [[/Go on\?.*: $/, "yes\r"], [/unix user.*: $/, "alice\r"], [/Password: $/, "\x03"]],
    ] as [RegExp, string][][]
  ) {
    const { code, shown } = await converse(site, command, [...chosen, ...rest]);
    assert.equal(code, 130, shown);
    assert.deepEqual(site.changes(), []);
  }
});

test("Ctrl-C in the middle of the change takes it back", async () => {
  await using site = await Site.set({ init: "systemd" });
  const { machine } = site;
  await machine.write("/run/test/slow", "");
  const { code, shown } = await converse(site, site.command("--confirm-within", "60s"), [
    // Everything is written, and sshd is about to read it.
    [/(?<!# )Ask Werbot at logins of sshd\r?\n/, "\x03"],
  ]);
  assert.equal(code, 130, shown);
  assert.match(shown, /as it was before/);
  assert.deepEqual(site.changes(), []);
  expectIn(await machine.login([ROOT]));
});

test("the predecessor's settings and lines are taken over", async () => {
  await using site = await Site.set();
  const { machine, werbot } = site;
  const line = `auth required /lib/security/pam_wpam.so server_url=${werbot.address} ` +
    `service_id=${werbot.serviceID} service_key=${KEY}\n`;
  const original = machine.read(PAM);
  await machine.write(PAM, original.replace("@include common-auth\n", (all) => all + line));
  const { code, out, err } = await machine.run(
    ["wpam", "install", "--yes", "--confirm-within", "never"],
  );
  assert.equal(code, 0, out + err);
  assert.ok(!(out + err).includes(KEY), "the key is not shown");
  assert.ok(!machine.read(PAM).includes(KEY));
  assert.ok(machine.read(CONF).includes(KEY));
  expectIn(await machine.login(site.answers));
});

test("of two installers at once one works, and the other says so (C12)", async () => {
  await using site = await Site.set();
  const { machine } = site;
  const both = await Promise.all([1, 2].map(() => machine.run(site.command())));
  assert.deepEqual(both.map(({ code }) => code).sort(), [0, 3], both.map(({ out }) => out).join());
  assert.match(both.find(({ code }) => code === 3)!.out, /Another wpam is changing this machine/);
  assert.match(await machine.wpam(1, "status"), /on trial/);
});

test("a package manager at work is not raced with (C11)", async () => {
  await using site = await Site.set();
  const { machine } = site;
  const holder = machine.spawn([
    "perl",
    "-e",
    'use Fcntl; open F, ">", "/var/lib/dpkg/lock-frontend"; ' +
    '$l = pack("s s l! l! i", F_WRLCK, 0, 0, 0, 0); fcntl(F, F_SETLK, $l) or die; ' +
    'open G, ">", "/run/test/held"; close G; sleep 60',
  ]);
  await waitFor("the lock", 5000, () => machine.has("/run/test/held"));
  const before = machine.list();
  const { code, out, err } = await machine.run(site.command());
  assert.ok(code === 1 || code === 3, out + err);
  assert.match(out + err, /perl|package|dpkg/);
  assert.deepEqual(machine.changes(before), []);
  await machine.run(["pkill", "perl"]);
  await finish(holder);
});

test("nobody but root changes or looks (C3)", async () => {
  await using site = await Site.set();
  const { machine } = site;
  for (const words of [["install", "--yes"], ["uninstall", "--yes"], ["confirm"], ["status"]]) {
    const { code, out } = await machine.run([
      ...["setpriv", "--reuid=1000", "--regid=1000", "--clear-groups", "wpam", ...words],
    ]);
    assert.equal(code, 2, out);
    assert.match(out, new RegExp(`sudo wpam ${words[0]}`));
  }
  assert.deepEqual(site.changes(), []);
});

test("a login by ssh needs the risk accepted, and a script needs --yes (C13)", async () => {
  await using site = await Site.set();
  const { machine } = site;
  const login = await machine.login([ROOT], { command: site.command().join(" ") });
  assert.equal(login.code, 2, login.out);
  assert.match(
    login.out.replace(/\s+/g, " "),
    /logged in by ssh from 127\.0\.0\.1.*--accept-risk=lose-ssh/,
  );
  const { code, out } = await machine.run(site.command().filter((word) => word !== "--yes"));
  assert.equal(code, 2, out);
  assert.match(out, /--yes/);
  assert.deepEqual(site.changes(), []);
});

test("where no sshd runs, files are installed and nothing is started (C4)", async () => {
  await using site = await Site.set({ sshd: false });
  const { machine } = site;
  assert.match(await site.install(0), /No sshd runs here/);
  assert.ok(!machine.has("/run/sshd.pid"));
  await machine.wpam(0, "status");
  await machine.startSshd();
  expectIn(await machine.login(site.answers));
  await machine.wpam(0, "uninstall", "--yes");
  assert.deepEqual(site.changes(), KEPT);
});

test("an sshd whose configuration is broken already is left alone (A20)", async () => {
  await using site = await Site.set();
  const { machine } = site;
  const broken = "/etc/ssh/sshd_config.d/60-broken.conf";
  await machine.write(broken, "NoSuchKeyword yes\n");
  const before = machine.list();
  assert.match((await site.install(3)).replace(/\s+/g, " "), /60-broken\.conf.*NoSuchKeyword/);
  assert.deepEqual(machine.changes(before), []);
});

test("a command that lies elsewhere than its parts are refuses", async () => {
  await using site = await Site.set();
  const { machine } = site;
  const elsewhere = "/run/test/elsewhere";
  const home = `/usr/lib/wpam/${VERSION}`;
  await machine.run([
    "sh",
    "-c",
    `mkdir ${elsewhere}; cp ${home}/wpam* ${elsewhere}; ln -s ${home}/deno ${elsewhere}`,
  ]);
  const { code, out } = await machine.run([`${elsewhere}/wpam`, ...site.command().slice(1)]);
  assert.equal(code, 3, out);
  assert.match(out, /make install/);
  assert.deepEqual(site.changes(), []);
});

test("later edits by hand outlive uninstall; those of our own lines stop it, but for --force (B14, C18)", async () => {
  await using site = await Site.set();
  const { machine } = site;
  const original = machine.read(PAM);
  await site.install(0, "--confirm-within", "never");
  const added = "session optional pam_lastlog.so # by hand\n";
  await machine.write(PAM, machine.read(PAM) + added);
  await machine.write("/etc/ssh/sshd_config.d/70-own.conf", "X11Forwarding no\n");
  const edited = machine.read(PAM).replace(
    "auth required pam_wpam.so",
    "auth required pam_wpam.so debug",
  );
  await machine.write(PAM, edited);

  const before = machine.list();
  assert.match(await machine.wpam(3, "uninstall", "--yes"), /--force/);
  assert.deepEqual(machine.changes(before), []);
  await machine.wpam(0, "uninstall", "--yes", "--force");
  assert.equal(machine.read(PAM), original + added);
  assert.equal(machine.read("/etc/ssh/sshd_config.d/70-own.conf"), "X11Forwarding no\n");
  const backups = site.changes().filter((path) => /backup\/.*sshd/.test(path));
  assert.deepEqual(backups.map((path) => machine.read(path)), [edited]);
  assert.equal(Deno.statSync(machine.path(backups[0]!)).mode! & 0o777, 0o600);
  expectIn(await machine.login([ROOT]));
});

test("the key is seen by nobody: not in arguments, in output, or in files that others can read", async () => {
  await using site = await Site.set({ init: "systemd" });
  const { machine } = site;
  const [trace, output] = ["/run/test/trace", "/run/test/output"];
  const traced = [
    ...["strace", "-f", "-qq", "-v", "-s", "65536", "-e", "trace=execve", "-o", trace],
    ...site.command("--debug", "--confirm-within", "60s", "--json"),
  ];
  // The alarm is traced as well, for as long as it waits.
  await machine.run(["sh", "-c", `${traced.join(" ")} >${output} 2>&1 </dev/null &`]);
  await waitFor("the end of the install", 30_000, () => machine.read(output).endsWith("\n}\n"));
  const out = machine.read(output);
  const facts = JSON.parse(out);
  assert.equal(facts.result, "on trial", out);
  assert.match(facts.diff, /service_key = \[REDACTED\]/);
  const calls = machine.read(trace).split("\n").filter((line) => line.includes("execve("));
  for (const program of ["sshd", "ssh", "useradd", "wpam-auth", "systemd-run", "systemctl"]) {
    assert.ok(calls.some((line) => line.includes(`/${program}"`)), `${program} was not started`);
  }
  const shown = await machine.wpam(1, "status") + await machine.wpam(1, "status", "--json") +
    await machine.wpam(0, "install", "--dry-run") +
    await machine.wpam(0, "install", "--print-manual");
  await machine.login(site.answers);
  for (const text of [out, shown, machine.read("/var/log/wpam.log"), ...calls]) {
    assert.ok(!text.includes(KEY), `the key stands in: ${text.slice(0, 300)}`);
  }
  const marks = [KEY, ...[0, 1, 2].map((shift) => btoa("x".repeat(shift) + KEY).slice(4, -4))];
  const files = Object.keys(machine.list()).filter((path) => path !== KEY_FILE);
  const holding = files.filter((path) => {
    const file = machine.path(path);
    if (!Deno.lstatSync(file).isFile) return false;
    const text = Deno.readTextFileSync(file);
    return marks.some((mark) => text.includes(mark));
  });
  assert.ok(holding.includes(CONF) && holding.length > 1, `${holding}`);
  for (const path of holding) {
    const { mode, uid } = Deno.statSync(machine.path(path));
    assert.deepEqual([mode! & 0o077, uid], [0, 0], path);
  }
});

test("another key and another server change the settings alone, and sshd is not bothered", async () => {
  await using site = await Site.set({ init: "systemd" });
  const { machine } = site;
  await site.install(0, "--confirm-within", "never");
  await using other = await Werbot.start({ users: [{ id: ID }], reuse: true, serviceKey: "0ther" });
  await machine.write("/etc/wpam/ca.pem", other.ca, 0o600);
  await machine.write(KEY_FILE, "0ther\n", 0o600);
  await machine.write(CONF, `# by hand\n${machine.read(CONF)}`, 0o600);
  const before = machine.list();
  const calls = machine.read("/run/test/calls").match(/reload/g)?.length;
  await site.install(0, "--server-url", other.address, "--confirm-within", "never");
  assert.deepEqual(machine.changes(before), [CONF]);
  assert.match(machine.read(CONF), /^# by hand\n[^]*service_key = 0ther\n/);
  assert.equal(machine.read("/run/test/calls").match(/reload/g)?.length, calls);
  expectIn(await machine.login([ROOT, ID, other.code(ID)]));
});

test("--dry-run and --print-manual only look", async () => {
  await using site = await Site.set();
  const { machine } = site;
  assert.match(await site.install(0, "--dry-run"), /Nothing was changed/);
  const manual = await site.install(0, "--print-manual");
  for (const place of [PAM, DROP_IN, CONF]) assert.ok(manual.includes(place), place);
  await machine.wpam(0, "uninstall", "--dry-run");
  assert.deepEqual(site.changes(), []);
});

test("a module that dies takes only its own login along (B17)", async () => {
  await using site = await Site.set();
  const { machine } = site;
  await site.install(0, "--confirm-within", "never");
  const findHelpers = () =>
    new TextDecoder().decode(
      new Deno.Command("pgrep", { args: ["-f", "wpam-auth"] }).outputSync().stdout,
    ).trim();
  const dying = machine.startLogin([ROOT, ID, SILENCE]);
  // Its module waits for an answer that never comes.
  await waitFor(
    "the helper's question",
    10_000,
    () => machine.read("/run/test/answers-1.prompts").split("\n").length > 3,
  );
  assert.notEqual(findHelpers(), "");
  const { out } = await machine.run(["pgrep", "-f", "^sshd: root"]);
  for (const pid of out.trim().split("\n")) await machine.run(["kill", "-ABRT", pid]);
  await machine.run(["pkill", "-f", "askpass"]);
  assert.notEqual((await finish(dying)).code, 0);
  expectIn(await machine.login(site.answers));
  await waitFor("the end of the helper", 10_000, () => findHelpers() === "");
});
