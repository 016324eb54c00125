/**
 * The machine, or an image of one in a folder, as wpam finds it: what it runs, where its PAM looks, how its
 * sshd is started, and why wpam could not be installed there.
 *
 * It looks and asks, and never changes anything: that is transaction.ts. Systems are told apart by probing;
 * what cannot be probed is a table here or in service.ts. Called by every subcommand.
 */
import { Buffer } from "node:buffer";
import { findPamFolders, type PamFolders } from "./libpam.ts";
import { findObstacle } from "./obstacle.ts";
import { findListeners, findSession, listProcesses, parseStat } from "./processes.ts";
import { findService, type Service } from "./service.ts";
import { findSshd, readBinary } from "./sshd_program.ts";
import { findSystem } from "./system.ts";

export { listBusyPackageManagers } from "./package_locks.ts";
export { askSshd, testSshd } from "./sshd_program.ts";

/** What is known of a path without following it. */
export interface FileStatus {
  readonly kind: "file" | "folder" | "link" | "other";
  /** Permission bits, at most 07777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** The number of hard links. */
  readonly links: number;
  /** Time of the last change, in seconds since 1970. */
  readonly mtime: number;
  readonly device: number;
  readonly inode: number;
}

/** How a command ended. Its exit code is 127 when there is no such program. */
export interface Output {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly timedOut: boolean;
}

/** What a command is given besides its arguments. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** The time limit, 20 unless told. */
  readonly seconds?: number;
}

/** A read-only view of a machine, or of an image below a folder. Text is Latin-1: one byte, one character. */
export interface View {
  /** "" for the running system, else an absolute folder without a final slash. */
  readonly root: string;
  /** Whether this is the running system. */
  readonly live: boolean;
  /** Reads a file; undefined when there is none. Throws a sentence when it cannot be read. */
  read(path: string): string | undefined;
  /** Looks at a path itself, a link not followed; undefined when there is nothing. */
  status(path: string): FileStatus | undefined;
  /** Returns where a symbolic link points, as it is written; undefined when the path is none. */
  readLink(path: string): string | undefined;
  /** Follows all links, never out of the root; undefined when they lead nowhere. */
  resolve(path: string): string | undefined;
  /** Lists the names in a folder, sorted; none when there is no such folder. */
  list(folder: string): string[];
  /** Lists the paths that glob(3) finds: `*`, `?` and `[..]` in any component, links that lead nowhere included. */
  glob(pattern: string): string[];
  /**
   * Runs a command that only looks, never through a shell: in the image where there is one, in English, with
   * no environment but a PATH. Never throws.
   */
  run(argv: readonly string[], options?: RunOptions): Promise<Output>;
  /** Lists the mount points, those of single files included. */
  mounts(): string[];
  /** Whether the file system of a path, or of the folder that would hold it, is mounted read-only. */
  isReadOnly(path: string): boolean;
}

/** The machine, as far as wpam cares. */
export interface Host {
  readonly view: View;
  readonly system: "linux" | "freebsd" | "netbsd" | "openbsd" | "darwin" | "unknown";
  /** What the system calls itself. */
  readonly name: string;
  /** ID of os-release, then the words of ID_LIKE. */
  readonly ids: readonly string[];
  /** Undefined where there is no PAM. */
  readonly library: "linux-pam" | "openpam" | undefined;
  /** Where its libpam looks for a service, in order. */
  readonly serviceFolders: readonly string[];
  /** Where pam_wpam.so belongs; undefined when no libpam was found. */
  readonly moduleFolder: string | undefined;
  /** What to write on the PAM line: the name alone where libpam finds it, else the absolute path. */
  readonly moduleName: string;
  /** Undefined when none is installed. */
  readonly sshd: SshdProgram | undefined;
  readonly service: Service;
  readonly operator: Operator;
  /** Why wpam cannot be installed here at all. */
  readonly obstacles: readonly Obstacle[];
}

/** What stands in the way, in one sentence that ends in the mend. */
export interface Obstacle {
  readonly id: string;
  readonly text: string;
}

