/**
 * A change to the machine, made whole or not at all, and taken back when nobody confirms it. The only file of
 * the command that changes anything; swap.ts, users.ts, commands.ts and timer.ts do so through the Operations
 * here. Called by the subcommands, and by the alarm that arm() has set.
 *
 * The journal, /var/lib/wpam/journal/change.json, says what has to be taken back, and is on the disk before any
 * of it is done. It is there only while a change is open; its text is journal.ts's. Its states, and what the next
 * holder of the lock has to do when a change was left in that state:
 *
 *     staging    users and folders are made, new files and second names of old ones stand ready   → take it back
 *     applying   files are swapped, one after the other, and commands run                         → take it back
 *     applied    all is done and verified, and waits for confirm(): keep it then, but at the deadline or after a
 *                boot                                                                             → take it back
 *     kept       copies, alarm and journal are still to be removed                                → do that
 *
 * Several apply() make one change; between two it is "staging". Taking back goes by what the files are, not by how
 * far the change says it came, so it may be cut off and begun again any number of times. The last step comes first;
 * when the files are as they were, the commands run again, in their own order. A file in which others have changed
 * something is merged or left (swap.ts), and named; while a PAM file still runs our module, that and what it needs
 * stay too. What cannot be restored keeps the journal, for the next try.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { execute, isSshdRunning } from "./commands.ts";
import {
  listBusyPackageManagers,
  type Login,
  openView,
  type Output,
  uptime,
  type View,
} from "./host.ts";
import {
  type Armed,
  type Entry,
  FOLDER,
  HOME,
  isFile,
  isRebooted,
  JOURNAL,
  type Journal,
  loadJournal,
  type Pending,
  readBoot,
  readPending,
  writeJournal,
} from "./journal.ts";
import { type CommandStep, hasUser, type Step } from "./steps.ts";
import {
  checkFile,
  checkFolder,
  findPlace,
  getFolder,
  isNeedy,
  makeFolder,
  remove,
  removeCopies,
  removeFolder,
  runsUs,
  stage,
  swap,
  takeBack,
  writeOwn,
} from "./swap.ts";
import { arm, disarm } from "./timer.ts";
import { addUser, removeUser } from "./users.ts";
import { VERSION } from "./version.ts";

export { type Armed, HOME, type Pending, readPending } from "./journal.ts";

/** What is changed, and by what. */
export interface Machine {
  readonly view: View;
  readonly ops: Operations;
}

/** Every way in which a transaction touches the machine, one call each: a test can stop between any two. */
export interface Operations {
  /** Makes a file that is not there yet, which nobody but its owner can open until it is complete. */
  writeNew(path: string, bytes: Uint8Array, mode: number, uid: number, gid: number): void;
  /** Gives a file the owner, mode, times, ACL and label of another. */
  copyAttributes(from: string, to: string): void;
  /** Replaces the content of a file that is no link. */
  overwrite(path: string, bytes: Uint8Array): void;
  /** Waits until a file, or the list of names of a folder, is on the disk. */
  sync(path: string): void;
  link(from: string, to: string): void;
  symlink(target: string, path: string): void;
  rename(from: string, to: string): void;
  remove(path: string): void;
  makeFolder(path: string, mode: number, uid: number, gid: number): void;
  removeFolder(path: string): void;
  /** Runs a command to its end, never through a shell; never throws. */
  run(argv: readonly string[], options?: { input?: string; seconds?: number }): Promise<Output>;
  /** Starts a command that outlives us, our terminal and our login. */
  start(argv: readonly string[]): void;
  hangUp(pid: number): void;
}

const BUSY = "Another wpam is changing this machine: wait until it is done.";
const PATH = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin";

