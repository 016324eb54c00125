/**
 * The processes of a machine as wpam needs them: the sshds that listen, and the ssh login in which we run.
 *
 * It reads /proc, or asks ps and sockstat where there is none, and never signals anybody. Called by host.ts.
 */
import type { Listener, Login, View } from "./host.ts";

/** A process, as far as everybody may see it. */
export interface Process {
  readonly pid: number;
  readonly parent: number;
  /** Of the program, at most 15 characters on Linux. */
  readonly name: string;
  /** Its arguments, or one text where sshd has written a title over them. */
  readonly argv: readonly string[];
  /** Seconds since boot. */
  readonly started: number;
}

/** One option of a command line; undefined where it takes no value. */
export type Option = readonly [flag: string, value: string | undefined];

/** As Linux counts in /proc, on every machine. */
const TICKS = 100;
/** sshd's options that take a value, in all versions. */
const WITH_VALUE = "bCcEfghkopu";
/** Options with which an sshd does not listen. */
const NO_LISTENER = "RiTtGQV";
const SSHD = /^sshd(?!-keygen)/;
/** The state of a listening socket in /proc/net/tcp. */
const LISTEN = "0A";

/** Lists all processes; `uptime` is in seconds. */
export async function listProcesses(view: View, uptime: number): Promise<Process[]> {
  const pids = view.list("/proc").filter((name) => /^\d+$/.test(name));
  if (pids.length > 0) return pids.flatMap((pid) => readProcess(view, pid) ?? []);
  const columns = ["pid", "ppid", "etime", "command"].flatMap((column) => ["-o", `${column}=`]);
  const { out } = await view.run(["ps", "-axww", ...columns]);
  return out.split("\n").flatMap((line) => parsePs(line, uptime) ?? []);
}

/** Reads /proc/PID/stat; `started` is in seconds since boot. Undefined when it is none. */
export function parseStat(text: string): Pick<Process, "name" | "parent" | "started"> | undefined {
  // The name is whatever the process likes, brackets and blanks included.
  const [, name, rest] = /^\d+ \(([^]*)\) ([^)]*)$/.exec(text) ?? [];
  if (name === undefined) return undefined;
  const fields = rest!.split(" ");
  return { name, parent: Number(fields[1]), started: Number(fields[19]) / TICKS };
}

function readProcess(view: View, pid: string): Process | undefined {
  const stat = parseStat(view.read(`/proc/${pid}/stat`) ?? "");
  if (stat === undefined) return undefined;
  const { name } = stat;
  const argv = SSHD.test(name) ? view.read(`/proc/${pid}/cmdline`) ?? "" : "";
  return {
    ...stat,
    pid: Number(pid),
    argv: argv.replace(/\0+$/, "").split("\0"),
  };
}

function parsePs(line: string, uptime: number): Process | undefined {
  const [, pid, parent, days, hours, minutes, seconds, command] =
    /^\s*(\d+)\s+(\d+)\s+(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+)(?:\.\d+)?\s+(.+)$/.exec(line) ?? [];
  if (command === undefined) return undefined;
  const age = ((Number(days ?? 0) * 24 + Number(hours ?? 0)) * 60 + Number(minutes)) * 60 +
    Number(seconds);
  const name = /^[^\s:]+/.exec(command)?.[0].replace(/^.*\//, "") ?? "";
  return {
    pid: Number(pid),
    parent: Number(parent),
    name,
    argv: [command],
    started: Math.max(0, uptime - age),
  };
}

/**
 * Reads the command line with which a listening sshd was started; undefined for every other process.
 *
 * Newer sshds write theirs, joined by blanks, into their title: there a value may fall into several words.
 */
export function readCommandLine(
  argv: readonly string[],
): { readonly program: string; readonly options: readonly Option[] } | undefined {
  const whole = argv.join(" ");
  const title = /^sshd: (.*?) \[listener\]/.exec(whole)?.[1];
  const [program = "", ...words] = title?.split(" ") ?? (argv.length > 1 ? argv : whole.split(" "));
  if (!/^\/.*\/sshd[^/]*$/.test(program)) return undefined;
  const options = parseOptions(words);
  return options.some(([flag]) => NO_LISTENER.includes(flag)) ? undefined : { program, options };
}

/** Cuts sshd's options as getopt(3) does; a word that belongs to none is the rest of the value before it. */
export function parseOptions(words: readonly string[]): Option[] {
  const options: [string, string | undefined][] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    if (!/^-[^-]/.test(word)) {
      const last = options.at(-1);
      if (last?.[1] !== undefined && word !== "") last[1] += ` ${word}`;
      continue;
    }
    for (let letter = 1; letter < word.length; letter++) {
      const flag = word[letter]!;
      const takes = WITH_VALUE.includes(flag);
      options.push([flag, takes ? word.slice(letter + 1) || words[++at] || "" : undefined]);
      if (takes) break;
    }
  }
  return options;
}