/** The sshd that people log in through: the running one, else the one that the system would start. */
export interface SshdProgram {
  readonly path: string;
  readonly version: readonly [major: number, minor: number];
  /** The program that talks to PAM, from 9.8 on. */
  readonly session: string | undefined;
  /** Whether it was built with PAM. */
  readonly pam: boolean;
  /** The main configuration file that it reads. */
  readonly config: string;
  /** Options of its command line that decide what is in force, to be passed again to `-t` and `-T`. */
  readonly options: readonly string[];
  /** Running listeners: the first is this one, the others are other sshds. */
  readonly listeners: readonly Listener[];
}

/** An sshd that waits for connections. */
export interface Listener {
  readonly pid: number;
  readonly argv: readonly string[];
  readonly program: string;
  /** Whether the file on disk is no longer the program that runs. */
  readonly stale: boolean;
  /** Seconds since boot. */
  readonly started: number;
  readonly addresses: readonly (readonly [host: string, port: number])[];
}

/** The person who runs this. */
export interface Operator {
  readonly uid: number;
  /** The login name before sudo or doas. */
  readonly name: string;
  readonly ssh: Login | undefined;
}

/** The ssh login in which we run. Where only the environment tells of one, pid and started are 0. */
export interface Login {
  readonly pid: number;
  /** Seconds since boot. */
  readonly started: number;
  readonly client: string | undefined;
}

/** Who connects from where to what: `sshd -T` lies when one of these is left out. */
export interface Visitor {
  readonly user: string;
  readonly host: string;
  readonly addr: string;
  readonly laddr: string;
  readonly lport: number;
}

/** Why sshd does not accept a configuration, or could not be asked. */
export interface Complaint {
  /** sshd's own line. */
  readonly text: string;
  readonly cause: "configuration" | "privsep-folder" | "host-keys" | "not-root" | "other";
  /** The missing folder, for "privsep-folder". */
  readonly folder?: string;
}

/** Encodes Latin-1 text as the bytes it stands for. */
export function toBytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(text, "latin1"));
}

/** Decodes bytes so that toBytes() gives them back. */
export function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

const PATH = [
  "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin",
  "/run/current-system/sw/bin",
].join(":");
const SECONDS = 20;
const MODULE = "pam_wpam.so";
/** As the kernel has it. */
const LINKS_MAX = 40;

