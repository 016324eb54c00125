// Builds whole systems in throw-away folders that can serve as `--root`: from the few files of test/hosts/NAME
// (written for these tests, one trait a tree) or ../shared/hosts/NAME (files as systems ship them).
// Their sshd and libpam are shells that only say what the real ones would; mountPrograms() lends this machine's own
// programs to a tree. Nothing outside the folder is changed. Called by the tests of the installer.

import assert from "node:assert/strict";
import { openView, type View } from "../installer/host.ts";
import { SANDBOX } from "./installed.ts";
import { makeElf } from "./elf.ts";

const OWN = new URL("hosts/", import.meta.url).pathname;
const SHARED = new URL("../../shared/hosts/", import.meta.url).pathname;

/** What the programs of a system say, and which own trees fill in the files that a tree does not have. */
interface Kind {
  readonly like: readonly string[];
  /** As its sshd prints it. */
  readonly openssh: string;
  readonly sshd: string;
  /** What its sshd loads besides libc; undefined where it was built without PAM. */
  readonly libpam: string | undefined;
  /** The program that loads libpam, where it is not sshd. */
  readonly session?: string;
  /** Where libpam is. */
  readonly libraries: string;
  /** Where that libpam looks for modules. */
  readonly modules: string;
  readonly interpreter: string;
  /** Where libpam and sshd look besides /etc. */
  readonly vendor?: { readonly services: string; readonly sshd: string };
  /** Files by which a system is known. */
  readonly marks?: Readonly<Record<string, string>>;
}

const LINUX: Kind = {
  like: ["debian-13"],
  openssh: "9.2p1",
  sshd: "/usr/sbin/sshd",
  libpam: "libpam.so.0",
  libraries: "/usr/lib64",
  modules: "/usr/lib64/security",
  interpreter: "/lib64/ld-linux-x86-64.so.2",
};
const DEBIAN: Kind = {
  ...LINUX,
  libraries: "/usr/lib/x86_64-linux-gnu",
  modules: "/lib/x86_64-linux-gnu/security",
};
const REDHAT: Kind = { ...LINUX, like: ["redhat-9", "redhat-8"] };
const REDHAT_SESSION = "/usr/libexec/openssh/sshd-session";
const SUSE: Kind = { ...LINUX, like: ["suse-15"], modules: "/lib64/security" };
const ARCH: Kind = {
  ...LINUX,
  like: ["arch-2025"],
  openssh: "10.2p1",
  session: "/usr/lib/ssh/sshd-session",
  sshd: "/usr/bin/sshd",
  libraries: "/usr/lib",
  modules: "/usr/lib/security",
};
const ALPINE: Kind = {
  ...LINUX,
  like: ["alpine-pam"],
  openssh: "10.0p2",
  sshd: "/usr/sbin/sshd.pam",
  session: "/usr/lib/ssh/sshd-session.pam",
  libraries: "/usr/lib",
  modules: "/lib/security",
  interpreter: "/lib/ld-musl-x86_64.so.1",
};
const BSD: Kind = {
  ...LINUX,
  like: ["freebsd-15"],
  openssh: "9.9p2",
  libpam: "libpam.so.6",
  libraries: "/usr/lib",
  modules: "/usr/lib",
  interpreter: "/libexec/ld-elf.so.1",
};
const DARWIN: Kind = {
  ...BSD,
  like: [],
  openssh: "9.8p1",
  libpam: "/usr/lib/libpam.2.dylib",
  session: "/usr/libexec/sshd-session",
};

