// installer/transaction.ts on whole trees of files: what is carried out, what is refused, and that everything
// comes back, whatever fails, whoever edits in between, and whoever looks on. Real processes, a real sshd and
// what only a private machine allows are at the end, for test/sandbox.sh. Called by `deno test`.

import assert from "node:assert/strict";
import { type Login, openView, toBytes, toText, uptime, type View } from "../installer/host.ts";
import { JOURNAL } from "../installer/journal.ts";
import { addModule } from "../installer/pam_file.ts";
import { readSshdConfig, type Version } from "../installer/sshd_config.ts";
import { type Edit, planSshdConfig } from "../installer/sshd_edit.ts";
import type { FileStep, Step } from "../installer/steps.ts";
import {
  HOME,
  type Operations,
  operations,
  type Report,
  type Result,
  rollBackWhenDue,
  Transaction,
} from "../installer/transaction.ts";
import { makeTest, SANDBOX } from "./installed.ts";
import { pretend } from "./killed_install.ts";
import { waitFor } from "./processes.ts";
import { makeTree, openAsRunning, removeTree } from "./tree.ts";

const test = makeTest(
  Deno.uid() === 0 ? null : "only root may change what is root's: sudo make test",
);
const sandboxed = makeTest(
  SANDBOX ? null : "these need a machine of their own: test/sandbox.sh, or sudo make test",
);

const PAM = "/etc/pam.d/sshd";
const DROP_IN = "/etc/ssh/sshd_config.d/00-wpam.conf";
const CONF = "/etc/wpam/wpam.conf";
const MODULE = "/usr/lib/x86_64-linux-gnu/security/pam_wpam.so";
const KEY = "K3y-that-nobody-may-see";
const RELOAD: Step = {
  kind: "command",
  run: [["sshd", "-t"], ["systemctl", "reload", "ssh.service"]],
  title: "Reload",
};

/** A tree that takes itself for the running machine, and what was done to it. */
class Machine {
  readonly view: View;
  readonly calls: string[] = [];
  /** What a command complains about, by its beginning. */
  readonly failing = new Map<string, string>();
  /** Is called before each operation, with its name and its paths. */
  watch: (name: string, ...paths: string[]) => void = () => {};
  readonly ops: Operations;

  constructor(readonly root: string) {
    this.view = openAsRunning(root);
    const watched = Object.entries(operations).map(([name, work]) => [
      name,
      (...args: unknown[]) => {
        this.watch(name, ...args.filter((arg) => typeof arg === "string"));
        return (work as (...args: unknown[]) => unknown)(...args);
      },
    ]);
    this.ops = {
      ...Object.fromEntries(watched),
      run: (argv) => Promise.resolve(this.#run(argv)),
      start: (argv) => void this.calls.push(`start ${argv.join(" ")}`),
      hangUp: (pid) => void this.calls.push(`hang up ${pid}`),
    } as Operations;
  }

  #run(argv: readonly string[]) {
    const line = argv.join(" ");
    this.watch("run", line);
    this.calls.push(line);
    const [, complaint] = [...this.failing].find(([start]) => line.startsWith(start)) ?? [];
    if (complaint === undefined) pretend(this.root, argv);
    const err = argv[0] === "at" ? "warning: x\njob 12 at Tue Nov 24 12:00:00 2026\n" : complaint;
    return { code: complaint === undefined ? 0 : 1, out: "", err: err ?? "", timedOut: false };
  }

  read(path: string): string | undefined {
    return this.view.read(path);
  }

  write(path: string, text: string): void {
    Deno.mkdirSync((this.root + path).replace(/\/[^/]*$/, ""), { recursive: true });
    Deno.writeFileSync(this.root + path, toBytes(text));
  }

  open(): Transaction {
    const transaction = Transaction.open(this.view, this.ops);
    assert.ok(!("busy" in transaction), "busy");
    return transaction;
  }

  /** Does something with the sole right to change this machine. */
  async with<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const transaction = this.open();
    try {
      return await work(transaction);
    } finally {
      transaction.close();
    }
  }

  /** Everything in the tree, but for what a lock leaves behind: by path, attributes and content. */
  list(): Record<string, string> {
    const found: Record<string, string> = {};
    const walk = (folder: string) => {
      for (const { name } of Deno.readDirSync(this.root + folder)) {
        const path = `${folder}/${name}`;
        const { isDirectory, isSymlink, mode, uid, gid } = Deno.lstatSync(this.root + path);
        const attributes = `${(mode! & 0o7777).toString(8)} ${uid}:${gid}`;
        if (path === "/run/wpam.lock") continue;
        if (isDirectory) walk(path);
        found[path] = isSymlink
          ? `-> ${Deno.readLinkSync(this.root + path)}`
          : isDirectory
          ? attributes
          : `${attributes} ${toText(Deno.readFileSync(this.root + path))}`;
      }
    };
    walk("");
    return found;
  }

  inode(path: string): number {
    return this.view.status(path)!.inode;
  }

  makeFile(path: string, after: string | undefined, more: Partial<FileStep> = {}): FileStep {
    return {
      kind: "file",
      path,
      before: this.read(path),
      after,
      mode: 0o644,
      title: path,
      ...more,
    };
  }

  /** All that an install does, but for what comes before the first live change. */
  plan(): Step[] {
    return [
      { kind: "user", name: "wpam", title: "Add the user" },
      { kind: "folder", path: "/etc/wpam", mode: 0o700, title: "Make the folder" },
      this.makeFile(CONF, `service_key = ${KEY}\n`, { mode: 0o600, secret: true }),
      this.makeFile("/var/log/wpam.log", "", { mode: 0o640, group: "adm" }),
      this.makeFile(MODULE, "\x7fELF\0\xff\xfe"),
      this.makeFile(DROP_IN, planSshd(this, [10, 0])?.after ?? this.read(DROP_IN), { mode: 0o600 }),
      this.makeFile(PAM, addLines(this.read(PAM)!)),
      RELOAD,
    ];
  }
}

/** The edit that the drop-in, or for an old sshd the main file, needs; undefined when it is there. */
function planSshd(machine: Machine, version: Version): Edit | undefined {
  const { view } = machine;
  const source = {
    read: (path: string) => view.read(path),
    glob: (pattern: string) => view.glob(pattern),
  };
  const config = readSshdConfig(source, "/etc/ssh/sshd_config", version);
  const planned = planSshdConfig(config, [["UsePAM", "yes"], ["PasswordAuthentication", "no"]]);
  assert.ok("edits" in planned, JSON.stringify(planned));
  return planned.edits[0];
}

function addLines(text: string): string {
  const added = addModule(text, { module: "pam_wpam.so", arguments: [], auth: 4, account: 9 });
  assert.ok("text" in added, JSON.stringify(added));
  return added.text;
}

/** Registers a test with a machine of its own, removed in the end. */
function onMachine(name: string, work: (machine: Machine) => Promise<void>): void {
  test(name, async () => {
    const root = await makeTree("debian-13");
    const machine = new Machine(root);
    Deno.mkdirSync(`${root}/etc/ssh/sshd_config.d`, { recursive: true });
    machine.write("/proc/sys/kernel/random/boot_id", "this-boot\n");
    try {
      await work(machine);
    } finally {
      await removeTree(root);
    }
  });
}

function assertDone(result: Result): void {
  assert.deepEqual(result, { done: true, problems: [] });
}

