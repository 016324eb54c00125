// Installs wpam on whole systems, each made of the files that it ships: does sshd then say what it should, does
// PAM ask us, does a second install change nothing, and does uninstall give every byte back? The table in
// docs/systems.md is what this test has seen; WRITE=1 writes it anew. Only inside test/sandbox.sh: sshd is asked in
// a namespace where the tree's /etc is the machine's. Called by `deno test`.

import assert from "node:assert/strict";
import { type Host, openView, probeHost } from "../installer/host.ts";
import { install } from "../installer/install.ts";
import { judge } from "../installer/pam_plan.ts";
import { expandStack } from "../installer/pam_stack.ts";
import { Report } from "../installer/report.ts";
import { readPam } from "../installer/sources.ts";
import { uninstall } from "../installer/uninstall.ts";
import { VERSION } from "../installer/version.ts";
import type { World } from "../installer/world.ts";
import { explainNoSshd, makeTest, SANDBOX } from "./installed.ts";
import { compare, list } from "./listing.ts";
import { listTrees, makeTree, removeTree } from "./tree.ts";

const DOCUMENT = new URL("../docs/systems.md", import.meta.url);
const CHECKOUT = new URL("../", import.meta.url).pathname;
const BUILD = new URL("../build", import.meta.url).pathname;
const SHARED = new URL("../../shared/hosts/", import.meta.url).pathname;
const SSHD = Deno.env.get("SSHD") ?? "/usr/sbin/sshd";
const HOME = `/usr/lib/wpam/${VERSION}`;
/** Outside every tree: what is to be found in none that others can read. */
const KEY_FILE = "/run/wpam-test/tree-key";
const KEY = "K3y-that-nobody-may-see";
const HEAD = "| tree | system | sshd's settings | PAM lines | result |\n|---|---|---|---|---|\n";
const GOOD = "installed, again without a change, every byte back";
/** What stays after uninstall, for another install; --purge takes it too. */
const KEPT = ["/etc/wpam", "/etc/wpam/wpam.conf", "/var/log/wpam.log"];
/** Copies that useradd and userdel make of what they change. */
const COPIES = ["/etc/passwd-", "/etc/shadow-", "/etc/group-", "/etc/gshadow-"];
const ACCOUNTS = ["/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow"];
const WANTED = {
  usepam: "yes",
  kbdinteractiveauthentication: "yes",
  passwordauthentication: "no",
};
/** Through the program itself, with each way to log in. */
const BY_PROGRAM = [
  ["debian-13", "password,werbot"],
  ["redhat-9", "key,werbot"],
  ["suse-16", "werbot"],
] as const;

const test = makeTest(explainNoSshd());

interface Row {
  readonly tree: string;
  readonly system: string;
  readonly sshd: string;
  readonly pam: string;
  readonly result: string;
}

/** What sshd says of a tree's configuration: keyword → value, or why it refuses. */
async function askSshd(root: string, main: string): Promise<Map<string, string> | string> {
  // The machine's own sshd, with the tree's folders in the places of the machine's.
  const script =
    'for d in /etc /usr/etc; do [ ! -d "$0$d" ] || { mkdir -p $d; mount --bind "$0$d" $d; }; done; exec "$@"';
  const { success, stdout, stderr } = await new Deno.Command("unshare", {
    args: [
      ...["--mount", "sh", "-ec", script, root, SSHD, "-T", "-f", main],
      ...["-C", "user=alice,host=h,addr=192.0.2.1,laddr=192.0.2.2,lport=22"],
      ...["-h", "/run/wpam-test/host_key"],
    ],
  }).output();
  const text = new TextDecoder().decode(success ? stdout : stderr);
  if (!success) return text.trim().split("\n")[0]!.trim();
  return new Map(
    text.split("\n").map((line) => {
      const [, keyword = "", value = ""] = /^(\S+) ?(.*)$/.exec(line) ?? [];
      return [keyword, value];
    }),
  );
}

/** Puts into a tree what `make install DESTDIR=` would, but for what only a login needs. */
async function lay(root: string): Promise<void> {
  await Deno.mkdir(root + HOME, { recursive: true });
  for (const name of ["pam_wpam.so", "wpam-auth"]) {
    await Deno.copyFile(`${BUILD}/${name}`, `${root}${HOME}/${name}`);
  }
}

