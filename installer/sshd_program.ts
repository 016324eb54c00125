/**
 * The sshd of a machine: which program it is, what it was built with, which options it runs with, and what it
 * says of a configuration.
 *
 * What the program is comes from its file, so an image's is known too; only asking it runs it, and that starts
 * no server. Called by host.ts.
 */
import { type Effective, parseEffective } from "./effective.ts";
import { type Elf, readElf } from "./elf.ts";
import type { Complaint, Host, Listener, Output, SshdProgram, View, Visitor } from "./host.ts";
import { type Option, parseOptions, readCommandLine } from "./processes.ts";

/** A program's file, as far as it tells what the program does. */
export interface Binary {
  readonly path: string;
  readonly text: string;
  /** Undefined for other formats, such as those of macOS. */
  readonly elf: Elf | undefined;
}

/** Where distributions put it; all but one also start it from there. */
const PROGRAMS = [
  "/usr/sbin/sshd",
  "/usr/bin/sshd",
  "/usr/local/sbin/sshd",
  "/run/current-system/sw/bin/sshd",
  "/usr/sbin/sshd.pam",
];
/** Where an administrator sets what the service passes on, and under which name. */
const OPTION_FILES = [
  ["/etc/default/ssh", "SSHD_OPTS"],
  ["/etc/sysconfig/sshd", "OPTIONS"],
  ["/etc/sysconfig/ssh", "SSHD_OPTS"],
  ["/etc/conf.d/sshd", "command_args"],
  ["/etc/conf.d/sshd", "SSHD_OPTS"],
  ["/etc/rc.conf", "sshd_flags"],
] as const;
const OPENRC = "/etc/conf.d/sshd";
const MAIN = "/etc/ssh/sshd_config";
/** Options that decide what is in force, and change nothing else when sshd is asked. */
const KEPT = "46cghop";

/** Finds the sshd that people log in through: the running one, else the one that the system would start. */
export function findSshd(view: View, listeners: readonly Listener[]): SshdProgram | undefined {
  const [listener] = listeners;
  const chosen = ["command", "SSHD_BINARY"].map((name) => readVariable(view, OPENRC, name));
  const path = [listener?.program, ...chosen, ...PROGRAMS].find((candidate) =>
    candidate?.startsWith("/") && view.resolve(candidate) !== undefined
  );
  if (path === undefined) return undefined;
  const { text } = readBinary(view, path);
  const session = /(\/[\w.+\/-]+\/sshd-session[\w.-]*)\0/.exec(text)?.[1];
  const options = listener === undefined
    ? readOptions(view)
    : readCommandLine(listener.argv)?.options ?? [];
  return {
    path,
    version: readVersion(text),
    session,
    pam: usesPam(readBinary(view, session ?? path)),
    config: findConfig(view, text, options),
    options: options.filter(([flag]) => KEPT.includes(flag)).flatMap(([flag, value]) =>
      value === undefined ? [`-${flag}`] : [`-${flag}`, value]
    ),
    listeners,
  };
}

/** Reads a program or a library; an absent one is empty. */
export function readBinary(view: View, path: string): Binary {
  const text = view.read(path) ?? "";
  return { path, text, elf: readElf(text) };
}

/** Names the libpam that a program loads; undefined when it was built without PAM. */
export function nameLibpam({ elf, text }: Binary): string | undefined {
  return elf === undefined
    ? /\/[\w.\/-]*\/libpam\.[\w.]+/.exec(text)?.[0]
    : elf.needed.find((name) => name.startsWith("libpam."));
}

function usesPam(binary: Binary): boolean {
  return nameLibpam(binary) !== undefined;
}

/** Reads OpenSSH's version, which is 0.0 where the program is something else. */
function readVersion(text: string): readonly [number, number] {
  // With a star they are patterns for the names of peers.
  const [, major, minor] = /OpenSSH_(\d+)\.(\d+)(?:p\d+)?[ \0,-]/.exec(text) ?? [];
  return [Number(major ?? 0), Number(minor ?? 0)];
}