/** Opens the running system, or the image below a folder. Throws a sentence when the folder is no image. */
export function openView(root = ""): View {
  const top = root === "" ? "" : quietly(() => Deno.realPathSync(root))?.replace(/\/$/, "");
  if (top === undefined) {
    throw new Error(`${root} is no folder: name the one that holds the image.`);
  }
  const look = (path: string) => quietly(() => Deno.lstatSync(top + path));
  const readTarget = (path: string) => quietly(() => Deno.readLinkSync(top + path));

  const resolve = (path: string): string | undefined => {
    const open = path.split("/").reverse();
    let at = "";
    for (let links = 0; open.length > 0;) {
      const name = open.pop()!;
      if (name === "" || name === ".") continue;
      const next = name === ".." ? at.replace(/\/[^/]*$/, "") : `${at}/${name}`;
      const target = name === ".." ? undefined : readTarget(next);
      if (target === undefined) {
        at = next;
        continue;
      }
      if (++links > LINKS_MAX) return undefined;
      if (target.startsWith("/")) at = "";
      open.push(...target.split("/").reverse());
    }
    return look(at === "" ? "/" : at) && (at === "" ? "/" : at);
  };

  /** Follows the links of the folder only. */
  const enter = (path: string): string | undefined => {
    const [, folder, name] = /^(.*)\/([^/]+)\/*$/.exec(path) ?? [];
    if (name === undefined || name === "." || name === "..") return resolve(path);
    const inside = resolve(folder === "" ? "/" : folder!);
    return inside && `${inside === "/" ? "" : inside}/${name}`;
  };

  const list = (folder: string): string[] => {
    const inside = resolve(folder);
    const names = inside && quietly(() => [...Deno.readDirSync(top + inside)]);
    return (names || []).map(({ name }) => name).sort();
  };

  const read = (path: string): string | undefined => {
    const inside = resolve(path);
    if (inside === undefined) return undefined;
    if (look(inside)?.isFifo) {
      throw new Error(`${top}${path} is a pipe, and whoever reads it waits for ever: remove it.`);
    }
    try {
      return toText(Deno.readFileSync(top + inside));
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw new Error(`${top}${path} cannot be read${explain(error)}`);
    }
  };

  const status = (path: string): FileStatus | undefined => {
    const inside = enter(path);
    const found = inside && look(inside);
    if (!found) return undefined;
    return {
      kind: found.isFile
        ? "file"
        : found.isDirectory
        ? "folder"
        : found.isSymlink
        ? "link"
        : "other",
      mode: (found.mode ?? 0) & 0o7777,
      uid: found.uid ?? 0,
      gid: found.gid ?? 0,
      size: found.size,
      links: found.nlink ?? 1,
      mtime: (found.mtime?.getTime() ?? 0) / 1000,
      device: found.dev,
      inode: found.ino ?? 0,
    };
  };

  const glob = (pattern: string): string[] => {
    let found = [""];
    for (const part of pattern.split("/").filter((part) => part !== "")) {
      const matches = compileGlob(part);
      found = found.flatMap((folder) =>
        matches === undefined
          ? [`${folder}/${part}`]
          : list(folder === "" ? "/" : folder).filter(matches).map((name) => `${folder}/${name}`)
      );
    }
    return found.filter((path) => path !== "" && status(path) !== undefined).sort();
  };

  return {
    root: top,
    live: top === "",
    read,
    status,
    readLink: (path) => {
      const inside = enter(path);
      return inside && readTarget(inside);
    },
    resolve,
    list,
    glob,
    run: (argv, options) => runCommand(top === "" ? argv : ["chroot", top, ...argv], options),
    mounts: () =>
      readMounts().filter(({ point }) => point.startsWith(`${top}/`))
        .map(({ point }) => point.slice(top.length)),
    isReadOnly: (path) => {
      let at = path;
      while (resolve(at) === undefined) at = at.replace(/\/[^/]*\/*$/, "") || "/";
      const real = top + resolve(at);
      const holds = ({ point }: { point: string }) =>
        real === point || real.startsWith(`${point}/`);
      // Of mounts over the same point the last is seen.
      const mounts = readMounts().filter(holds);
      const longest = Math.max(...mounts.map(({ point }) => point.length));
      return mounts.findLast(({ point }) => point.length === longest)?.readOnly ?? false;
    },
  };
}

/** Lists mount points of the machine, "" for its root, those seen last at the end. */
function readMounts(): { readonly point: string; readonly readOnly: boolean }[] {
  const text = quietly(() => toText(Deno.readFileSync("/proc/self/mountinfo"))) ?? "";
  return text.split("\n").filter((line) => line !== "").map((line) => {
    const words = line.split(" ");
    // The options of the mount, and at the end those of its file system.
    const readOnly = [words[5], words.at(-1)].some((options) => /(^|,)ro(,|$)/.test(options ?? ""));
    const point = words[4]!.replace(
      /\\(\d{3})/g,
      (_, digits) => String.fromCharCode(parseInt(digits, 8)),
    );
    return { point: point === "/" ? "" : point, readOnly };
  });
}

function quietly<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

function isAbsent(error: unknown): boolean {
  // The last is a process that has ended while its folder in /proc was read.
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory ||
    (error instanceof Error && "code" in error && error.code === "ESRCH");
}

function explain(error: unknown): string {
  if (error instanceof Deno.errors.PermissionDenied) return ": run this as root.";
  if (error instanceof Deno.errors.IsADirectory) return ", because it is a folder. Move it away.";
  return ` (${error instanceof Error ? error.message : error}).`;
}

/** Makes the test for one component of a glob pattern; undefined when it has no wildcard. */
function compileGlob(part: string): ((name: string) => boolean) | undefined {
  if (!/[*?[]/.test(part)) return undefined;
  const source = part.replace(
    /\[([!^]?)(\]?[^\]]*)\]|\\?[^]/g,
    (token, not: string | undefined, set: string | undefined) => {
      if (set !== undefined) return `[${not ? "^" : ""}${set.replace(/[\\\]^[]/g, "\\$&")}]`;
      if (token === "*") return ".*";
      return token === "?" ? "." : token.replace(/^\\(?=[^])/, "").replace(/[^\w]/, "\\$&");
    },
  );
  const expression = new RegExp(`^${source}$`, "s");
  return (name) => expression.test(name) && (part.startsWith(".") || !name.startsWith("."));
}

async function runCommand(argv: readonly string[], options: RunOptions = {}): Promise<Output> {
  const [program = "", ...args] = argv;
  const command = new Deno.Command(program, {
    args,
    cwd: "/",
    clearEnv: true,
    env: { PATH, LC_ALL: "C", ...options.env },
    stdin: options.input === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  });
  let child: Deno.ChildProcess;
  try {
    child = command.spawn();
  } catch (error) {
    const err = isAbsent(error) ? `${program} is not installed` : `${program}${explain(error)}`;
    return { code: 127, out: "", err, timedOut: false };
  }
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    quietly(() => child.kill("SIGKILL"));
  }, (options.seconds ?? SECONDS) * 1000);
  try {
    const written = options.input === undefined
      ? undefined
      : new Blob([toBytes(options.input)]).stream().pipeTo(child.stdin).catch(() => {});
    const { code, stdout, stderr } = await child.output();
    await written;
    return { code, out: toText(stdout), err: toText(stderr), timedOut };
  } finally {
    clearTimeout(timer);
  }
}

