// Kills an install before each of its operations (after one is before the next), cuts the power there, and looks
// whether people can still log in, and whether the next install, the uninstall or the rollback makes it whole.
// SOAK=1 takes all trees of test/hosts and ../shared/hosts. Called by `deno test`, inside test/sandbox.sh.

import assert from "node:assert/strict";
import { type Host, openView, probeHost, toText } from "../installer/host.ts";
import { planInstall } from "../installer/plan.ts";
import { readSshdConfig, relocate } from "../installer/sshd_config.ts";
import type { FileStep, Step } from "../installer/steps.ts";
import type { Key } from "../src/config.ts";
import { Secret } from "../src/secret.ts";
import type { Operations } from "../installer/transaction.ts";
import { Disk, type Luck } from "./disk.ts";
import { makeTest, SANDBOX } from "./installed.ts";
import { change, count, hold, install, makeOperations, type Work } from "./killed_install.ts";
import { listTrees, makeTree, removeTree } from "./tree.ts";

const test = makeTest(
  SANDBOX ? null : "an install is killed only inside test/sandbox.sh: sudo make test",
);
const TREES = Deno.env.get("SOAK") ? listTrees() : ["debian-13", "redhat-8", "suse-16"];
const CHILD = new URL("killed_install.ts", import.meta.url).pathname;
const SSHD = Deno.env.get("SSHD") ?? "/usr/sbin/sshd";
const KEY = "K3y-that-nobody-may-see";
const ENDS = ["install again", "uninstall", "rollback"] as const;
/** As many installers at a time as there are processors in CI. */
const CHILDREN = 2;

/** A system with what has to be done to it, and what becomes of it. */
interface Subject {
  readonly name: string;
  readonly work: Work;
  /** Everything in it, by path, before and after. */
  readonly before: Listing;
  readonly after: Listing;
  /** The operations of one install. */
  readonly operations: readonly string[];
  /** sshd's main file. */
  readonly main: string;
  /** Whether this machine's sshd takes the configuration at all. */
  readonly testable: boolean;
}

type Listing = Readonly<Record<string, string>>;

/** Plans an install as the command does; undefined where it refuses. */
function plan(host: Host): Omit<Work, "root"> | undefined {
  const values = new Map<Key, string | Secret>(
    [
      ["server_url", "werbot.example"],
      ["service_id", "s1"],
      ["service_key", new Secret(KEY)],
    ] as const,
  );
  const wishes = {
    login: "password,werbot",
    services: ["sshd"],
    alongside: false,
    values,
  } as const;
  const module = "\x7fELF\0\xff\xfe".repeat(2000);
  const planned = planInstall(host, wishes, undefined, module);
  if (host.obstacles.length > 0 || "reasons" in planned) return undefined;
  const test = [["/usr/sbin/sshd", "-t"]];
  const last = planned.steps.length - 1;
  const canary: Step = {
    kind: "file",
    path: "/etc/pam.d/wpam-canary",
    before: undefined,
    after: "auth required pam_deny.so\n",
    mode: 0o644,
    title: "",
  };
  return {
    early: planned.early,
    canary: [canary],
    alarm: { seconds: 300, command: ["/usr/lib/wpam/0.1.0/wpam"] },
    // PAM is last; sshd is asked before and told after.
    steps: [
      ...planned.steps.slice(0, last),
      { kind: "command", run: test, title: "" },
      planned.steps[last]!,
      { kind: "command", run: [...test, ["systemctl", "reload", "sshd.service"]], title: "" },
    ],
  };
}

async function prepare(name: string): Promise<Subject | undefined> {
  const root = await makeTree(name);
  for (const folder of ["/run/systemd/system", "/etc/systemd/system/multi-user.target.wants"]) {
    Deno.mkdirSync(root + folder, { recursive: true });
  }
  const host = await probeHost(openView(root));
  const planned = plan(host);
  if (planned === undefined) return void await removeTree(root);
  const work = { ...planned, root };
  makeFolders(work);
  const before = list(root);
  const trial = await copy(work);
  const { code, out, err } = await start(trial);
  assert.equal(code, 0, err);
  const after = list(trial.root);
  await removeTree(trial.root);
  const { config: main } = host.sshd!;
  const testable = await complain(root, main, before) === undefined;
  return { main, name, work, before, after, operations: JSON.parse(out), testable };
}