/** The operations on the real machine. */
export const operations: Operations = {
  writeNew(path, bytes, mode, uid, gid) {
    using file = open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL);
    write(file.fd, bytes);
    fchownSync(file.fd, uid, gid);
    fchmodSync(file.fd, mode);
  },
  copyAttributes(from, to) {
    let complaint = "";
    // The second way is for a cp that is not GNU's; it copies the content too.
    for (const options of [["--attributes-only", "--preserve=all"], ["-p"]]) {
      const { success, stderr } = new Deno.Command("cp", {
        args: [...options, from, to],
        clearEnv: true,
        env: { PATH, LC_ALL: "C" },
      }).outputSync();
      if (success) return;
      complaint = new TextDecoder().decode(stderr).trim();
    }
    throw new Error(`The attributes of ${from} cannot be copied (${complaint}).`);
  },
  overwrite(path, bytes) {
    using file = open(path, constants.O_WRONLY | constants.O_TRUNC);
    write(file.fd, bytes);
  },
  sync(path) {
    using file = open(path, constants.O_RDONLY);
    try {
      fsyncSync(file.fd);
    } catch (error) {
      // A file system that cannot sync a folder says so; there is nothing more to be done.
      if ((error as NodeJS.ErrnoException).code !== "EINVAL") throw error;
    }
  },
  link: linkSync,
  symlink: symlinkSync,
  rename: renameSync,
  remove: unlinkSync,
  makeFolder(path, mode, uid, gid) {
    mkdirSync(path, 0o700);
    using folder = open(path, constants.O_RDONLY | constants.O_DIRECTORY);
    fchownSync(folder.fd, uid, gid);
    fchmodSync(folder.fd, mode);
    fsyncSync(folder.fd);
  },
  removeFolder: rmdirSync,
  run: openView().run,
  start([program, ...args]) {
    const command = new Deno.Command(program!, {
      args,
      // A session of its own: no terminal can hang up on it.
      detached: true,
      cwd: "/",
      clearEnv: true,
      env: { PATH, LC_ALL: "C" },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    });
    command.spawn().unref();
  },
  hangUp: (pid) => Deno.kill(pid, "SIGHUP"),
};

function open(path: string, flags: number): { readonly fd: number } & Disposable {
  const fd = openSync(path, flags | constants.O_NOFOLLOW, 0o600);
  return { fd, [Symbol.dispose]: () => closeSync(fd) };
}

function write(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
}

/** Why there is no transaction: a sentence. */
export interface Busy {
  readonly busy: string;
}

/** How apply() goes about it. */
export interface Options {
  /** Looks whether the change works; returns what does not, in sentences. */
  readonly verify?: () => Promise<readonly string[]>;
  /** Is told the title of each step that is done. */
  readonly onProgress?: (title: string) => void;
  /** Stops between two steps, and has all taken back. */
  readonly signal?: AbortSignal;
  /** Another apply() of the same change follows. */
  readonly more?: boolean;
  /** Kept for whoever takes the change back. */
  readonly remember?: string;
}

/** How apply() ended, with the problems of cleaning up, or with what was taken back. */
export type Result =
  | { readonly done: true; readonly problems: readonly string[] }
  | { readonly done: false; readonly why: string; readonly undo: Report };

/** What taking back came to. */
export interface Report {
  /** Files that are as before. */
  readonly restored: string[];
  /** Files that others had changed, from which our lines were taken. */
  readonly merged: string[];
  /** What others had changed, or use, and was left. */
  readonly left: { readonly path: string; readonly why: string }[];
  /** What went wrong, in sentences. */
  readonly problems: string[];
  /** False when something could not be restored: the journal stays, and the next try goes on from there. */
  finished: boolean;
  readonly remembered: string | undefined;
}

/** How confirm() ended. */
export type Confirmed = { readonly refusal: string } | { readonly problems: readonly string[] };

const HINTS: Readonly<Record<string, string>> = {
  EROFS: "The file system is read-only: mount it writable",
  EPERM: "Not even root may do that: look for an immutable file (lsattr), and at SELinux",
  EACCES: "Run this as root",
  EBUSY: "The file is mounted on its own: change it where it is mounted from",
  EXDEV: "The file is mounted on its own: change it where it is mounted from",
  ENOSPC: "The disk is full: make room",
  EDQUOT: "The quota is used up: make room",
};

