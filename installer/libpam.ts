/**
 * The libpam that sshd loads, and where it looks for services and modules.
 *
 * The folders are compiled into the library, so they are read from its file; it runs nothing. Called by host.ts.
 */
import { type Elf, readElf } from "./elf.ts";
import type { View } from "./host.ts";
import { type Binary, nameLibpam, readBinary } from "./sshd_program.ts";

/** Where PAM finds what. */
export interface PamFolders {
  readonly services: readonly string[];
  /** Undefined when no folder with PAM's own modules was found. */
  readonly modules: string | undefined;
  /** Whether libpam looks in `modules` by itself. */
  readonly bare: boolean;
}

/** A module that every Linux-PAM has. */
const PROBE = "pam_unix.so";
const OURS = "pam_wpam.so";
/** Where distributions have put modules, for a libpam that does not tell. */
const USUAL = ["/usr/lib64", "/lib64", "/usr/lib/*", "/lib/*", "/usr/lib", "/lib"];
/** Where a module goes when the folder of the others cannot be written. */
const OWN = "/usr/local/lib/security";

/** Finds the folders of the libpam that a program loads; `services` are for a libpam that does not tell. */
export function findPamFolders(
  view: View,
  program: Binary | undefined,
  services: readonly string[],
): PamFolders {
  const library = program && findLibrary(view, program);
  const text = library === undefined ? "" : readBinary(view, library).text;
  const list = (pattern: RegExp) => [...new Set([...text.matchAll(pattern)].map(([, it]) => it!))];
  const hasModules = (folder: string) => view.resolve(`${folder}/${PROBE}`) !== undefined;
  // The compiled-in default ends in a slash; what does not is where old packages have put theirs.
  const compiled = [
    ...list(/(\/[\w.+\/-]+\/security)\/\0/g),
    ...list(/(\/[\w.+\/-]+\/security)\0/g),
  ];
  const told = list(/(\/[\w.+\/-]*\/pam\.d)(?:\/%s)?\0/g);
  // A vendor's folder comes last, wherever the compiler has put its name.
  const others = told.filter((folder) => !services.includes(folder));
  const known = compiled.find(hasModules);
  const usual = USUAL.flatMap((folder) => view.glob(`${folder}/security`)).find(hasModules);
  const found = known ?? usual;
  const sealed = found !== undefined && view.isReadOnly(found) &&
    view.status(`${found}/${OURS}`) === undefined && !view.isReadOnly(OWN);
  return {
    services: told.length === 0
      ? services
      : [...services.filter((folder) => told.includes(folder)), ...others],
    modules: sealed ? OWN : found,
    bare: !sealed && found === known,
  };
}

/** Finds the file of the libpam that a program loads, as the dynamic loader would. */
function findLibrary(view: View, program: Binary): string | undefined {
  const { elf, path } = program;
  const name = nameLibpam(program);
  if (name === undefined || elf === undefined) return undefined;
  const origin = path.slice(0, path.lastIndexOf("/"));
  const folders = [
    ...elf.searched.map((folder) => folder.replace(/\$(ORIGIN|\{ORIGIN\})/g, origin)),
    ...elf.interpreter?.includes("musl") ? readMuslPath(view) : readLoaderPath(view),
    ...USUAL.flatMap((folder) => view.glob(folder)),
  ];
  return folders.map((folder) => `${folder}/${name}`).find((candidate) => {
    const other = readElf(view.read(candidate) ?? "");
    return other !== undefined && isSameMachine(other, elf);
  });
}

function isSameMachine(one: Elf, other: Elf): boolean {
  return one.bits === other.bits && one.machine === other.machine;
}

/** Reads the folders of /etc/ld.so.conf and of what it includes. */
function readLoaderPath(view: View, path = "/etc/ld.so.conf"): string[] {
  return (view.read(path) ?? "").split("\n").flatMap((raw) => {
    const line = raw.replace(/#.*/, "").trim();
    const pattern = /^include\s+(\S+)$/.exec(line)?.[1];
    if (pattern === undefined) return line.startsWith("/") ? [line] : [];
    return view.glob(pattern.startsWith("/") ? pattern : `/etc/${pattern}`)
      .filter((file) => file !== path).flatMap((file) => readLoaderPath(view, file));
  });
}

function readMuslPath(view: View): string[] {
  const [file] = view.glob("/etc/ld-musl-*.path");
  const text = file === undefined ? "/lib:/usr/local/lib:/usr/lib" : view.read(file) ?? "";
  return text.split(/[:\n]/).filter((folder) => folder.startsWith("/"));
}