/** Folders of other packages, which an sshd that is only files does not bring along. */
function makeFolders({ root, early, steps }: Work): void {
  const made = [...early, ...steps].flatMap((step) => step.kind === "folder" ? [step.path] : []);
  for (const step of steps) {
    if (step.kind !== "file") continue;
    const folder = step.path.replace(/\/[^/]*$/, "");
    if (made.includes(folder) || folder === "/var/lib/wpam") continue;
    Deno.mkdirSync(root + folder, { recursive: true });
  }
}

async function copy(work: Work): Promise<Work> {
  const root = Deno.makeTempDirSync({ prefix: "wpam-kill-" });
  await run("cp", "-a", `${work.root}/.`, root);
  return { ...work, root };
}

async function run(program: string, ...args: string[]) {
  const { code, signal, stdout, stderr } = await new Deno.Command(program, { args }).output();
  return { code, signal, out: toText(stdout), err: toText(stderr) };
}

/** Runs the install in a process of its own, which dies at a point if there is one. */
async function start(work: Work, point?: string) {
  const file = `${work.root}.json`;
  await Deno.writeTextFile(file, JSON.stringify(work));
  try {
    const args = ["run", "-A", "--no-check", "--quiet", CHILD, file, ...point ? [point] : []];
    return await run(Deno.execPath(), ...args);
  } finally {
    await Deno.remove(file);
  }
}

/** Everything in a tree but for the lock: by path, attributes and content. */
function list(root: string): Listing {
  const found: Record<string, string> = {};
  const walk = (folder: string) => {
    for (const { name } of Deno.readDirSync(root + folder)) {
      const path = `${folder}/${name}`;
      const { isDirectory, isSymlink, mode, uid, gid } = Deno.lstatSync(root + path);
      const attributes = `${(mode! & 0o7777).toString(8)} ${uid}:${gid}`;
      if (path === "/run/wpam.lock") continue;
      if (isDirectory) walk(path);
      found[path] = isSymlink
        ? `-> ${Deno.readLinkSync(root + path)}`
        : isDirectory
        ? attributes
        : `${attributes} ${toText(Deno.readFileSync(root + path))}`;
    }
  };
  walk("");
  return found;
}

const complaints = new Map<string, string | undefined>();