const isCommand = (entry: Entry): entry is Entry & { step: CommandStep } =>
  entry.step.kind === "command";
const sleep = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** The sole right to change a machine, and the change that is made with it. */
export class Transaction {
  readonly #machine: Machine;
  readonly #lock: Deno.FsFile;
  #journal: Journal | undefined;
  /** Whether the journal was begun here. */
  #own = false;
  /** Whether commands ran here. */
  #executed = false;

  private constructor(machine: Machine, lock: Deno.FsFile) {
    this.#machine = machine;
    this.#lock = lock;
  }

  /** Takes the lock, which the process gives back when it ends at the latest. Throws a sentence where it cannot. */
  static open(view: View, ops: Operations = operations): Transaction | Busy {
    const lock = openLock(view);
    if (lock.tryLockSync(true)) return new Transaction({ view, ops }, lock);
    lock.close();
    return { busy: BUSY };
  }

  /**
   * Lets others have the lock while a person is asked: a change on trial must not wait for an answer to be taken
   * back.
   */
  async whileAsking<T>(work: () => Promise<T>): Promise<{ readonly answer: T } | Busy> {
    this.#lock.unlockSync();
    const answer = await work();
    return this.#lock.tryLockSync(true) ? { answer } : { busy: BUSY };
  }

  /** Gives the lock back. A change that is not over stays in the journal. */
  close(): void {
    this.#lock.close();
  }

  /** Looks for a change that is not over. Throws a sentence when the journal cannot be used. */
  pending(): Pending | undefined {
    return readPending(this.#machine.view);
  }

  /**
   * Carries steps out, in their order, but users and folders first. Whatever goes wrong, the whole change is taken
   * back. Without `more` it is then over, or, when an alarm is set, waits for confirm().
   */
  async apply(steps: readonly Step[], options: Options = {}): Promise<Result> {
    try {
      await this.#begin();
    } catch (error) {
      return { done: false, why: tell(error), undo: makeReport() };
    }
    try {
      await this.#change(steps, options);
      const { armed, entries, remembered } = this.#journal!;
      this.#save({
        state: options.more ? "staging" : armed ? "applied" : "kept",
        entries: entries.map((entry) => ({ ...entry, done: true })),
        remembered: options.remember ?? remembered,
      });
    } catch (error) {
      return { done: false, why: tell(error), undo: await this.rollBack() };
    }
    return { done: true, problems: this.#journal!.state === "kept" ? await this.#finish() : [] };
  }

  /** Carries steps out for the time that some work takes. Throws a sentence when that, or the way back, fails. */
  async during<T>(steps: readonly Step[], work: () => Promise<T>): Promise<T> {
    await this.#begin();
    const { entries } = this.#journal!;
    const report = makeReport();
    let result: T;
    try {
      await this.#change(steps, {});
      result = await work();
    } finally {
      await this.#undo(this.#journal!.entries.slice(entries.length), report);
      if (report.finished) this.#save({ state: "staging", entries });
    }
    if (!report.finished) throw new Error(report.problems.join(" "));
    return result;
  }