/** Finds the sshds that listen on this machine, those of containers left out; the one on `port` first. */
export async function findListeners(
  view: View,
  processes: readonly Process[],
  port: number,
): Promise<Listener[]> {
  const rank = ({ addresses }: Listener) => addresses.some(([, each]) => each === port) ? 0 : 1;
  const found = processes.flatMap(({ pid, name, argv, started }) => {
    const line = SSHD.test(name) ? readCommandLine(argv) : undefined;
    return line === undefined || isElsewhere(view, pid) ? [] : [{ pid, argv, started, line }];
  });
  const hasProc = view.status("/proc/self/stat") !== undefined;
  const { out } = found.length === 0 || hasProc ? { out: "" } : await view.run(["sockstat", "-l"]);
  return found.flatMap(({ pid, argv, started, line }) => {
    const exe = view.readLink(`/proc/${pid}/exe`);
    const addresses = hasProc ? readAddresses(view, pid) : parseSockstat(out, pid);
    // What listens nowhere, and has not said that it does, is an sshd at work on something else.
    if (addresses?.length === 0 && !argv[0]!.includes("[listener]")) return [];
    return [{
      pid,
      argv,
      program: exe?.replace(/ \(deleted\)$/, "") ?? line.program,
      stale: exe?.endsWith(" (deleted)") ?? false,
      started,
      addresses: addresses ?? [],
    }];
  }).sort((a, b) => rank(a) - rank(b) || a.started - b.started);
}

function isElsewhere(view: View, pid: number): boolean {
  const ours = view.readLink("/proc/self/ns/pid");
  const theirs = view.readLink(`/proc/${pid}/ns/pid`);
  return (theirs !== undefined && theirs !== ours) ||
    (view.readLink(`/proc/${pid}/root`) ?? "/") !== "/";
}

/** Reads where a process listens; undefined where we may not see that. */
function readAddresses(view: View, pid: number): [string, number][] | undefined {
  const descriptors = view.list(`/proc/${pid}/fd`);
  if (descriptors.length === 0) return undefined;
  const inodes = descriptors.map((name) => view.readLink(`/proc/${pid}/fd/${name}`) ?? "")
    .flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []);
  return ["tcp", "tcp6"].flatMap((table) =>
    (view.read(`/proc/${pid}/net/${table}`) ?? "").split("\n").slice(1).flatMap(
      (line): [string, number][] => {
        const [, local, , state, , , , , , inode = ""] = line.trim().split(/\s+/);
        if (state !== LISTEN || !inodes.includes(inode)) return [];
        const [address = "", port = ""] = local!.split(":");
        return [[readAddress(address), parseInt(port, 16)]];
      },
    )
  );
}

/** Reads an address of /proc/net/tcp, where each 32 bits are a little-endian number. */
function readAddress(hex: string): string {
  const bytes = hex.replace(/(..)(..)(..)(..)/g, "$4$3$2$1");
  if (bytes.length === 8) return bytes.match(/../g)!.map((byte) => parseInt(byte, 16)).join(".");
  const address = bytes.match(/..../g)?.join(":") ?? "";
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}

function parseSockstat(text: string, pid: number): [string, number][] {
  return text.split("\n").flatMap((line): [string, number][] => {
    const [, , owner, , protocol = "", local = ""] = line.trim().split(/\s+/);
    const [, host, port] = /^(.*)[.:](\d+)$/.exec(local) ?? [];
    if (Number(owner) !== pid || !protocol.startsWith("tcp") || host === undefined) return [];
    const any = protocol.includes("6") ? "::" : "0.0.0.0";
    return [[host === "*" ? any : host, Number(port)]];
  });
}

/**
 * Finds the ssh login to which a process belongs, up through sudo and su, but not out of a screen or tmux.
 *
 * The start is that of the connection: logins that share one share it too.
 */
export function findSession(
  view: View,
  processes: readonly Process[],
  pid: number,
): Login | undefined {
  const byPid = new Map(processes.map((each) => [each.pid, each]));
  let below = pid;
  let session: Process | undefined;
  for (let at = byPid.get(pid); at !== undefined; at = byPid.get(at.parent)) {
    if (SSHD.test(at.name)) {
      if (readCommandLine(at.argv) !== undefined) break;
      session = at;
    } else if (session === undefined) below = at.pid;
    if (at.parent === at.pid) break;
  }
  if (session === undefined) return undefined;
  const environment = attempt(() => view.read(`/proc/${below}/environ`)) ?? "";
  const client = /(?:^|\0)SSH_CONNECTION=(\S+)/.exec(environment)?.[1];
  return { pid: session.pid, started: session.started, client };
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