/** Asks this machine's sshd what it says to the configuration of a tree; each is asked about only once. */
async function complain(root: string, main: string, listing: Listing): Promise<string | undefined> {
  const texts = Object.entries(listing).filter(([path]) => /^(\/usr)?\/etc\/ssh\//.test(path));
  const key = JSON.stringify(texts);
  if (!complaints.has(key)) complaints.set(key, await askSshd(root, main));
  return complaints.get(key);
}

async function askSshd(root: string, main: string): Promise<string | undefined> {
  const view = openView(root);
  const read = (path: string) => view.read(path);
  const glob = (pattern: string) => view.glob(pattern);
  const folder = Deno.makeTempDirSync({ prefix: "wpam-sshd-" });
  for (const [path, text] of relocate(readSshdConfig({ read, glob }, main, [10, 0]), folder)) {
    Deno.mkdirSync(path.replace(/\/[^/]*$/, ""), { recursive: true });
    Deno.writeTextFileSync(path, text);
  }
  const files = ["-f", folder + main, "-h", "/run/wpam-test/host_key"];
  const { code, err } = await run(SSHD, "-t", ...files);
  Deno.removeSync(folder, { recursive: true });
  return code === 0 ? undefined : err;
}

/** Looks at what an install left behind when it died: nobody is locked out, and nothing is given away. */
async function checkLeft(
  { work, before, after, main, testable }: Subject,
  root: string,
): Promise<void> {
  const left = list(root);
  const live = work.steps.filter((step): step is FileStep => step.kind === "file");
  for (const { path } of live) {
    assert.ok(
      left[path] === before[path] || left[path] === after[path],
      `${path} is neither the old nor the new one:\n${left[path]}`,
    );
  }
  for (const [path, entry] of Object.entries(left)) {
    if (entry.includes(KEY) || entry.includes(btoa(KEY).slice(4, 20))) {
      assert.match(entry, /^600 0:0 /, path);
    }
  }
  if (testable) assert.equal(await complain(root, main, left), undefined);
}

/** Ends what an install began, in one of the three ways, and compares everything. */
async function end(subject: Subject, root: string, how: typeof ENDS[number]): Promise<void> {
  const { before, after } = subject;
  const work = { ...subject.work, root };
  const ops = makeOperations(root);
  await hold(root, ops, async (transaction) => {
    // The alarm takes back all that was not kept; the others first look what is due.
    const recovered = how === "rollback" ? undefined : await transaction.recover();
    const { problems, left, merged } = recovered ?? await transaction.rollBack();
    assert.deepEqual([problems, left, merged], [[], [], []]);
    assert.equal(transaction.pending(), undefined);
  });
  const { path } = work.steps.findLast((step) => step.kind === "file")!;
  const now = list(root);
  const kept = now[path] !== before[path];
  compare(now, kept ? after : before, how);
  if (how === "install again" && !kept) await install(work, ops);
  else if (how === "uninstall" && kept) await uninstall(work, ops);
  else return;
  compare(list(root), how === "uninstall" ? before : after, how);
}

/** Undoes an install that was kept, as `wpam uninstall` does: what people log in by first. */
async function uninstall({ root, early, steps }: Work, ops: Operations): Promise<void> {
  const reverse = [...early, ...steps].toReversed().flatMap((step): Step[] => {
    if (step.kind === "command") return [];
    if (step.kind !== "file") return [{ ...step, remove: true }];
    return [{ ...step, before: step.after, after: step.before }];
  });
  const result = await hold(root, ops, (transaction) => transaction.apply(reverse));
  assert.deepEqual(result, { done: true, problems: [] });
}

function compare(found: Listing, wanted: Listing, how: string): void {
  for (const path of new Set([...Object.keys(found), ...Object.keys(wanted)])) {
    assert.equal(found[path], wanted[path], `${how}: ${path}`);
  }
}

/** Jobs that go on side by side, with the first error of all. */
class Jobs {
  readonly #running: Promise<void>[] = [];
  #error: unknown;

  /** Begins one; `where` names it in its error. */
  add(where: string, work: () => Promise<void>): void {
    this.#running.push(
      work().catch((error) => {
        this.#error ??= new Error(`${where}: ${error.message}`, { cause: error });
      }),
    );
  }

  /** Waits for all. */
  async finish(): Promise<void> {
    await Promise.all(this.#running);
    if (this.#error !== undefined) throw this.#error;
  }
}

const subjects: Subject[] = [];

test("an install killed before any operation, or halfway through a write, is ended by the next run (C9)", async () => {
  const refused: string[] = [];
  for (const name of TREES) {
    const subject = await prepare(name);
    if (subject) subjects.push(subject);
    else refused.push(name);
  }
  const points = subjects.flatMap((subject) =>
    subject.operations.flatMap((name, index) => {
      const halves = name === "writeNew" || name === "overwrite" ? ["", ":half"] : [""];
      return halves.map((half) => ({ subject, name, point: `${index + 1}${half}` }));
    })
  );
  const open = points.map((point, index) => ({ ...point, how: ENDS[index % ENDS.length]! }));
  const ending = new Jobs();
  await Promise.all(Array.from({ length: CHILDREN }, async () => {
    for (let job = open.shift(); job !== undefined; job = open.shift()) {
      const { subject, name, point, how } = job;
      const { root } = await copy(subject.work);
      const { signal, err } = await start({ ...subject.work, root }, point);
      ending.add(`${subject.name}, operation ${point} (${name}), ${how}`, async () => {
        assert.equal(signal, "SIGKILL", err);
        await checkLeft(subject, root);
        await end(subject, root, how);
        await removeTree(root);
      });
    }
  }));
  await ending.finish();
  const names = subjects.map(({ name, operations, testable }) =>
    `${name} ${operations.length}${testable ? "" : " (its sshd_config is not for this sshd)"}`
  );
  console.log(`killed at ${points.length} points; operations: ${names.join(", ")}`);
  if (refused.length > 0) console.log(`no install there: ${refused.join(", ")}`);
});

/** Something to do to a tree, and what the tree may be in the end when it was cut off. */
interface Act {
  readonly name: string;
  readonly begin: string;
  readonly run: (root: string, ops: Operations) => Promise<void>;
  readonly end: (root: string, at: number) => Promise<void>;
}

/** Makes trees in which an install was done, or waits to be confirmed, and what can be cut off in them. */
async function listActs(subject: Subject): Promise<Act[]> {
  const { work, before, after } = subject;
  const [installed, onTrial] = [await copy(work), await copy(work)];
  await install(installed, makeOperations(installed.root));
  await change(onTrial, makeOperations(onTrial.root));
  const rollBack = (root: string, ops: Operations) =>
    hold(root, ops, async (transaction) => void await transaction.rollBack());
  const settle = async (root: string, wanted: (now: Listing) => Listing) => {
    await rollBack(root, makeOperations(root));
    const now = list(root);
    compare(now, wanted(now), "afterwards");
  };
  const { path } = work.steps.findLast((step) => step.kind === "file")!;
  return [
    {
      name: "install",
      begin: work.root,
      run: (root, ops) => install({ ...work, root }, ops),
      end: (root, at) => end(subject, root, ENDS[at % ENDS.length]!),
    },
    {
      name: "uninstall",
      begin: installed.root,
      run: (root, ops) => uninstall({ ...work, root }, ops),
      end: (root) => settle(root, (now) => now[path] === after[path] ? after : before),
    },
    {
      name: "rollback",
      begin: onTrial.root,
      run: rollBack,
      end: (root) => settle(root, () => before),
    },
  ];
}

test("a power cut at any operation loses nothing, whatever part of the unsynced the disk has kept", async () => {
  const seed = Number(Deno.env.get("SEED") ?? Date.now() % 100_000);
  const subject = subjects[0] ?? await prepare(TREES[0]!);
  assert.ok(subject);
  for (const { name, begin, run, end } of await listActs(subject)) {
    const names: string[] = [];
    /** Cuts before an operation; returns what is left of the tree. */
    const cut = async (at: number, luck: Luck): Promise<string> => {
      const { root } = await copy({ ...subject.work, root: begin });
      const disk = new Disk(root);
      const ops = count(disk.watch(makeOperations(root)), (number, name) => {
        names[number] ??= name;
        if (number >= at) throw new Error("the power is off");
      });
      await run(root, ops).catch(() => {});
      const rest = Deno.makeTempDirSync({ prefix: "wpam-cut-" });
      disk.rebuild(rest, luck);
      await removeTree(root);
      return rest;
    };
    await removeTree(await cut(Infinity, () => true));
    const cuts = names.flatMap((_, at) => [
      { at, kept: "nothing", luck: () => false },
      { at, kept: "something", luck: makeLuck(seed + at) },
    ]);
    const ending = new Jobs();
    for (const { at, kept, luck } of cuts) {
      ending.add(
        `SEED=${seed}, ${name}, operation ${at} (${names[at]}), ${kept} kept`,
        async () => {
          const rest = await cut(at, luck);
          await checkLeft(subject, rest);
          await end(rest, at);
          await removeTree(rest);
        },
      );
    }
    await ending.finish();
    console.log(`${name} cut ${cuts.length} times (SEED=${seed})`);
  }
});

/** Tosses a coin, the same way for the same seed (mulberry32). */
function makeLuck(seed: number): Luck {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ seed >>> 15, 1 | seed);
    mixed = mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed) ^ mixed;
    return (mixed & 0x4000) !== 0;
  };
}