/** By name, the first that fits. */
const KINDS: readonly (readonly [RegExp, Kind])[] = [
  [/^debian-11/, { ...DEBIAN, openssh: "8.4p1" }],
  [/^debian-13/, {
    ...DEBIAN,
    openssh: "10.0p1",
    session: "/usr/lib/openssh/sshd-session",
    modules: "/usr/lib/x86_64-linux-gnu/security",
  }],
  [/^(debian|devuan)/, DEBIAN],
  [/^ubuntu-20/, { ...DEBIAN, openssh: "8.2p1" }],
  [/^ubuntu-22/, { ...DEBIAN, openssh: "8.9p1" }],
  [/^ubuntu/, { ...DEBIAN, openssh: "9.6p1" }],
  [/^(rhel|centos|redhat)-7|^amazon-2$/, { ...REDHAT, like: ["redhat-8"], openssh: "7.4p1" }],
  [/^(?!fedora|amazon).*-8$/, { ...REDHAT, like: ["redhat-8"], openssh: "8.0p1" }],
  [/^fedora-36/, { ...REDHAT, openssh: "8.8p1" }],
  [/^fedora/, { ...REDHAT, openssh: "9.8p1", session: REDHAT_SESSION }],
  [/^rhel-10/, { ...REDHAT, openssh: "9.9p1", session: REDHAT_SESSION }],
  [/^(?!sle).*-9$|^amazon|^authselect/, { ...REDHAT, openssh: "8.7p1" }],
  [/^(suse-16|opensuse-tumbleweed)/, {
    ...SUSE,
    like: ["suse-16", "suse-15"],
    openssh: "10.0p2",
    session: "/usr/libexec/ssh/sshd-session",
    modules: "/usr/lib64/security",
    vendor: { services: "/usr/etc/pam.d", sshd: "/usr/etc/ssh/sshd_config" },
  }],
  [/^(suse|sle|opensuse)/, { ...SUSE, openssh: "9.6p1" }],
  [/^(arch|void)/, ARCH],
  [/^gentoo/, {
    ...ARCH,
    sshd: "/usr/sbin/sshd",
    libraries: "/usr/lib64",
    modules: "/lib64/security",
  }],
  // The default build has no PAM.
  [/^alpine-\d|^alpine-edge/, {
    ...LINUX,
    like: [],
    libpam: undefined,
    interpreter: ALPINE.interpreter,
  }],
  [/^alpine/, ALPINE],
  [/^nixos/, {
    ...LINUX,
    like: [],
    openssh: "10.0p2",
    sshd: "/run/current-system/sw/bin/sshd",
    libraries: "/nix/store/x-linux-pam/lib",
    modules: "/nix/store/x-linux-pam/lib/security",
  }],
  [/^freebsd/, { ...BSD, marks: { "/libexec/ld-elf.so.1": "" } }],
  [/^netbsd/, {
    ...BSD,
    like: [],
    libpam: "libpam.so.4",
    modules: "/usr/lib/security",
    marks: { "/libexec/ld.elf_so": "" },
  }],
  [/^openbsd/, {
    ...BSD,
    like: [],
    libpam: undefined,
    marks: { "/etc/rc.d/rc.subr": "" },
  }],
  [/^macos/, {
    ...DARWIN,
    marks: {
      "/System/Library/CoreServices/SystemVersion.plist":
        "<plist><dict><key>ProductName</key><string>macOS</string>" +
        "<key>ProductVersion</key><string>15.1</string></dict></plist>\n",
    },
  }],
];

/** What /etc/passwd and /etc/group of every tree hold: somebody for sshd, somebody to log in. */
const PASSWD = [
  "root:x:0:0:root:/root:/bin/sh",
  "sshd:x:105:65534::/run/sshd:/usr/sbin/nologin",
  "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin",
  "alice:x:1000:1000::/home/alice:/bin/sh",
].join("\n");
const GROUP = ["root:x:0:", "adm:x:4:", "nogroup:x:65534:", "alice:x:1000:"].join("\n");

/** Lists the trees that makeTree() knows: those of the checkout, then the shared ones, if they are there. */
export function listTrees(): string[] {
  const list = (folder: string) =>
    listFolder(folder).filter((name) => !name.startsWith("authselect"))
      .filter((name) => Deno.statSync(folder + name).isDirectory);
  return [...list(OWN), ...list(SHARED)];
}

/**
 * Builds a system in a new folder and returns that folder; removeTree() takes it away.
 *
 * `name` is one of listTrees(), or a folder of the same form. What it lacks of a whole system (a PAM file that
 * another one includes, an sshd_config, programs) is added.
 */