/** Runs a subcommand in this process, as the program would; returns the exit code and what it showed. */
async function run(
  action: (world: World) => Promise<number>,
): Promise<{ code: number; shown: string }> {
  const shown: string[] = [];
  const screen = { write: (text: string) => void shown.push(text), terminal: false };
  const report = new Report({ ...screen, colour: false, utf8: true });
  const code = await action({
    report,
    terminal: undefined,
    ask: undefined,
    signal: new AbortController().signal,
    home: HOME,
    uid: 0,
    readInput: () => Promise.resolve(""),
    readFile: (path) => Deno.readTextFile(path),
  });
  return { code, shown: shown.join("") };
}

const OPTIONS = {
  yes: true,
  serverUrl: "werbot.example",
  serviceId: "s1",
  serviceKeyFile: KEY_FILE,
  confirmWithin: 300,
} as const;

/** Fails unless PAM lets nobody into sshd without us. */
function judgePam(before: Host, after: Host): void {
  for (const type of ["auth", "account"] as const) {
    const [was, is] = [before, after].map((host) => expandStack(readPam(host), "sshd", type));
    const findings = judge(was!, is!, { login: "password,werbot" });
    assert.deepEqual(findings.filter(({ severity }) => severity === "refusal"), []);
  }
}

/** Fails when anybody but root could read the service key somewhere below a folder. */
function checkSecret(root: string, changed: readonly string[]): void {
  for (const path of changed) {
    const status = openView(root).status(path);
    if (status?.kind !== "file") continue;
    if (!Deno.readTextFileSync(root + path).includes(KEY)) continue;
    assert.deepEqual([path, status.mode, status.uid], ["/etc/wpam/wpam.conf", 0o600, 0]);
  }
}

/** Does it all on one tree. */
async function tryTree(tree: string): Promise<Row> {
  const root = await makeTree(tree);
  // The original stack, for the proof; nothing in it is ever changed.
  const original = await makeTree(tree);
  try {
    await lay(root);
    const host = await probeHost(openView(root));
    const row = { tree, system: host.name, sshd: "-", pam: "-" };
    const before = list(root);
    const first = await run((world) => install({ ...OPTIONS, root }, world));
    if (first.code === 3) {
      assert.deepEqual(compare(before, list(root)), [], `${tree} was refused, and changed`);
      return { ...row, result: `refused: ${readReason(first.shown)}` };
    }
    assert.equal(first.code, 0, first.shown);
    const installed = list(root);
    const changed = compare(before, installed);
    const main = host.sshd!.config;
    const effective = await askSshd(root, main);
    const accepted = typeof effective !== "string";
    if (accepted) {
      for (const [keyword, value] of Object.entries(WANTED)) {
        assert.equal(effective.get(keyword), value, `${tree}: ${keyword}`);
      }
    } else {
      // Not because of us.
      assert.equal(await askSshd(original, main), effective, tree);
    }
    judgePam(await probeHost(openView(original)), await probeHost(openView(root)));
    checkSecret(root, changed);

    const second = await run((world) => install({ ...OPTIONS, root }, world));
    assert.equal(second.code, 0, second.shown);
    assert.match(second.shown, /Nothing to do/);
    assert.deepEqual(compare(installed, list(root)), [], `${tree}: a second install`);

    const third = await run((world) => uninstall({ root, yes: true }, world));
    assert.equal(third.code, 0, third.shown);
    const left = compare(before, list(root));
    const may = [...KEPT, ...ACCOUNTS, ...COPIES];
    assert.deepEqual(left.filter((path) => !may.includes(path)), [], `${tree}: left`);
    const last = await run((world) => uninstall({ root, yes: true, purge: true }, world));
    assert.equal(last.code, 0, last.shown);
    const rest = compare(before, list(root)).filter((path) => !COPIES.includes(path));
    assert.deepEqual(rest, [], `${tree}: left by --purge`);

    const name = (pattern: RegExp) =>
      changed.filter((path) => pattern.test(path))
        .map((path) => `\`${path}\`${path in before ? "" : " (new)"}`).join(", ") || "as they are";
    return {
      ...row,
      sshd: name(/^\/etc\/ssh\/.*conf(ig)?$/),
      pam: name(/^\/etc\/pam\.d\/./),
      result: accepted ? GOOD : `${GOOD}; sshd not asked (${effective})`,
    };
  } finally {
    await removeTree(root);
    await removeTree(original);
  }
}