function findConfig(view: View, text: string, options: readonly Option[]): string {
  const told = options.findLast(([flag]) => flag === "f")?.[1] ??
    readVariable(view, OPENRC, "cfgfile");
  if (told !== undefined) return told;
  const compiled = [...text.matchAll(/(\/[\w.+\/-]*\/sshd_config)\0/g)].map(([, path]) => path!);
  // The vendor's file counts only while there is no other.
  const isVendor = (path: string) => path.startsWith("/usr/etc/");
  const candidates = [
    ...compiled.filter((path) => !isVendor(path)),
    ...compiled.filter(isVendor),
    MAIN,
    `/usr${MAIN}`,
  ];
  return candidates.find((path) => view.status(path) !== undefined) ?? candidates[0]!;
}

function readOptions(view: View): Option[] {
  const values = OPTION_FILES.map(([file, name]) => readVariable(view, file, name));
  const words = values.find((value) => value !== undefined)?.split(/\s+/) ?? [];
  return parseOptions(words.filter((word) => word !== ""));
}

/** Reads a variable of a file of shell assignments; the last one wins. */
function readVariable(view: View, file: string, name: string): string | undefined {
  const lines = (view.read(file) ?? "").matchAll(
    /^[ \t]*(?:export[ \t]+)?(\w+)=(?:"([^"]*)"|'([^']*)'|([^\s#]*))/gm,
  );
  const found = [...lines].findLast(([, key]) => key === name);
  return found?.slice(2).find((value) => value !== undefined && value !== "");
}

/** Asks what is in force for one connection, with the options of the running sshd; `config` is another main file. */
export async function askSshd(
  host: Host,
  visitor: Visitor,
  config?: string,
): Promise<Effective | Complaint> {
  const { user, host: name, addr, laddr, lport } = visitor;
  const connection = `user=${user},host=${name},addr=${addr},laddr=${laddr},lport=${lport}`;
  const output = await runSshd(host, ["-T", "-C", connection], config);
  return "text" in output ? output : parseEffective(output.out);
}

/** Asks sshd whether it accepts its configuration, or another main file; undefined when it does. */
export async function testSshd(host: Host, config?: string): Promise<Complaint | undefined> {
  const output = await runSshd(host, ["-t"], config);
  return "text" in output ? output : undefined;
}

async function runSshd(
  { view, sshd, operator }: Host,
  args: readonly string[],
  config: string | undefined,
): Promise<Output | Complaint> {
  if (sshd === undefined) return { text: "there is no sshd to ask", cause: "other" };
  const main = ["-f", config ?? sshd.config];
  const output = await view.run([sshd.path, ...sshd.options, ...main, ...args]);
  return output.code === 0 ? output : explainRefusal(output, operator.uid === 0, sshd.path);
}

/** By the line that sshd writes, the first that fits. */
const CAUSES: readonly (readonly [RegExp, Complaint["cause"]])[] = [
  [/Missing privilege separation directory: (.+)/, "privsep-folder"],
  [/Permission denied/, "not-root"],
  [/no hostkeys available/, "host-keys"],
  [/ line \d+|Bad configuration|^Directive |bad configuration options/i, "configuration"],
  [/No such file or directory$/, "configuration"],
];

function explainRefusal(output: Output, isRoot: boolean, path: string): Complaint {
  const lines = output.err.split(/\r?\n/).filter((line) => line !== "");
  if (output.timedOut) return { text: `${path} did not answer`, cause: "other" };
  // These are chroot's and the shell's codes for a program that could not be started.
  if (output.code >= 125 && output.code <= 127) {
    const reason = lines.at(-1) ?? `exit code ${output.code}`;
    return { text: `${path} could not be asked: ${reason}`, cause: "other" };
  }
  for (const [pattern, cause] of CAUSES) {
    const text = lines.find((line) => pattern.test(line));
    if (text === undefined || (cause === "not-root" && isRoot)) continue;
    const folder = cause === "privsep-folder" ? pattern.exec(text)![1]! : undefined;
    return { text, cause, ...folder === undefined ? {} : { folder } };
  }
  return { text: lines.at(-1) ?? `${path} ended with ${output.code}`, cause: "other" };
}