/** Seconds since boot, on the clock by which the kernel notes when a process began, and which nobody sets. */
export function uptime(): number {
  const text = quietly(() => Deno.readTextFileSync("/proc/uptime"));
  const ours = parseStat(quietly(() => Deno.readTextFileSync("/proc/self/stat")) ?? "");
  if (text === undefined || ours === undefined) return Deno.osUptime();
  // In some containers the first counts from the container's start, the times of processes from the machine's.
  return Math.max(parseFloat(text), ours.started + performance.now() / 1000);
}

/**
 * Looks the machine over, in well under a second; of several sshds, at the one that listens on `port`. Throws a
 * sentence when a file that it needs cannot be read; whatever else is missing or strange is an obstacle.
 */
export async function probeHost(view: View, port = 22): Promise<Host> {
  const { system, name, ids } = await findSystem(view);
  const processes = view.live ? await listProcesses(view, uptime()) : [];
  const listeners = await findListeners(view, processes, port);
  const sshd = findSshd(view, listeners);
  const talker = sshd && readBinary(view, sshd.session ?? sshd.path);
  const pam: PamFolders = system.modules === undefined
    ? findPamFolders(view, talker, system.services)
    : { services: system.services, modules: system.modules.folder, bare: system.modules.bare };
  const moduleName = pam.bare || pam.modules === undefined ? MODULE : `${pam.modules}/${MODULE}`;
  const found = {
    view,
    system: system.system,
    name,
    ids,
    library: system.library,
    serviceFolders: pam.services.filter((folder, index) =>
      index === 0 || view.status(folder) !== undefined
    ),
    moduleFolder: system.library === undefined ? undefined : pam.modules,
    moduleName,
    sshd,
    service: await findService(view, { system: system.system, listeners }),
    operator: await findOperator(),
  };
  return { ...found, obstacles: findObstacle(found) };
}

/** Always of the machine that runs this, whatever is being looked at. */
async function findOperator(): Promise<Operator> {
  const uid = Deno.uid() ?? 0;
  const names = ["SUDO_USER", "DOAS_USER", "LOGNAME", "USER"];
  const name = names.map((variable) => Deno.env.get(variable)).find(Boolean);
  return {
    uid,
    name: name ?? (uid === 0 ? "root" : String(uid)),
    ssh: await findLogin(openView()),
  };
}

/** Finds the ssh login in which a process runs, ours unless told, up through sudo and su. */
export async function findLogin(view: View, pid = Deno.pid): Promise<Login | undefined> {
  const session = findSession(view, await listProcesses(view, uptime()), pid);
  // A screen or tmux has another parent, but keeps the variable.
  const told = Deno.env.get("SSH_CONNECTION");
  if (session !== undefined || told === undefined || pid !== Deno.pid) return session;
  return { pid: 0, started: 0, client: told.split(" ")[0] };
}