/** Finds the reason of a refusal, without the words about a way out. */
function readReason(shown: string): string {
  const [, text = ""] = /^✗ ([^]*?)$(?=\n(?! {2}))/m.exec(shown) ?? [];
  return text.replace(/\s+/g, " ").replace(/\|/g, "\\|");
}

function write({ tree, system, sshd, pam, result }: Row): string {
  return `| ${tree} | ${system} | ${sshd} | ${pam} | ${result} |`;
}

if (SANDBOX) Deno.writeTextFileSync(KEY_FILE, `${KEY}\n`, { mode: 0o600 });

test("install, again, and uninstall on every system", async () => {
  const rows: Row[] = [];
  for (const tree of listTrees()) rows.push(await tryTree(tree));
  const table = rows.map(write);
  console.log([...HEAD.trim().split("\n"), ...table].join("\n"));
  const text = await Deno.readTextFile(DOCUMENT);
  const at = text.indexOf(HEAD) + HEAD.length;
  assert.ok(at >= HEAD.length, "docs/systems.md has no such table");
  const end = text.indexOf("\n\n", at) + 1 || text.length;
  const written = text.slice(at, end).trimEnd().split("\n");
  if (Deno.env.get("WRITE") === "1") {
    await Deno.writeTextFile(
      DOCUMENT,
      `${text.slice(0, at)}${table.join("\n")}\n${text.slice(end)}`,
    );
    return;
  }
  // Of systems whose files are not here, the table only tells.
  const complete = await Deno.stat(SHARED).then(() => true, () => false);
  const comparable = written.filter((line) =>
    complete || rows.some(({ tree }) => line.startsWith(`| ${tree} |`))
  );
  assert.deepEqual(comparable, table, "docs/systems.md is old: WRITE=1 writes it anew");
  assert.ok(rows.filter(({ result }) => result === GOOD).length >= 8, "hardly a system works");
});

for (const [tree, login] of BY_PROGRAM) {
  test(`the program on ${tree}, with the login ${login}`, async () => {
    const root = await makeTree(tree);
    try {
      const made = await command(
        "make",
        "-C",
        CHECKOUT,
        "--old-file=build",
        "install",
        `DESTDIR=${root}`,
      );
      assert.equal(made.code, 0, made.shown);
      const before = list(root);
      const program = `${root}/usr/bin/wpam`;
      const common = ["--root", root, "--yes"];
      const wishes = [
        ...["--service-id", "s1", "--service-key-file", KEY_FILE, "--server-url", "werbot.example"],
        ...["--login", login],
      ];
      const first = await command(program, "install", ...common, ...wishes);
      assert.equal(first.code, 0, first.shown);
      assert.ok(!first.shown.includes(KEY), first.shown);
      const installed = list(root);
      const { config } = (await probeHost(openView(root))).sshd!;
      const effective = await askSshd(root, config);
      assert.ok(effective instanceof Map, `${effective}`);
      for (const [keyword, value] of Object.entries(WANTED)) {
        assert.equal(effective.get(keyword), value, keyword);
      }
      assert.equal(
        effective.get("authenticationmethods"),
        login === "key,werbot" ? "publickey,keyboard-interactive:pam" : "any",
      );
      const again = await command(program, "install", ...common);
      assert.match(again.shown, /Nothing to do/);
      assert.equal(again.code, 0);
      assert.deepEqual(compare(installed, list(root)), []);
      const status = await command(program, "status", "--root", root, "--json");
      assert.equal(status.code, 0, status.shown);
      assert.equal(JSON.parse(status.shown).login, login);
      const last = await command(program, "uninstall", ...common, "--purge");
      assert.equal(last.code, 0, last.shown);
      assert.deepEqual(compare(before, list(root)).filter((path) => !COPIES.includes(path)), []);
    } finally {
      await removeTree(root);
    }
  });
}

async function command(program: string, ...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(program, { args }).output();
  const decoder = new TextDecoder();
  return { code, shown: decoder.decode(stdout) + decoder.decode(stderr) };
}