  /**
   * Sees to it that `command`, followed by `rollback --id ID --wait SECONDS`, runs when the seconds are over,
   * however this process, its terminal and its login end. Throws a sentence when nothing can do that.
   */
  async arm(seconds: number, command: readonly string[]): Promise<Armed> {
    if (!this.#machine.view.live) throw new Error("A change to an image cannot take itself back.");
    await this.#begin();
    const { id } = this.#journal!;
    const deadline = uptime() + seconds;
    const words = [...command, "rollback", "--id", id, "--wait"];
    const note = (armed: Armed) => this.#save({ deadline, armed });
    return await arm(this.#machine, { id, seconds, words }, note);
  }

  /** Keeps the change for good, if this login shows that one can still log in. */
  async confirm(login: Login | undefined): Promise<Confirmed> {
    const journal = this.#journal = loadJournal(this.#machine.view);
    if (journal === undefined) return { refusal: "There is nothing to confirm." };
    if (journal.state !== "kept") {
      const refusal = this.#refuse(journal, login);
      if (refusal !== undefined) return { refusal };
      this.#save({ state: "kept" });
    }
    return { problems: await this.#finish() };
  }

  #refuse(journal: Journal, login: Login | undefined): string | undefined {
    if (journal.state !== "applied") {
      return "The change was cut off before it was complete: run `wpam rollback`.";
    }
    if (isRebooted(journal, this.#machine.view)) {
      return "The machine was started anew since the change: run `wpam rollback`.";
    }
    if (login === undefined || login.pid === 0) {
      return "Run this from a new ssh login: only that shows that you can still log in.";
    }
    if (login.started > journal.uptime) return undefined;
    return "This login is older than the change and shows nothing: log in once more, in another terminal, and " +
      "run `wpam confirm` there.";
  }

  /** Does what is due: takes back what was cut off or not confirmed in time, cleans up after what was kept. */
  async recover(): Promise<Report | undefined> {
    const pending = this.pending();
    const due = pending && (pending.state !== "waiting" || pending.secondsLeft === 0);
    const report = due ? await this.rollBack() : undefined;
    return pending?.state === "kept" && report?.finished ? undefined : report;
  }

  /** Takes the change back, whoever began it, unless it was kept. May be called again when it did not finish. */
  async rollBack(): Promise<Report> {
    const journal = this.#journal ??= loadJournal(this.#machine.view);
    const report = makeReport(journal?.remembered);
    if (journal === undefined) this.#tidy();
    else if (journal.state !== "kept") await this.#undo(journal.entries, report);
    if (journal !== undefined && report.finished) report.problems.push(...await this.#finish());
    return report;
  }

  /** Opens a change, if none is open here. */
  async #begin(): Promise<void> {
    if (this.#own) return;
    const { view } = this.#machine;
    const pending = this.pending();
    if (pending !== undefined) {
      const how = pending.state === "waiting" ? "`wpam confirm` keeps it, " : "";
      throw new Error(
        `The change of ${pending.when} is not over: ${how}\`wpam rollback\` takes it back.`,
      );
    }
    const busy = view.live ? listBusyPackageManagers(view) : [];
    if (busy.length > 0) throw new Error(busy.join(" "));
    this.#journal = {
      id: crypto.randomUUID().slice(0, 8),
      version: VERSION,
      state: "staging",
      when: new Date().toISOString(),
      boot: readBoot(view),
      uptime: 0,
      entries: [],
    };
    try {
      this.#save({});
    } catch (error) {
      this.#journal = undefined;
      await this.rollBack();
      throw error;
    }
    this.#own = true;
  }

  async #change(steps: readonly Step[], options: Options): Promise<void> {
    const { signal, verify, onProgress } = options;
    const machine = this.#machine;
    const entries = steps.map((step) => this.#observe(step));
    this.#save({ state: "staging", entries: [...this.#journal!.entries, ...entries] });
    for (const { step } of entries) {
      signal?.throwIfAborted();
      if (step.kind === "user" && !step.remove) await addUser(machine, step.name);
      else if (step.kind === "folder" && !step.remove) makeFolder(machine, step);
      else continue;
      onProgress?.(step.title);
    }
    for (const { step } of entries.filter(isFile)) {
      signal?.throwIfAborted();
      stage(machine, step);
    }
    signal?.throwIfAborted();
    this.#save({ state: "applying" });
    for (const { step } of entries) {
      signal?.throwIfAborted();
      if (step.kind === "file") swap(machine, step);
      else if (step.kind === "command") await this.#execute(step);
      else continue;
      onProgress?.(step.title);
    }
    const problems = await verify?.() ?? [];
    if (problems.length > 0) throw new Error(problems.join(" "));
    signal?.throwIfAborted();
  }

  /** Looks what a step finds. Throws a sentence when it could not be carried out, or not taken back. */
  #observe(step: Step): Entry {
    const { view } = this.#machine;
    if (step.kind === "command") return { step, existed: false, done: false };
    if (step.kind === "user") return { step, existed: hasUser(view, step.name), done: false };
    if (step.kind === "file") checkFile(this.#machine, step);
    const status = view.status(step.path);
    if (status === undefined) return { step, existed: false, done: false };
    if (step.kind === "folder" && status.kind !== "folder") {
      throw new Error(`${step.path} is no folder: move it away, or make the change by hand.`);
    }
    const { mode, uid, gid } = status;
    return { step, existed: true, attributes: { mode, uid, gid }, done: false };
  }

  /** Takes entries back, the last first, and goes on after a failure. */
  async #undo(entries: readonly Entry[], report: Report): Promise<void> {
    let needy: string | undefined;
    for (const { step, attributes } of entries.toReversed().filter(isFile)) {
      const { path } = step;
      // sshd's settings are among what it needs; another PAM file is not.
      if (needy !== undefined && !runsUs(step.after)) {
        report.left.push({ path, why: `stays, because ${needy} needs it` });
        continue;
      }
      try {
        const taken = takeBack(this.#machine, step, attributes);
        if (taken === "restored" || taken === "merged") report[taken].push(path);
        else if (taken !== "untouched") report.left.push({ path, why: taken.left });
        if (isNeedy(this.#machine, step)) needy = path;
      } catch (error) {
        report.problems.push(tell(error));
        report.finished = false;
        if (runsUs(step.after)) needy = path;
      }
    }
    await this.#executeAgain(entries, report);
    if (needy !== undefined) return;
    // Nobody is locked out by what stays of these.
    for (const { step, existed } of entries.toReversed()) {
      if (!existed && !isRemoval(step)) await this.#removeUnused(step, report);
    }
  }

  /** Lets sshd read the restored files. `sshd -t` stands before the reload, which then is not tried in vain. */
  async #executeAgain(entries: readonly Entry[], report: Report): Promise<void> {
    const { state } = this.#journal!;
    const commands = entries.filter(isCommand).filter(({ done }) => done || state !== "staging");
    const atBoot = isRebooted(this.#journal!, this.#machine.view) && !isSshdRunning(this.#machine);
    if (commands.length === 0 || atBoot) return;
    // sshd loses a signal that comes while it still starts anew after the one before.
    if (this.#executed || !this.#own) await sleep(1);
    try {
      for (const { step } of commands) await this.#execute(step);
    } catch (error) {
      report.problems.push(`The files are restored, but ${tell(error)}`);
    }
  }

  async #execute(step: CommandStep): Promise<void> {
    this.#executed = true;
    await execute(this.#machine, step);
  }

  /** Removes the user, the folder or the waste of a step, if it is there and nobody uses it. */
  async #removeUnused(step: Step, { left, problems }: Report): Promise<void> {
    const machine = this.#machine;
    try {
      if (step.kind === "user") await removeUser(machine, step.name);
      if (step.kind === "waste") remove(machine, step.path);
      if (step.kind !== "folder" || step.path === HOME) return;
      if (!removeFolder(machine, step.path)) {
        left.push({ path: step.path, why: "is not empty, and stays" });
      }
    } catch (error) {
      problems.push(tell(error));
    }
  }

  /** Removes what is left of a change that was kept or taken back; returns what went wrong, in sentences. */
  async #finish(): Promise<string[]> {
    const machine = this.#machine;
    const { id, armed, state, entries } = this.#journal!;
    const report = makeReport();
    const { problems, left } = report;
    try {
      if (armed) await disarm(machine, id, armed);
      for (const { step } of entries.filter(isFile)) removeCopies(machine, step.path);
      if (state === "kept") {
        for (const { step } of entries.filter(({ step }) => isRemoval(step))) {
          await this.#removeUnused(step, report);
        }
      }
      remove(machine, JOURNAL);
      machine.ops.sync(getFolder(findPlace(machine.view, JOURNAL)));
      this.#journal = undefined;
      this.#own = false;
      this.#tidy();
    } catch (error) {
      problems.push(tell(error));
    }
    return [...problems, ...left.map(({ path, why }) => `${path} ${why}.`)];
  }

  /** Writes the journal; what follows may rely on it. */
  #save(changes: Partial<Journal>): void {
    const journal = { ...this.#journal!, ...changes, uptime: uptime() };
    for (const path of [HOME, FOLDER]) makeFolder(this.#machine, { path, mode: 0o700 });
    writeOwn(this.#machine, JOURNAL, writeJournal(journal), 0o600);
    this.#journal = journal;
  }

  /** Leaves no empty folder behind. */
  #tidy(): void {
    removeCopies(this.#machine, JOURNAL);
    for (const path of [FOLDER, HOME]) removeFolder(this.#machine, path);
  }
}

/**
 * Takes a change back when its time is over: what arm() has set runs this. It waits for the seconds, for the lock
 * and for the deadline, tries again when something cannot be restored, and tells the log and whoever is logged in.
 * Returns nothing when there was nothing to do: the change was confirmed, or is another one.
 */
export async function rollBackWhenDue(
  view: View,
  { id, wait = 0 }: { readonly id?: string | undefined; readonly wait?: number | undefined },
  ops: Operations = operations,
): Promise<Report | undefined> {
  const ignore = () => {};
  Deno.addSignalListener("SIGHUP", ignore);
  try {
    let pause = wait;
    for (let tries = 60;;) {
      await sleep(pause);
      const transaction = Transaction.open(view, ops);
      pause = 0.2;
      if ("busy" in transaction) continue;
      try {
        const pending = transaction.pending();
        if (pending === undefined || (id !== undefined && pending.id !== id)) return undefined;
        pause = pending.secondsLeft || 10;
        if (pending.secondsLeft) continue;
        const report = await transaction.rollBack();
        if (!report.finished && --tries > 0) continue;
        const left = report.left.map(({ path, why }) => `${path} ${why}.`);
        const what =
          "wpam took its change to the logins of this machine back: nobody confirmed it.";
        if (pending.state !== "kept") await announce([what, ...left, ...report.problems], ops);
        return report;
      } finally {
        transaction.close();
      }
    }
  } catch (error) {
    await announce(["wpam could not take its change to the logins back.", tell(error)], ops);
    throw error;
  } finally {
    Deno.removeSignalListener("SIGHUP", ignore);
  }
}

/** Tells the log, and whoever is logged in. */
async function announce(sentences: readonly string[], ops: Operations): Promise<void> {
  const text = sentences.join(" ");
  await ops.run(["logger", "-p", "authpriv.warning", "-t", "wpam", text]);
  await ops.run(["wall", text]);
}

/** Opens the file whose lock is the right to change a machine; that of an image is its folder /etc. */
function openLock(view: View): Deno.FsFile {
  const folder = ["/run", "/var/run"].map((path) => view.resolve(path)).find(Boolean);
  const options = { read: true, write: true, create: true, mode: 0o600 };
  try {
    if (!view.live || !folder) return Deno.openSync(`${view.root}/etc`);
    checkFolder(view, folder);
    // Only root can open it, and so hold the lock.
    return Deno.openSync(`${view.root}${folder}/wpam.lock`, options);
  } catch (error) {
    throw new Error(tell(error));
  }
}

const isRemoval = (step: Step): boolean => "remove" in step && step.remove === true;

function makeReport(remembered?: string): Report {
  return { restored: [], merged: [], left: [], problems: [], finished: true, remembered };
}

/** Puts an error into words; ours are sentences already. */
function tell(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const hint = HINTS[(error as NodeJS.ErrnoException).code ?? ""];
  return hint === undefined ? error.message : `${hint}. (${error.message})`;
}