export function makeTree(name: string): Promise<string> {
  const source =
    [name, OWN + name, SHARED + name].find((folder) =>
      folder.startsWith("/") && exists(`${folder}/.`)
    ) ?? assert.fail(`no tree ${name} in ${OWN} or ${SHARED}`);
  const kind = KINDS.find(([pattern]) => pattern.test(name.replace(/^.*\//, "")))?.[1] ?? DEBIAN;
  const root = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "wpam-tree-" }));
  Deno.chmodSync(root, 0o755);
  for (
    const folder of ["etc/ssh", "etc/pam.d", "run", "dev", "tmp", "root", "var/lib", "var/log"]
  ) {
    Deno.mkdirSync(`${root}/${folder}`, { recursive: true });
  }
  for (const folder of ["bin", "sbin", "lib", "lib64"]) {
    Deno.mkdirSync(`${root}/usr/${folder}`, { recursive: true });
    Deno.symlinkSync(`usr/${folder}`, `${root}/${folder}`);
  }
  write(root, "/etc/passwd", `${PASSWD}\n`);
  write(root, "/etc/group", `${GROUP}\n`);
  write(root, "/etc/shadow", PASSWD.replace(/:x:.*/g, ":*:20000:0:99999:7:::") + "\n", 0o640);

  const files = new Map(listFiles(source));
  const gaps = kind.like.filter((own) => own !== name).flatMap((own) => listFiles(OWN + own));
  const hasConfig = [...files.keys()].some((path) => path.endsWith("/sshd_config"));
  // Where authselect rules, these are links to files that nobody edits.
  const authselect = `${SHARED}authselect-sssd`;
  if (source === SHARED + name && /^(fedora-|.*-(8|9|10)$)/.test(name) && isRedHat(kind)) {
    for (const [path, file] of listFiles(authselect)) {
      const target = path.replace("/etc/pam.d/", "/etc/authselect/");
      write(root, target, Deno.readFileSync(file));
      Deno.symlinkSync(target, root + path);
    }
  }
  for (const [path, file] of gaps) {
    const inVendor = files.has(path.replace(/^\/etc\/pam\.d/, "/usr/lib/pam.d"));
    const wanted = /\/ssh\//.test(path)
      ? !hasConfig
      : /\/pam\.d\//.test(path)
      ? !inVendor && !exists(root + path)
      : path === "/etc/os-release" && kind.marks === undefined;
    if (wanted && !files.has(path)) files.set(path, file);
  }
  for (const [path, file] of files) write(root, path, Deno.readFileSync(file));
  if (isRedHat(kind) && exists(`${root}/etc/ssh/sshd_config.d`)) {
    Deno.chmodSync(`${root}/etc/ssh/sshd_config.d`, 0o700);
    for (const name of listFolder(`${root}/etc/ssh/sshd_config.d`)) {
      Deno.chmodSync(`${root}/etc/ssh/sshd_config.d/${name}`, 0o600);
    }
  }
  writePrograms(root, kind);
  return Promise.resolve(root);
}

function isRedHat(kind: Kind): boolean {
  return kind.like.includes("redhat-8");
}

/** Writes what stands for sshd and libpam: files that say what a real one says, and that nobody can run. */
function writePrograms(root: string, kind: Kind): void {
  const { libpam, session, interpreter } = kind;
  const libc = interpreter.includes("musl") ? "libc.musl-x86_64.so.1" : "libc.so.6";
  const needed = libpam === undefined ? [libc] : [libpam, libc];
  const version = `OpenSSH_${kind.openssh}`;
  const configs = ["/etc/ssh/sshd_config", ...kind.vendor ? [kind.vendor.sshd] : []];
  const runpath = kind.libraries.startsWith("/nix/") ? { runpath: kind.libraries } : {};
  // A library named by its path is how macOS does it, whose programs are no ELF files.
  const makeProgram = (libraries: string[], strings: string[]) =>
    libpam?.startsWith("/")
      ? ["\xcf\xfa\xed\xfe", ...libraries, ...strings, ""].join("\0")
      : makeElf({ interpreter, ...runpath, needed: libraries, strings });
  // Names of old versions, to which sshd is kind, are in every sshd.
  const strings = ["OpenSSH_2*,OpenSSH_3*", "OpenSSH_7.4*", version, ...configs, session ?? ""];
  write(root, kind.sshd, makeProgram(session === undefined ? needed : [libc], strings), 0o755);
  if (session !== undefined) write(root, session, makeProgram(needed, [version]), 0o755);
  if (libpam !== undefined && !libpam.startsWith("/")) {
    const vendor = kind.vendor ? [kind.vendor.services] : [];
    const services = ["/etc/pam.d", "/usr/lib/pam.d", ...vendor].flatMap((it) => [`${it}/%s`, it]);
    write(
      root,
      `${kind.libraries}/${libpam}`,
      makeElf({ strings: [...services, `${kind.modules}/`] }),
    );
    write(root, `${kind.modules}/pam_unix.so`, makeElf({ needed: [libpam] }));
  }
  for (const [path, text] of Object.entries(kind.marks ?? {})) write(root, path, text);
}

/** Lists the files of a tree's folder: where each belongs, and where it is. */
function listFiles(folder: string): [path: string, file: string][] {
  return listFolder(folder).flatMap((name): [string, string][] => {
    const file = `${folder}/${name}`;
    if (name === "sshd_config.d") {
      return listFolder(file).map((part) => [`/etc/ssh/sshd_config.d/${part}`, `${file}/${part}`]);
    }
    const path = placeFile(name);
    return path === undefined ? [] : [[path, file]];
  });
}

