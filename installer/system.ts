/**
 * Which system a machine or an image runs, and what its name alone decides.
 *
 * It reads os-release and asks uname; what can be probed is not here. Called by host.ts.
 */
import type { Host, View } from "./host.ts";

/** What is the same on all machines of a system. */
export interface System {
  readonly system: Host["system"];
  /** As `uname -s` has it. */
  readonly uname: string;
  /** A file by which an image is known. */
  readonly mark?: string;
  readonly library: Host["library"];
  /** Where libpam looks for a service, if nothing better is found. */
  readonly services: readonly string[];
  /** Where modules of others go; on Linux libpam tells. */
  readonly modules?: { readonly folder: string; readonly bare: boolean };
}

/** Who a machine says it is. */
export interface Identity {
  readonly system: System;
  readonly name: string;
  readonly ids: readonly string[];
}

const OPENPAM = {
  library: "openpam",
  services: ["/etc/pam.d", "/usr/local/etc/pam.d"],
} as const;
const LINUX: System = {
  system: "linux",
  uname: "Linux",
  library: "linux-pam",
  services: ["/etc/pam.d", "/usr/lib/pam.d"],
};
const SYSTEMS: readonly System[] = [
  LINUX,
  {
    ...OPENPAM,
    system: "freebsd",
    uname: "FreeBSD",
    mark: "/libexec/ld-elf.so.1",
    modules: { folder: "/usr/local/lib", bare: true },
  },
  {
    ...OPENPAM,
    system: "netbsd",
    uname: "NetBSD",
    mark: "/libexec/ld.elf_so",
    modules: { folder: "/usr/lib/security", bare: true },
  },
  {
    system: "openbsd",
    uname: "OpenBSD",
    mark: "/etc/rc.d/rc.subr",
    library: undefined,
    services: [],
  },
  {
    ...OPENPAM,
    system: "darwin",
    uname: "Darwin",
    mark: "/System/Library/CoreServices/SystemVersion.plist",
    // The folder of the system's own modules is sealed.
    modules: { folder: "/usr/local/lib/pam", bare: false },
  },
];

/** Finds out which system this is; an image without any mark counts as Linux. */
export async function findSystem(view: View): Promise<Identity> {
  const [kernel, release] = view.live
    ? (await view.run(["uname", "-sr"])).out.trim().split(" ")
    : [];
  const system = view.live
    ? SYSTEMS.find(({ uname }) => uname === kernel) ?? { ...UNKNOWN, uname: kernel ?? "" }
    : SYSTEMS.find(({ mark }) => mark !== undefined && view.status(mark) !== undefined) ?? LINUX;
  const facts = readOsRelease(view);
  const plain = release === undefined ? system.uname : `${system.uname} ${release}`;
  return {
    system,
    name: facts.get("PRETTY_NAME") ?? facts.get("NAME") ?? readMacName(view) ?? plain,
    ids: [facts.get("ID") ?? system.system, ...(facts.get("ID_LIKE") ?? "").split(/\s+/)]
      .filter((id) => id !== ""),
  };
}

const UNKNOWN = { system: "unknown", library: undefined, services: [] } as const;

function readOsRelease(view: View): Map<string, string> {
  const text = view.read("/etc/os-release") ?? view.read("/usr/lib/os-release") ?? "";
  const lines = text.matchAll(/^(\w+)=(?:"((?:\\.|[^"\\])*)"|'([^']*)'|(.*?))[ \t\r]*$/gm);
  return new Map([...lines].map(([, key, double, single, bare]) => [
    key!,
    double?.replace(/\\(.)/g, "$1") ?? single ?? bare ?? "",
  ]));
}

function readMacName(view: View): string | undefined {
  const text = view.read("/System/Library/CoreServices/SystemVersion.plist") ?? "";
  const find = (key: string) => new RegExp(`<key>${key}</key>\\s*<string>([^<]*)<`).exec(text)?.[1];
  const name = find("ProductName");
  return name && `${name} ${find("ProductVersion")}`;
}