function assertUndone(result: Result, why: RegExp): Report {
  assert.ok(!result.done, "it was done");
  assert.match(result.why, why);
  assert.deepEqual([result.undo.finished, result.undo.problems], [true, []]);
  return result.undo;
}

const newLogin = (): Login => ({ pid: 4711, started: uptime() + 0.01, client: undefined });

/** Applies a plan that waits for its confirmation, and returns what the machine was before. */
async function putOnTrial(machine: Machine): Promise<Record<string, string>> {
  const before = machine.list();
  await machine.with(async (transaction) => {
    await transaction.arm(300, ["/usr/bin/wpam"]);
    assertDone(await transaction.apply(machine.plan()));
  });
  return before;
}

onMachine(
  "apply() carries out all steps in order, and leaves nothing else behind",
  async (machine) => {
    const before = machine.list();
    const titles: string[] = [];
    const plan = machine.plan();
    await machine.with(async (transaction) => {
      const onProgress = (title: string) => void titles.push(title);
      assertDone(await transaction.apply(plan, { onProgress }));
    });
    assert.deepEqual(titles, plan.map(({ title }) => title));
    assert.match(machine.calls[0]!, /^useradd --system --no-create-home .*--user-group wpam$/);
    assert.deepEqual(machine.calls.slice(1), ["sshd -t", "systemctl reload ssh.service"]);
    const after = machine.list();
    const changed = Object.keys(after).filter((path) => after[path] !== before[path]).sort();
    const files = plan.flatMap((step) => "path" in step ? [step.path] : []);
    assert.deepEqual(changed, [...files, "/etc/passwd", "/etc/group"].sort());
    assert.equal(after[CONF], `600 0:0 service_key = ${KEY}\n`);
    assert.equal(after["/etc/wpam"], "700 0:0");
    assert.equal(after["/var/log/wpam.log"], "640 0:4 ");
    assert.equal(after[MODULE], "644 0:0 \x7fELF\0\xff\xfe");
  },
);

onMachine(
  "apply() keeps mode, owner and attributes of what was there, but for secrets (A24)",
  async (machine) => {
    machine.write(CONF, "x = 1\n");
    for (const path of [CONF, PAM]) {
      Deno.chmodSync(machine.root + path, 0o664);
      Deno.chownSync(machine.root + path, 7, 8);
    }
    await machine.with(async (transaction) => {
      const steps = [
        machine.makeFile(PAM, addLines(machine.read(PAM)!)),
        machine.makeFile(CONF, "x = 2\n", { mode: 0o600, secret: true }),
      ];
      assertDone(await transaction.apply(steps));
    });
    assert.match(machine.list()[PAM]!, /^664 7:8 [^]*pam_wpam/);
    assert.equal(machine.list()[CONF], "600 0:0 x = 2\n");
  },
);

onMachine(
  "apply() gives everything back, the very same inodes, when what it did does not work",
  async (machine) => {
    const before = machine.list();
    const inode = machine.inode(PAM);
    let seen = "";
    await machine.with(async (transaction) => {
      const verify = () => {
        seen = machine.read(PAM)!;
        return Promise.resolve(["sshd does not answer."]);
      };
      const undo = assertUndone(
        await transaction.apply(machine.plan(), { verify }),
        /^sshd does not answer\.$/,
      );
      assert.deepEqual(undo.restored, [PAM, DROP_IN, MODULE, "/var/log/wpam.log", CONF]);
      assert.deepEqual([undo.merged, undo.left], [[], []]);
      assert.equal(transaction.pending(), undefined);
    });
    assert.match(seen, /pam_wpam/);
    assert.deepEqual(machine.list(), before);
    assert.equal(machine.inode(PAM), inode);
    const reload = ["sshd -t", "systemctl reload ssh.service"];
    assert.deepEqual(machine.calls.slice(1), [
      ...reload,
      ...reload,
      "userdel wpam",
      "groupdel wpam",
    ]);
  },
);

onMachine(
  "a command that fails ends the change; sshd is not reloaded with files that it refuses",
  async (machine) => {
    const before = machine.list();
    machine.failing.set("sshd -t", "/etc/ssh/sshd_config.d/00-wpam.conf: line 1: bad\r\n");
    await machine.with(async (transaction) => {
      const result = await transaction.apply(machine.plan());
      assert.ok(!result.done);
      assert.equal(
        result.why,
        "`sshd -t` failed (/etc/ssh/sshd_config.d/00-wpam.conf: line 1: bad).",
      );
      assert.deepEqual([result.undo.finished, result.undo.problems.length], [true, 1]);
      assert.match(result.undo.problems[0]!, /^The files are restored, but `sshd -t` failed/);
    });
    assert.deepEqual(machine.list(), before);
    assert.ok(!machine.calls.some((line) => line.startsWith("systemctl")));
  },
);

onMachine(
  "an interruption before any step leaves nothing, after any step takes all back",
  async (machine) => {
    const before = machine.list();
    const steps = machine.plan();
    for (let stop = 0; stop < steps.length; stop++) {
      const controller = new AbortController();
      let left = stop;
      const onProgress = () => void (--left === 0 && controller.abort(new Error("Interrupted.")));
      if (stop === 0) controller.abort(new Error("Interrupted."));
      await machine.with(async (transaction) => {
        const { signal } = controller;
        assertUndone(await transaction.apply(steps, { signal, onProgress }), /^Interrupted\.$/);
      });
      assert.deepEqual(machine.list(), before, `after ${stop} steps`);
    }
  },
);

onMachine(
  "a progress that throws, as on a terminal that is gone, takes all back",
  async (machine) => {
    const before = machine.list();
    const onProgress = () => {
      throw new Error("EIO");
    };
    await machine.with(async (transaction) => {
      assertUndone(await transaction.apply(machine.plan(), { onProgress }), /^EIO$/);
    });
    assert.deepEqual(machine.list(), before);
  },
);

onMachine("whatever operation fails, all comes back (C8)", async (machine) => {
  const before = machine.list();
  let count = 0;
  let fail = Infinity;
  machine.watch = (name) => {
    if (name === "run" || ++count !== fail) return;
    throw Object.assign(new Error("planted"), { code: "ENOSPC" });
  };
  const attempt = () => machine.with((transaction) => transaction.apply(machine.plan()));
  assertDone(await attempt());
  const total = count;
  await uninstall(machine);
  assert.deepEqual(machine.list(), before);
  for (let at = 1; at <= total; at++) {
    [count, fail] = [0, at];
    const result = await attempt();
    if (result.done) {
      // Only the cleaning up failed: the next run does that.
      assert.equal(result.problems.length, 1);
      fail = Infinity;
      assert.ok((await machine.with((transaction) => transaction.rollBack())).finished);
      await uninstall(machine);
    } else assertUndone(result, /The disk is full: make room\. \(planted\)/);
    assert.deepEqual(machine.list(), before, `operation ${at} of ${total}`);
  }
});