/** Where the file of a tree belongs, by its name; undefined for what is no file of the system. */
function placeFile(name: string): string | undefined {
  if (name === "os-release" || name === "login.conf" || name === "rc.conf") return `/etc/${name}`;
  if (name === "sshd_config") return "/etc/ssh/sshd_config";
  if (name === "ssh.plist") return "/System/Library/LaunchDaemons/ssh.plist";
  if (/\.(service|socket)$/.test(name)) return `/usr/lib/systemd/system/${name}`;
  const [, folder, rest] =
    /^(pam\.d|default|sysconfig|conf\.d|pam-configs|crypto-policies|usr-lib-pam\.d|usr-etc-ssh)-(.+)$/
      .exec(name) ?? [];
  switch (folder) {
    case undefined:
      return undefined;
    case "pam-configs":
      return `/usr/share/pam-configs/${rest}`;
    case "crypto-policies":
      return `/etc/crypto-policies/back-ends/${rest}`;
    case "usr-lib-pam.d":
      return `/usr/lib/pam.d/${rest}`;
    case "usr-etc-ssh":
      return `/usr/etc/ssh/${rest!.replace("sshd_config.d-", "sshd_config.d/")}`;
    default:
      return `/etc/${folder}/${rest}`;
  }
}

/**
 * Lends a tree this machine's own sshd, shell and libraries, read-only, and modules, users, devices and a host key
 * that are the tree's own: then its sshd can be asked by chroot. Returns false where that is impossible, which
 * is everywhere but inside test/sandbox.sh.
 */
export async function mountPrograms(root: string): Promise<boolean> {
  if (!SANDBOX) return false;
  const libraries = listFolder("/usr/lib").filter((name) =>
    exists(`/usr/lib/${name}/libpam.so.0`) || name === "openssh"
  ).map((name) => `/usr/lib/${name}`);
  for (const folder of ["/usr/bin", "/usr/sbin", "/usr/lib64", "/usr/libexec", ...libraries]) {
    if (!exists(folder)) continue;
    Deno.mkdirSync(root + folder, { recursive: true });
    await run("mount", "--bind", folder, root + folder);
    await run("mount", "-o", "remount,bind,ro", root + folder);
    const modules = `${folder}/security`;
    if (!exists(modules)) continue;
    await run("mount", "-t", "tmpfs", "tmpfs", root + modules);
    await run("cp", "-a", `${modules}/.`, root + modules);
  }
  for (const device of ["null", "zero", "random", "urandom", "tty"]) {
    await run("cp", "-a", `/dev/${device}`, `${root}/dev`);
  }
  Deno.mkdirSync(`${root}/run/sshd`, { mode: 0o755 });
  write(root, "/etc/ssh/ssh_host_ed25519_key", Deno.readFileSync("/run/wpam-test/host_key"), 0o600);
  return true;
}

/**
 * Opens a tree as if it were the running system, with commands that answer what a test says; of those for which
 * it says nothing, there is no program.
 */
export function openAsRunning(
  root: string,
  answer: (command: string) => string | undefined = () => undefined,
): View {
  return {
    ...openView(root),
    live: true,
    run: (argv) => {
      const out = answer(argv.join(" "));
      return Promise.resolve(
        out === undefined
          ? { code: 127, out: "", err: `${argv[0]} is not installed`, timedOut: false }
          : { code: 0, out, err: "", timedOut: false },
      );
    },
  };
}

/** Removes a tree, what mountPrograms() lent it first. */
export async function removeTree(root: string): Promise<void> {
  const points = Deno.readTextFileSync("/proc/self/mountinfo").split("\n")
    .map((line) => line.split(" ")[4] ?? "").filter((point) => point.startsWith(`${root}/`));
  for (const point of points.toReversed()) await run("umount", point);
  await Deno.remove(root, { recursive: true });
}

function write(root: string, path: string, content: string | Uint8Array, mode = 0o644): void {
  const file = root + path;
  Deno.mkdirSync(file.slice(0, file.lastIndexOf("/")), { recursive: true });
  Deno.writeFileSync(
    file,
    typeof content === "string" ? new TextEncoder().encode(content) : content,
  );
  Deno.chmodSync(file, mode);
}

async function run(program: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args }).output();
  assert.ok(success, `${program} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

function listFolder(folder: string): string[] {
  return exists(folder) ? [...Deno.readDirSync(folder)].map(({ name }) => name).sort() : [];
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