/** Takes an applied plan out by hand. */
async function uninstall(machine: Machine): Promise<void> {
  await machine.with(async (transaction) => {
    const text = machine.read(PAM)!;
    assertDone(
      await transaction.apply([
        machine.makeFile(PAM, text.replace(/# wpam: begin[^]*?# wpam: end\n/g, "")),
        ...[DROP_IN, MODULE, CONF, "/var/log/wpam.log"].map((path) =>
          machine.makeFile(path, undefined)
        ),
        { kind: "folder", path: "/etc/wpam", mode: 0o700, title: "", remove: true },
        { kind: "user", name: "wpam", title: "", remove: true },
      ]),
    );
  });
}

onMachine("an edit between plan and apply stops it, and is kept (C11)", async (machine) => {
  const steps = machine.plan();
  machine.write(PAM, `${machine.read(PAM)}# by hand\n`);
  const before = machine.list();
  await machine.with(async (transaction) => {
    assertUndone(
      await transaction.apply(steps),
      /^\/etc\/pam\.d\/sshd was changed by somebody else meanwhile/,
    );
  });
  assert.deepEqual(machine.list(), before);
});

onMachine("an upgrade right before the swap stops it, and is kept (C11)", async (machine) => {
  const steps = machine.plan();
  const before = machine.list();
  machine.watch = (name, _from, to) => {
    if (name !== "rename" || !to?.endsWith(DROP_IN)) return;
    machine.watch = () => {};
    machine.write(`${PAM}.dpkg-new`, "auth required pam_unix.so # new\n");
    Deno.renameSync(`${machine.root}${PAM}.dpkg-new`, machine.root + PAM);
  };
  await machine.with(async (transaction) => {
    const { left } = assertUndone(await transaction.apply(steps), /was changed by somebody else/);
    assert.deepEqual(left.map(({ path }) => path), [PAM]);
  });
  const upgraded = "644 0:0 auth required pam_unix.so # new\n";
  assert.deepEqual(machine.list(), { ...before, [PAM]: upgraded });
});

onMachine("a package manager at work is waited for, not raced with (C11)", async (machine) => {
  machine.write("/var/lib/dpkg/lock", "");
  const inode = machine.inode("/var/lib/dpkg/lock");
  machine.write("/proc/locks", `1: POSIX  ADVISORY  WRITE 77 08:01:${inode} 0 EOF\n`);
  machine.write("/proc/77/comm", "apt-get\n");
  const before = machine.list();
  await machine.with(async (transaction) => {
    assertUndone(await transaction.apply(machine.plan()), /apt-get/);
    assert.deepEqual(machine.list(), before);
  });
});

onMachine("only one transaction at a time, here and in an image (C12)", async (machine) => {
  const image = openView(machine.root);
  for (const view of [machine.view, image]) {
    const before = machine.list();
    const first = Transaction.open(view, machine.ops);
    assert.ok(!("busy" in first));
    const second = Transaction.open(view, machine.ops);
    assert.deepEqual(second, {
      busy: "Another wpam is changing this machine: wait until it is done.",
    });
    first.close();
    const third = Transaction.open(view, machine.ops);
    assert.ok(!("busy" in third));
    third.close();
    assert.deepEqual(machine.list(), before);
  }
  assert.equal(machine.view.status("/run/wpam.lock")!.mode, 0o600);
  await Promise.resolve();
});

onMachine(
  "an edit outside our lines outlives the rollback; the rest goes (C18)",
  async (machine) => {
    machine.write("/etc/ssh/sshd_config", "Port 22\n");
    const sshd = planSshd(machine, [8, 0])!;
    assert.equal(sshd.path, "/etc/ssh/sshd_config");
    const before = machine.list();
    await machine.with(async (transaction) => {
      await transaction.arm(300, ["/usr/bin/wpam"]);
      const steps = [
        machine.makeFile(sshd.path, sshd.after),
        machine.makeFile(PAM, addLines(machine.read(PAM)!)),
        machine.makeFile(CONF.replace("wpam/", ""), "a\n"),
      ];
      assertDone(await transaction.apply(steps));
    });
    for (const path of [sshd.path, PAM]) machine.write(path, `${machine.read(path)}# by hand\n`);
    machine.write("/etc/wpam.conf", "b\n");
    const report = await machine.with((transaction) => transaction.rollBack());
    assert.deepEqual(report.merged, [PAM, sshd.path]);
    assert.deepEqual(report.left.map(({ path }) => path), ["/etc/wpam.conf"]);
    assert.equal(report.finished, true);
    const after = machine.list();
    assert.equal(after[PAM], `${before[PAM]}# by hand\n`);
    assert.equal(after[sshd.path], `${before[sshd.path]}# by hand\n`);
    assert.deepEqual(after["/etc/wpam.conf"], "644 0:0 b\n");
  },
);

onMachine(
  "an edit inside our lines is left and named, and what they need stays (B7, C18)",
  async (machine) => {
    const before = await putOnTrial(machine);
    machine.write(
      PAM,
      machine.read(PAM)!.replace("auth required pam_wpam", "auth optional pam_wpam"),
    );
    const edited = machine.list();
    const report = await machine.with((transaction) => transaction.rollBack());
    const why = `stays, because ${PAM} needs it`;
    assert.deepEqual(report.left, [
      { path: PAM, why: "was changed by somebody else, and is left as it is" },
      ...[DROP_IN, MODULE, "/var/log/wpam.log", CONF].map((path) => ({ path, why })),
    ]);
    assert.deepEqual(report.restored, []);
    assert.deepEqual([report.finished, report.problems], [true, []]);
    const after = machine.list();
    for (const path of [PAM, DROP_IN, MODULE, CONF, "/etc/wpam", "/etc/passwd"]) {
      assert.equal(after[path], edited[path], path);
    }
    assert.equal(after["/etc/pam.d/.sshd.wpam-old"], undefined);
    assert.equal(after["/var/lib/wpam"], before["/var/lib/wpam"]);
  },
);

onMachine(
  "while a PAM file cannot be restored, the module that it runs is not removed (B7)",
  async (machine) => {
    const before = await putOnTrial(machine);
    machine.watch = (name, ...paths) => {
      const stuck = name === "rename" && paths.some((path) => path.endsWith(PAM));
      if (stuck) throw Object.assign(new Error("rename"), { code: "EROFS" });
    };
    const report = await machine.with((transaction) => transaction.rollBack());
    assert.equal(report.finished, false);
    assert.deepEqual(report.problems, [
      "The file system is read-only: mount it writable. (rename)",
    ]);
    assert.match(machine.read(PAM)!, /pam_wpam/);
    for (const path of [MODULE, CONF]) assert.notEqual(machine.read(path), undefined, path);
    assert.match(machine.read("/etc/passwd")!, /^wpam:/m);
    machine.watch = () => {};
    assert.ok((await machine.with((transaction) => transaction.rollBack())).finished);
    assert.deepEqual(machine.list(), before);
  },
);

onMachine(
  "what was deleted comes back; what became a link or a folder is left (C18)",
  async (machine) => {
    await putOnTrial(machine);
    const path = (name: string) => machine.root + name;
    Deno.removeSync(path(PAM));
    Deno.removeSync(path(`/etc/pam.d/.sshd.wpam-old`));
    Deno.removeSync(path(DROP_IN));
    Deno.symlinkSync("/etc/passwd", path(DROP_IN));
    Deno.removeSync(path(CONF));
    Deno.mkdirSync(path(CONF));
    const passwd = machine.read("/etc/passwd");
    const report = await machine.with((transaction) => transaction.rollBack());
    assert.deepEqual(report.left.map(({ path }) => path), [DROP_IN, CONF, "/etc/wpam"]);
    assert.deepEqual(report.restored, [PAM, MODULE, "/var/log/wpam.log"]);
    assert.equal(machine.view.status(PAM)!.mode, 0o644);
    assert.doesNotMatch(machine.read(PAM)!, /wpam/);
    assert.equal(machine.read("/etc/passwd"), passwd!.replace(/^wpam:.*\n/m, ""));
  },
);

onMachine(
  "a package that replaced our file meanwhile keeps its own (C11, C18)",
  async (machine) => {
    await putOnTrial(machine);
    machine.write(PAM, "auth required pam_unix.so\naccount required pam_unix.so\n");
    const report = await machine.with((transaction) => transaction.rollBack());
    assert.deepEqual(report.left.map(({ path }) => path), [PAM]);
    assert.equal(machine.read(PAM), "auth required pam_unix.so\naccount required pam_unix.so\n");
  },
);

onMachine("a drop-in in which somebody wrote is no longer ours to remove", async (machine) => {
  const { path, after } = planSshd(machine, [10, 0])!;
  assert.equal(path, DROP_IN);
  const apply = () =>
    machine.with(async (transaction) => {
      await transaction.arm(300, ["/usr/bin/wpam"]);
      assertDone(
        await transaction.apply([machine.makeFile(DROP_IN, after)]),
      );
    });
  await apply();
  machine.write(DROP_IN, `${machine.read(DROP_IN)}Port 23\n`);
  await machine.with((transaction) => transaction.rollBack());
  assert.equal(machine.read(DROP_IN), "Port 23\n");
  Deno.removeSync(machine.root + DROP_IN);
  await apply();
  await machine.with((transaction) => transaction.rollBack());
  assert.equal(machine.view.status(DROP_IN), undefined);
});

onMachine(
  "no link, no folder and no second name is written to or parted (A14, A15)",
  async (machine) => {
    const { root } = machine;
    Deno.renameSync(root + PAM, `${root}/etc/pam.d/real`);
    Deno.symlinkSync("real", root + PAM);
    const refusals: [prepare: () => void, why: RegExp][] = [
      [() => {}, /is no plain file/],
      [() => Deno.removeSync(root + PAM), /was changed by somebody else/],
      [
        () => Deno.linkSync(`${root}/etc/pam.d/real`, root + PAM),
        /has several names \(hard links\)/,
      ],
    ];
    const step = machine.makeFile(PAM, "new\n", { before: machine.read(PAM) });
    for (const [prepare, why] of refusals) {
      prepare();
      const before = machine.list();
      await machine.with(async (transaction) => {
        assertUndone(await transaction.apply([step]), why);
      });
      assert.deepEqual(machine.list(), before);
    }
  },
);

onMachine(
  "what stands where the drafts go is never written through, nor removed",
  async (machine) => {
    const { root } = machine;
    for (const name of [".sshd.wpam-new", ".sshd.wpam-old"]) {
      Deno.symlinkSync("/etc/passwd", `${root}/etc/pam.d/${name}`);
      const before = machine.list();
      await machine.with(async (transaction) => {
        const steps = [machine.makeFile(PAM, "new\n")];
        assertUndone(
          await transaction.apply(steps),
          /is left from an earlier change: compare it with/,
        );
      });
      assert.deepEqual(machine.list(), before);
      Deno.removeSync(`${root}/etc/pam.d/${name}`);
    }
    // A link that appears in between: the file is made anew or not at all.
    for (const [path, after] of [[CONF, "x"], [PAM, "y"]] as const) {
      Deno.mkdirSync(`${root}/etc/wpam`, { recursive: true });
      const draft = root + path.replace(/([^/]+)$/, ".$1.wpam-new");
      machine.watch = (name, ...paths) => {
        if (!["writeNew", "overwrite"].includes(name) || !paths.includes(draft)) return;
        machine.watch = () => {};
        if (name === "overwrite") Deno.removeSync(draft);
        Deno.symlinkSync("/etc/shadow", draft);
      };
      const shadow = Deno.readTextFileSync(`${root}/etc/shadow`);
      await machine.with(async (transaction) => {
        assertUndone(
          await transaction.apply([machine.makeFile(path, after)]),
          /EEXIST|ELOOP|exists|too many/i,
        );
      });
      assert.equal(Deno.readTextFileSync(`${root}/etc/shadow`), shadow);
    }
  },
);

onMachine("a folder in which others can write is not written to", async (machine) => {
  const { root } = machine;
  const attempts: [prepare: () => void, undo: () => void, named: string][] = [
    [
      () => Deno.chmodSync(`${root}/etc/pam.d`, 0o777),
      () => Deno.chmodSync(`${root}/etc/pam.d`, 0o755),
      "/etc/pam.d",
    ],
    [
      () => Deno.chmodSync(`${root}/etc`, 0o757),
      () => Deno.chmodSync(`${root}/etc`, 0o755),
      "/etc",
    ],
    [
      () => Deno.chownSync(`${root}/etc/pam.d`, 1000, 0),
      () => Deno.chownSync(`${root}/etc/pam.d`, 0, 0),
      "/etc/pam.d",
    ],
  ];
  for (const [prepare, undo, named] of attempts) {
    prepare();
    const before = machine.list();
    await machine.with(async (transaction) => {
      const result = await transaction.apply([machine.makeFile(PAM, "new\n")]);
      assert.ok(!result.done);
      assert.ok(result.why.startsWith(`${named} is not root's alone`), result.why);
    });
    undo();
    const report = await machine.with((transaction) => transaction.rollBack());
    assert.ok(report.finished);
    assert.equal(machine.list()[PAM], before[PAM]);
    assert.equal(machine.view.status(HOME), undefined);
  }
});

onMachine("nobody but root can read a secret at any moment", async (machine) => {
  machine.write(CONF, `service_key = ${KEY}\n`);
  Deno.chmodSync(`${machine.root}/etc/wpam`, 0o755);
  Deno.chmodSync(machine.root + CONF, 0o600);
  let looks = 0;
  const look = () => {
    for (const [path, entry] of Object.entries(machine.list())) {
      // The journal has texts in base64.
      const hidden = entry.includes(KEY) || entry.includes(btoa(KEY).slice(4, 20)) ||
        path.endsWith("change.json") || path.includes(".wpam.conf");
      if (hidden) assert.match(entry, /^600 0:0 /, path);
      looks++;
    }
  };
  machine.watch = look;
  await machine.with(async (transaction) => {
    const step = machine.makeFile(CONF, `service_key = ${KEY}2\n`, { mode: 0o600, secret: true });
    const verify = () => Promise.resolve(["No."]);
    assertUndone(await transaction.apply([step], { verify }), /No/);
    assertDone(await transaction.apply([step]));
  });
  look();
  assert.ok(looks > 1000);
});

onMachine("during() takes its steps back in every case, and nothing else", async (machine) => {
  const canary = "/etc/pam.d/wpam-canary";
  const step = machine.makeFile(canary, "auth required pam_deny.so\n");
  const before = machine.list();
  await machine.with(async (transaction) => {
    assertDone(await transaction.apply([machine.makeFile(DROP_IN, "a\n")], { more: true }));
    const seen = await transaction.during([step], () => Promise.resolve(machine.read(canary)));
    assert.equal(seen, step.after);
    assert.equal(machine.read(canary), undefined);
    const fail = () => Promise.reject(new Error("No login."));
    await assert.rejects(transaction.during([step], fail), /^Error: No login\.$/);
    assert.equal(machine.read(canary), undefined);
    const wrong = { ...step, before: "something" };
    await assert.rejects(transaction.during([wrong], fail), /was changed by somebody else/);
    assert.equal(machine.read(DROP_IN), "a\n");
    assert.deepEqual((await transaction.rollBack()).restored, [DROP_IN]);
  });
  assert.deepEqual(machine.list(), before);

  // A crash in the middle: the next run takes it back.
  const hanging = machine.open();
  void hanging.during([step], () => new Promise(() => {}));
  await waitFor("the canary's file", 2000, () => machine.read(canary) !== undefined);
  hanging.close();
  const report = await machine.with((transaction) => transaction.recover());
  assert.deepEqual(report!.restored, [canary]);
  assert.deepEqual(machine.list(), before);
});

onMachine(
  "arm() takes systemd's timer and a unit for the next boot, which go when it is over",
  async (machine) => {
    machine.write("/run/systemd/system/x", "");
    Deno.mkdirSync(`${machine.root}/etc/systemd/system`, { recursive: true });
    const before = machine.list();
    await machine.with(async (transaction) => {
      const armed = await transaction.arm(300, ["/usr/lib/wpam/0.1.0/wpam"]);
      assert.deepEqual(armed, { how: "systemd", outlivesBoot: true });
      const { id } = transaction.pending()!;
      const line = `/usr/lib/wpam/0.1.0/wpam rollback --id ${id} --wait 0`;
      assert.deepEqual(machine.calls, [
        `systemd-run --quiet --unit=wpam-rollback-${id} --on-active=300s ` +
        `--timer-property=AccuracySec=1s ${line}`,
      ]);
      const unit = machine.read("/etc/systemd/system/wpam-rollback.service")!;
      assert.match(unit, new RegExp(`^ExecStart=${line}$`, "m"));
      assert.match(unit, /^Before=ssh.service sshd.service$/m);
      const wants = "/etc/systemd/system/multi-user.target.wants";
      const link = machine.view.readLink(`${wants}/wpam-rollback.service`);
      assert.equal(link, "/etc/systemd/system/wpam-rollback.service");
      assertDone(await transaction.apply([machine.makeFile(DROP_IN, "a\n")]));
      assert.deepEqual(await transaction.confirm(newLogin()), { problems: [] });
      assert.equal(machine.calls.at(-1), `systemctl stop wpam-rollback-${id}.timer`);
      Deno.removeSync(machine.root + DROP_IN);
      Deno.removeSync(machine.root + wants);
    });
    assert.deepEqual(machine.list(), before);
  },
);

onMachine(
  "arm() falls back to at where atd runs, and then to a process of its own (C5, C14)",
  async (machine) => {
    machine.write("/run/systemd/system/x", "");
    Deno.mkdirSync(`${machine.root}/etc/systemd/system`, { recursive: true });
    machine.failing.set("systemd-run", "no bus");
    machine.write("/run/atd.pid", "4242\n");
    machine.write("/proc/4242/comm", "atd\n");
    await machine.with(async (transaction) => {
      const armed = await transaction.arm(300, ["/w"]);
      assert.deepEqual(armed, { how: "at", outlivesBoot: true, job: "12" });
      assert.equal(machine.read("/etc/systemd/system/wpam-rollback.service"), undefined);
      assert.equal(machine.calls.at(-1), "at now + 5 minutes");
      await transaction.rollBack();
      assert.equal(machine.calls.at(-1), "atrm 12");

      machine.write("/proc/4242/comm", "cron\n");
      const other = await transaction.arm(90, ["/w"]);
      assert.deepEqual(other, { how: "detached", outlivesBoot: false });
      const { id, secondsLeft } = transaction.pending()!;
      assert.equal(machine.calls.at(-1), `start /w rollback --id ${id} --wait 90`);
      assert.ok(secondsLeft! > 85 && secondsLeft! <= 90);
      await transaction.rollBack();
      await assert.rejects(transaction.arm(90, ["/w $(x)"]), /special characters/);
      await transaction.rollBack();
    });
    const image = Transaction.open(openView(machine.root), machine.ops);
    assert.ok(!("busy" in image));
    await assert.rejects(image.arm(1, ["/w"]), /image cannot take itself back/);
    image.close();
  },
);

onMachine("confirm() takes only a login that is newer than the change", async (machine) => {
  await machine.with(async (transaction) => {
    assert.deepEqual(await transaction.confirm(newLogin()), {
      refusal: "There is nothing to confirm.",
    });
  });
  const old = { pid: 4711, started: uptime(), client: undefined };
  await putOnTrial(machine);
  const after = machine.list();
  const refused: [Login | undefined, RegExp][] = [
    [undefined, /from a new ssh login/],
    [{ pid: 0, started: 0, client: "192.0.2.1 1 192.0.2.2 22" }, /from a new ssh login/],
    [old, /is older than the change/],
  ];
  for (const [login, why] of refused) {
    const confirmed = await machine.with((transaction) => transaction.confirm(login));
    assert.ok("refusal" in confirmed);
    assert.match(confirmed.refusal, why);
    assert.deepEqual(machine.list(), after);
  }
  const again = await machine.with((transaction) => transaction.apply(machine.plan()));
  assertUndone(again, /is not over: `wpam confirm` keeps it, `wpam rollback` takes it back\.$/);
  assert.deepEqual(machine.list(), after);
  await machine.with(async (transaction) => {
    assert.deepEqual(await transaction.confirm(newLogin()), { problems: [] });
    assert.equal(transaction.pending(), undefined);
    assert.deepEqual(await transaction.rollBack(), {
      restored: [],
      merged: [],
      left: [],
      problems: [],
      finished: true,
      remembered: undefined,
    });
  });
  assert.match(machine.read(PAM)!, /pam_wpam/);
  assert.deepEqual(
    Object.keys(machine.list()).filter((path) => /wpam-(old|new)|journal/.test(path)),
    [],
  );
});

onMachine(
  "after a boot the change is taken back, not confirmed; a sshd that is not up is not reloaded",
  async (machine) => {
    machine.write("/proc/1/comm", "systemd\n");
    const before = await putOnTrial(machine);
    machine.write("/proc/sys/kernel/random/boot_id", "next-boot\n");
    const calls = machine.calls.length;
    await machine.with(async (transaction) => {
      const { state, rebooted, secondsLeft } = transaction.pending()!;
      assert.deepEqual([state, rebooted, secondsLeft], ["waiting", true, 0]);
      const confirmed = await transaction.confirm(newLogin());
      assert.ok("refusal" in confirmed && /was started anew/.test(confirmed.refusal));
      assert.ok((await transaction.recover())!.finished);
    });
    assert.deepEqual(machine.list(), {
      ...before,
      "/proc/sys/kernel/random/boot_id": "644 0:0 next-boot\n",
    });
    assert.deepEqual(machine.calls.slice(calls), ["userdel wpam", "groupdel wpam"]);

    machine.write("/proc/sys/kernel/random/boot_id", "this-boot\n");
    await putOnTrial(machine);
    machine.write("/proc/sys/kernel/random/boot_id", "next-boot\n");
    machine.write("/proc/1/comm", "sshd\n");
    await machine.with((transaction) => transaction.recover());
    assert.deepEqual(machine.calls.slice(-4), [
      "sshd -t",
      "systemctl reload ssh.service",
      "userdel wpam",
      "groupdel wpam",
    ]);
  },
);

onMachine("recover() takes back what was cut off, and lets what waits wait", async (machine) => {
  const before = machine.list();
  const hanging = machine.open();
  const verify = () => new Promise<string[]>(() => {});
  void hanging.apply(machine.plan(), { verify, remember: "what was in force" });
  await waitFor("the change", 2000, () => machine.calls.at(-1)?.startsWith("systemctl") ?? false);
  hanging.close();
  const report = await machine.with((transaction) => {
    assert.equal(transaction.pending()!.state, "unfinished");
    return transaction.recover();
  });
  assert.ok(report!.finished);
  assert.deepEqual(machine.list(), before);

  await putOnTrial(machine);
  const after = machine.list();
  await machine.with(async (transaction) => {
    assert.equal(await transaction.recover(), undefined);
  });
  assert.deepEqual(machine.list(), after);
});

onMachine(
  "what the caller wants to know is kept for whoever takes the change back",
  async (machine) => {
    await machine.with(async (transaction) => {
      await transaction.arm(300, ["/w"]);
      assertDone(await transaction.apply([], { more: true, remember: "usepam no" }));
      assertDone(await transaction.apply([machine.makeFile(DROP_IN, "a\n")]));
    });
    await machine.with(async (transaction) => {
      assert.equal(transaction.pending()!.remembered, "usepam no");
      assert.equal((await transaction.rollBack()).remembered, "usepam no");
    });
  },
);

onMachine("a journal that cannot be trusted stops everything, and is kept", async (machine) => {
  await putOnTrial(machine);
  const journal = machine.root + JOURNAL;
  const whole = Deno.readTextFileSync(journal);
  const spoil: [() => void, RegExp][] = [
    [
      () => Deno.writeTextFileSync(journal, whole.slice(0, whole.length / 2)),
      /is cut off or damaged/,
    ],
    [() => Deno.writeTextFileSync(journal, ""), /is cut off or damaged/],
    [() => Deno.writeTextFileSync(journal, "\0".repeat(whole.length)), /is cut off or damaged/],
    [() => Deno.writeTextFileSync(journal, whole.replace("applied", "staging")), /was altered/],
    [
      () => Deno.writeTextFileSync(journal, whole.replace('"schema":1', '"schema":2')),
      /another version/,
    ],
    [() => {
      Deno.writeTextFileSync(journal, whole);
      Deno.chmodSync(journal, 0o644);
    }, /is open to others than root/],
  ];
  for (const [damage, why] of spoil) {
    damage();
    const before = machine.list();
    await machine.with(async (transaction) => {
      assert.throws(() => transaction.pending(), why);
      await assert.rejects(transaction.rollBack(), why);
      await assert.rejects(transaction.recover(), why);
      await assert.rejects(transaction.confirm(newLogin()), why);
      await assert.rejects(transaction.arm(1, ["/w"]), why);
      const result = await transaction.apply(machine.plan());
      assert.ok(!result.done);
      assert.match(result.why, why);
    });
    assert.deepEqual(machine.list(), before);
  }
  Deno.chmodSync(journal, 0o600);
  assert.ok((await machine.with((transaction) => transaction.rollBack())).finished);
});

onMachine("a rollback needs no room on the disk", async (machine) => {
  const before = await putOnTrial(machine);
  const full = () => {
    throw Object.assign(new Error("write"), { code: "ENOSPC" });
  };
  const { view, ops } = machine;
  const transaction = Transaction.open(view, {
    ...ops,
    writeNew: full,
    overwrite: full,
    link: full,
  });
  assert.ok(!("busy" in transaction));
  const { finished, problems } = await transaction.rollBack();
  transaction.close();
  assert.deepEqual([finished, problems], [true, []]);
  assert.deepEqual(machine.list(), before);
});

onMachine("a kill -HUP goes to the listener of today, or to nobody (C5)", async (machine) => {
  const step = (pid: number): Step => ({
    kind: "command",
    run: [["kill", "-HUP", `${pid}`]],
    title: "",
  });
  const apply = (pid: number) =>
    machine.with((transaction) =>
      transaction.apply([machine.makeFile(DROP_IN, `${pid}`), step(pid)])
    );
  machine.write("/proc/11/cmdline", "/usr/sbin/sshd\0-D\0");
  machine.write("/proc/12/cmdline", "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups\0");
  machine.write("/proc/13/cmdline", "sshd: alice [priv]\0");
  machine.write("/proc/14/cmdline", "/usr/bin/sleep\x001\0");
  assertDone(await apply(11));
  assertDone(await apply(12));
  assert.deepEqual(machine.calls, ["hang up 11", "hang up 12"]);
  for (const pid of [13, 14]) {
    const result = await apply(pid);
    assert.ok(!result.done);
    assert.match(result.why, /listens for ssh no more: reload sshd by hand/);
  }
  machine.write("/run/sshd.pid", "11\n");
  assertDone(await apply(14));
  assert.equal(machine.calls.at(-1), "hang up 11");
  assert.equal(machine.calls.filter((line) => line.startsWith("hang up")).length, 3);
});

onMachine(
  "an image is changed, but nothing is run for it, and its journal cannot order that (C17)",
  async (machine) => {
    const image = openView(machine.root);
    const before = machine.list();
    const open = () => {
      const transaction = Transaction.open(image, machine.ops);
      assert.ok(!("busy" in transaction));
      return transaction;
    };
    const steps = machine.plan().filter(({ kind }) => kind !== "user");
    const transaction = open();
    assertDone(await transaction.apply(steps, { more: true }));
    transaction.close();
    const next = open();
    assert.ok((await next.recover())!.finished);
    assertDone(await next.apply(steps));
    next.close();
    assert.deepEqual(machine.calls, []);
    assert.match(machine.read(PAM)!, /pam_wpam/);
    assert.equal(machine.view.status("/run/wpam.lock"), undefined);
    assert.equal(machine.list()["/etc/pam.d/other"], before["/etc/pam.d/other"]);
  },
);

onMachine("a link that leads out of an image is followed inside it", async (machine) => {
  const outside = Deno.makeTempDirSync();
  Deno.removeSync(`${machine.root}/etc/ssh/sshd_config.d`);
  Deno.symlinkSync(outside, `${machine.root}/etc/ssh/sshd_config.d`);
  const transaction = Transaction.open(openView(machine.root), machine.ops);
  assert.ok(!("busy" in transaction));
  const result = await transaction.apply([machine.makeFile(DROP_IN, "a\n")]);
  transaction.close();
  assert.ok(!result.done && /There is no folder/.test(result.why));
  assert.deepEqual([...Deno.readDirSync(outside)], []);
  Deno.removeSync(outside);
});

onMachine(
  "users that are there are used and kept; a group of the name is joined",
  async (machine) => {
    const step: Step = { kind: "user", name: "wpam", title: "" };
    machine.write("/etc/group", `${machine.read("/etc/group")}wpam:x:999:\n`);
    await machine.with(async (transaction) => {
      assertUndone(
        await transaction.apply([step], { verify: () => Promise.resolve(["No."]) }),
        /No/,
      );
    });
    assert.match(machine.calls[0]!, /--gid wpam wpam$/);
    assert.deepEqual(machine.calls.slice(1), ["userdel wpam", "groupdel wpam"]);
    machine.write("/etc/passwd", `${machine.read("/etc/passwd")}wpam:x:1:1::/:/bin/sh\n`);
    machine.calls.length = 0;
    await machine.with(async (transaction) => {
      assertUndone(
        await transaction.apply([step], { verify: () => Promise.resolve(["No."]) }),
        /No/,
      );
    });
    assert.deepEqual(machine.calls, []);
  },
);

onMachine(
  "a user that cannot be added stops the change; one that cannot be removed does not",
  async (machine) => {
    const before = machine.list();
    for (const tool of ["useradd", "addgroup", "adduser", "pw"]) {
      machine.failing.set(
        tool,
        `${tool}: no`,
      );
    }
    await machine.with(async (transaction) => {
      const why =
        /^The user wpam cannot be added \(useradd: no\): do it by hand, then run this again\.$/;
      assertUndone(await transaction.apply(machine.plan()), why);
    });
    assert.deepEqual(machine.list(), before);
    machine.failing.clear();
    await machine.with(async (transaction) => assertDone(await transaction.apply(machine.plan())));
    for (const tool of ["userdel", "deluser", "pw"]) machine.failing.set(tool, `${tool}: in use`);
    await machine.with(async (transaction) => {
      const step: Step = { kind: "user", name: "wpam", title: "", remove: true };
      const result = await transaction.apply([step]);
      assert.ok(result.done);
      assert.match(result.problems[0]!, /cannot be removed \(userdel: in use\)/);
      assert.equal(transaction.pending(), undefined);
    });
  },
);

onMachine(
  "rollBackWhenDue() leaves a change alone that was confirmed, or is another one",
  async (machine) => {
    await putOnTrial(machine);
    const after = machine.list();
    const options = { id: "00000000" };
    assert.equal(await rollBackWhenDue(machine.view, options, machine.ops), undefined);
    assert.deepEqual(machine.list(), after);
    const { id } = await machine.with((transaction) => Promise.resolve(transaction.pending()!));
    await machine.with((transaction) => transaction.confirm(newLogin()));
    const kept = machine.list();
    assert.equal(await rollBackWhenDue(machine.view, { id }, machine.ops), undefined);
    assert.deepEqual(machine.list(), kept);
  },
);

onMachine(
  "rollBackWhenDue() waits for the deadline and for the lock, and tells of it",
  async (machine) => {
    const before = machine.list();
    const holder = machine.open();
    await holder.arm(1, ["/w"]);
    assertDone(await holder.apply(machine.plan()));
    const { id } = holder.pending()!;
    const start = performance.now();
    let over = false;
    const work = rollBackWhenDue(machine.view, { id }, machine.ops).finally(() => over = true);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    assert.equal(over, false);
    holder.close();
    const report = await work;
    assert.ok(performance.now() - start > 1500);
    assert.ok(report!.finished);
    assert.deepEqual(machine.list(), before);
    assert.match(machine.calls.at(-2)!, /^logger -p authpriv.warning -t wpam wpam took its change/);
    assert.match(machine.calls.at(-1)!, /^wall wpam took its change/);
  },
);

onMachine("rollBackWhenDue() tells people when it cannot do its work", async (machine) => {
  await putOnTrial(machine);
  Deno.writeTextFileSync(machine.root + JOURNAL, "garbage");
  await assert.rejects(rollBackWhenDue(machine.view, {}, machine.ops), /is cut off or damaged/);
  assert.match(
    machine.calls.at(-1)!,
    /^wall wpam could not take its change .*\/change.json is cut off/,
  );
});

sandboxed(
  "attributes that only cp can carry over stay: ACL and extended attributes (A24)",
  async () => {
    await using tree = await openMachine();
    const { machine } = tree;
    const libc = Deno.dlopen("libc.so.6", {
      setxattr: { parameters: ["buffer", "buffer", "buffer", "usize", "i32"], result: "i32" },
      getxattr: { parameters: ["buffer", "buffer", "buffer", "usize"], result: "isize" },
    });
    const word = (text: string) => toBytes(`${text}\0`);
    // Version 2; owner rw, uid 1000 r, group r, mask r, others nothing.
    const acl = toBytes(
      "\x02\0\0\0\x01\0\x06\0\xff\xff\xff\xff\x02\0\x04\0\xe8\x03\0\0\x04\0\x04\0\xff\xff\xff\xff" +
        "\x10\0\x04\0\xff\xff\xff\xff\x20\0\0\0\xff\xff\xff\xff",
    );
    const attributes: [string, Uint8Array<ArrayBuffer>][] = [
      ["user.wpam", word("mine")],
      ["system.posix_acl_access", acl],
    ];
    const path = word(machine.root + PAM);
    for (const [name, value] of attributes) {
      const set = libc.symbols.setxattr(path, word(name), value, BigInt(value.length), 0);
      assert.equal(set, 0, name);
    }
    const check = () => {
      for (const [name, value] of attributes) {
        const found = new Uint8Array(100);
        const length = Number(libc.symbols.getxattr(path, word(name), found, 100n));
        assert.deepEqual(found.slice(0, Math.max(0, length)), value, name);
      }
    };
    await machine.with(async (transaction) => {
      const verify = () => Promise.resolve((check(), ["Back."]));
      const steps = [machine.makeFile(PAM, addLines(machine.read(PAM)!))];
      assertUndone(await transaction.apply(steps, { verify }), /^Back/);
      check();
      assertDone(await transaction.apply(steps));
      check();
    });
    libc.close();
  },
);

sandboxed("a cp that is not GNU's does too (C20)", async () => {
  await using tree = await openMachine();
  const { machine } = tree;
  const cp = "/usr/bin/cp";
  Deno.renameSync(cp, `${cp}.gnu`);
  Deno.writeTextFileSync(
    cp,
    `#!/bin/sh\ncase $1 in --*) echo no such option >&2; exit 1;; esac\nexec ${cp}.gnu "$@"\n`,
    {
      mode: 0o755,
    },
  );
  try {
    Deno.chmodSync(machine.root + PAM, 0o640);
    const after = addLines(machine.read(PAM)!);
    await machine.with(async (transaction) => {
      assertDone(await transaction.apply([machine.makeFile(PAM, after)]));
    });
    assert.equal(machine.list()[PAM], `640 0:0 ${after}`);
  } finally {
    Deno.renameSync(`${cp}.gnu`, cp);
  }
});

sandboxed(
  "what cannot be written is refused in words, with nothing changed (C8, C19)",
  async () => {
    await using tree = await openMachine();
    const { machine } = tree;
    const { root } = machine;
    const mount = (...args: string[]) => run("mount", ...args);
    const pam = `${root}/etc/pam.d`;
    const obstacles: [
      what: string,
      make: () => Promise<void>,
      clear: () => Promise<void>,
      why: RegExp,
    ][] = [
      [
        "a read-only /var",
        async () => {
          await mount("--bind", `${root}/var`, `${root}/var`);
          await mount("-o", "remount,bind,ro", `${root}/var`);
        },
        () => run("umount", `${root}/var`),
        /^The file system is read-only: mount it writable\./,
      ],
      [
        "a read-only /etc",
        async () => {
          await mount("--bind", `${root}/etc`, `${root}/etc`);
          await mount("-o", "remount,bind,ro", `${root}/etc`);
        },
        () => run("umount", `${root}/etc`),
        /^The file system is read-only: mount it writable\./,
      ],
      [
        "an immutable file",
        () => run("chattr", "+i", root + PAM),
        () => run("chattr", "-i", root + PAM),
        /^Not even root may do that: look for an immutable file/,
      ],
      [
        "an immutable folder",
        () => run("chattr", "+i", pam),
        () => run("chattr", "-i", pam),
        /^Not even root may do that: look for an immutable file/,
      ],
      [
        "a file mounted on its own",
        () => mount("--bind", root + PAM, root + PAM),
        () => run("umount", root + PAM),
        /^The file is mounted on its own: change it where it is mounted from\./,
      ],
      [
        "a full disk",
        async () => {
          await run("cp", "-a", pam, `${root}/saved`);
          await mount("-t", "tmpfs", "-o", "size=32k,mode=755", "tmpfs", pam);
          await run("cp", "-a", `${root}/saved/.`, pam);
          await run("dd", "if=/dev/zero", `of=${pam}/filler`, "bs=4k").catch(() => {});
        },
        () => run("umount", pam),
        /^The disk is full: make room\./,
      ],
      [
        "a full disk below the journal",
        async () => {
          await mount("-t", "tmpfs", "-o", "size=4k,mode=755", "tmpfs", `${root}/var/lib`);
          await run("dd", "if=/dev/zero", `of=${root}/var/lib/filler`, "bs=4k").catch(() => {});
        },
        () => run("umount", `${root}/var/lib`),
        /^The disk is full: make room\./,
      ],
    ];
    for (const [what, make, clear, why] of obstacles) {
      const steps = machine.plan().filter(({ kind }) => kind !== "user");
      await make();
      try {
        const before = machine.list();
        await machine.with(async (transaction) => {
          assertUndone(await transaction.apply(steps), why);
        }).catch((error) => assert.fail(`${what}: ${error.message}`));
        assert.deepEqual(machine.list(), before, what);
      } finally {
        await clear();
      }
      const result = await machine.with((transaction) => transaction.apply(steps));
      assertDone(result);
      await uninstall(machine);
    }
  },
);

sandboxed("another process has the lock until it ends, however it ends (C12)", async () => {
  const view = openView();
  const open = () => {
    const transaction = Transaction.open(view);
    if ("busy" in transaction) return false;
    transaction.close();
    return true;
  };
  assert.equal(open(), true);
  const holder = new Deno.Command("flock", { args: ["-o", "/run/wpam.lock", "sleep", "60"] })
    .spawn();
  await waitFor("the lock of another process", 2000, () => !open());
  holder.kill("SIGKILL");
  await holder.status;
  await waitFor("the lock", 2000, open);
  assert.equal(view.status("/run/wpam.lock")!.mode, 0o600);
});

sandboxed(
  "what nobody confirms comes back by itself, in a real sshd, although the installer's terminal is gone (C13, C14)",
  async () => {
    const view = openView();
    const scratch = "/run/wpam-test";
    const wpam = `${scratch}/wpam`;
    const main = new URL("../installer/main.ts", import.meta.url).pathname;
    const env = ["DENO_DIR", "DENO_NO_PACKAGE_JSON"].map((name) =>
      `${name}='${Deno.env.get(name)}'`
    );
    const deno = `${Deno.execPath()} run -A --no-check --quiet`;
    Deno.writeTextFileSync(wpam, `#!/bin/sh\n${env.join(" ")} exec ${deno} ${main} "$@"\n`, {
      mode: 0o755,
    });
    const log = `${scratch}/rollback-sshd.log`;
    const sshd = new Deno.Command("/usr/sbin/sshd", {
      args: ["-D", "-E", log, "-p", "2222", "-h", `${scratch}/host_key`],
    }).spawn();
    const readLog = () => view.read(log) ?? "";
    const count = (words: string) => readLog().split(words).length - 1;
    await waitFor("sshd", 5000, () => count("Server listening on") > 0);
    const logIn = (command: string) =>
      new Deno.Command("ssh", {
        args: [
          ...["-F", "none", "-p", "2222", "-i", `${scratch}/user_key`, "-o", "BatchMode=yes"],
          ...["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"],
          ...["alice@127.0.0.1", command],
        ],
        stdin: "null",
        stdout: "piped",
        stderr: "null",
      });
    const session = logIn("echo in; exec sleep 60").spawn();
    let alive = true;
    const ended = session.status.then(() => alive = false);
    const reader = session.stdout.getReader();
    assert.equal(toText((await reader.read()).value!), "in\n");

    const before = view.read(PAM)!;
    const dropIn = view.read(DROP_IN);
    const title = "";
    const steps: Step[] = [
      {
        kind: "file",
        path: DROP_IN,
        before: dropIn,
        after: "X11Forwarding no\nMaxAuthTries 3\n",
        mode: 0o600,
        title,
      },
      { kind: "command", run: [["/usr/sbin/sshd", "-t"]], title },
      { kind: "file", path: PAM, before, after: `# on trial\n${before}`, mode: 0o644, title },
      { kind: "command", run: [["/usr/sbin/sshd", "-t"], ["kill", "-HUP", `${sshd.pid}`]], title },
    ];
    const work = { root: "", early: [], canary: [], steps, alarm: { seconds: 3, command: [wpam] } };
    const file = `${scratch}/work.json`;
    Deno.writeTextFileSync(file, JSON.stringify(work));
    const child = new URL("killed_install.ts", import.meta.url).pathname;
    const installer = new Deno.Command("script", {
      args: ["-qefc", `${deno} ${child} ${file} wait`, "/dev/null"],
      stdin: "null",
      stdout: "piped",
    }).spawn();
    const output = installer.stdout.getReader();
    assert.match(toText((await output.read()).value!), /^installed\r?\n$/);
    assert.equal(view.read(PAM), `# on trial\n${before}`);
    await waitFor(
      "the reload",
      5000,
      () =>
        count("Server listening on 127.0.0.1 port 2222") +
            count("Server listening on 0.0.0.0 port 2222") > 1,
    );
    // The terminal hangs up; whoever waits must not.
    installer.kill("SIGKILL");
    await installer.status;
    await output.cancel();

    await waitFor("the rollback", 15_000, () => view.status(HOME) === undefined);
    assert.equal(view.read(PAM), before);
    assert.equal(view.read(DROP_IN), dropIn);
    await waitFor("the second reload", 5000, () => count("Received SIGHUP; restarting.") === 2);
    await waitFor("the listener", 5000, () => count("Server listening on 0.0.0.0 port 2222") === 3);
    const again = await logIn("echo in").output();
    assert.equal(toText(again.stdout), "in\n", readLog());
    // The session of before lives on.
    assert.equal(alive, true);
    session.kill("SIGTERM");
    await ended;
    await reader.cancel();
    sshd.kill("SIGTERM");
    await sshd.status;
  },
);

/** A machine for a test that registers itself. */
async function openMachine(): Promise<{ machine: Machine } & AsyncDisposable> {
  const root = await makeTree("debian-13");
  Deno.mkdirSync(`${root}/etc/ssh/sshd_config.d`, { recursive: true });
  return { machine: new Machine(root), [Symbol.asyncDispose]: () => removeTree(root) };
}

async function run(program: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args }).output();
  assert.ok(success, `${program} ${args.join(" ")}: ${toText(stderr)}`);
}
