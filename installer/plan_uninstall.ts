/**
 * The plan of `wpam uninstall`: what is ours on this host, and the steps that take it back.
 *
 * It only looks and computes. What others have written stays, later edits of our files too; where our own
 * lines were edited it refuses, unless it is forced. Called by uninstall.ts.
 */
import type { Host } from "./host.ts";
import { INSTALLED } from "./installed.ts";
import { OFFLINE } from "./our_lines.ts";
import { nameModule, parsePamFile, removeModule } from "./pam_file.ts";
import { canLogIn, CONF, LOG, makeReload, USER } from "./plan.ts";
import { findService, isVendor, listServices, readSshd } from "./sources.ts";
import { type Edit, removeFromSshdConfig } from "./sshd_edit.ts";
import { selectOpen, type Step } from "./steps.ts";

/** What is to be done, in order: first what sshd and PAM read, the module after them. */
export interface UninstallPlan {
  readonly steps: readonly Step[];
  /** Copies of what is taken out by force, to be made before them. */
  readonly copies: readonly Step[];
  /** What `--purge` removes after them. */
  readonly purge: readonly Step[];
  readonly notes: readonly string[];
}

/** What to go by. */
export interface UninstallWishes {
  readonly purge: boolean;
  readonly force: boolean;
  /** Files and folders that `wpam install` made. */
  readonly created: readonly string[];
  /** The folder for copies of files whose edited lines are taken out by force. */
  readonly backup: string;
  /** The folder of this wpam's own files. */
  readonly home: string;
}

const MARKER = /^[ \t]*#[ \t]*wpam:[ \t]*(begin|end)\b.*\n?/gim;
const BLOCK =
  /^[ \t]*#[ \t]*wpam:[ \t]*begin\b[^\n]*\n([^]*?)^[ \t]*#[ \t]*wpam:[ \t]*end\b[^\n]*\n?/gim;

/** Plans the way back. Refusals are sentences; there are none when it is forced. */
export function planUninstall(
  host: Host,
  wishes: UninstallWishes,
): UninstallPlan | { readonly reasons: readonly string[] } {
  const { view } = host;
  const reasons: string[] = [];
  const copies: Step[] = [];
  const notes: string[] = [];
  const edit = (path: string, before: string, after: string | undefined, title: string): Step => ({
    kind: "file",
    path,
    before,
    after: dropCopy(host, path, after, wishes.created),
    mode: view.status(path)?.mode ?? 0o644,
    title,
  });

  const pamSteps: Step[] = [];
  const foreign: string[] = [];
  for (const service of listServices(host)) {
    const found = findService(host, service);
    const path = found && !isVendor(found) ? view.resolve(found) : undefined;
    const before = path && view.read(path);
    if (path === undefined || !before?.includes("wpam")) continue;
    const removed = removeModule(before);
    let after = "text" in removed ? removed.text : before;
    if ("refusal" in removed) {
      if (wishes.force) {
        after = forcePam(before);
        copies.push(keepCopy(path, before, wishes));
      } else reasons.push(`${path}: ${removed.refusal}, or use --force.`);
    }
    if (after !== before) {
      pamSteps.push(edit(path, before, after, `Let ${service} log in without Werbot`));
    }
    foreign.push(...listOurRules(path, after));
  }

  const sshd = planSshd(host, wishes, copies);
  if ("reason" in sshd) reasons.push(sshd.reason);
  if (reasons.length > 0) return { reasons };
  const edits = "edits" in sshd && foreign.length === 0 ? sshd.edits : [];

  if (foreign.length > 0) {
    notes.push(
      `${
        foreign.join(" and ")
      } runs pam_wpam.so and is not ours: the module, its settings and its user stay, or nobody could log in there.`,
    );
  }
  const steps: Step[] = [
    ...pamSteps,
    ...edits.map(({ path, before, after }) =>
      edit(path, before ?? "", after, "Take wpam's settings of sshd back")
    ),
    ...edits.length > 0 ? makeReload(host) : [],
    ...foreign.length > 0 ? [] : removeModuleFile(host, wishes.home),
    ...removeFiles(host, [INSTALLED], "Forget the installation"),
  ];
  steps.push(...removeFolders(host, wishes.created, steps));
  const purge = wishes.purge && foreign.length === 0 ? planPurge(host) : [];
  if (wishes.purge && view.list("/etc/wpam").some((name) => name !== "wpam.conf")) {
    notes.push("/etc/wpam stays: there is more in it than wpam.conf.");
  }
  const title = "Make the folder for copies";
  const folders = [wishes.backup.slice(0, wishes.backup.lastIndexOf("/")), wishes.backup]
    .map((path): Step => ({ kind: "folder", path, mode: 0o700, title }));
  if (copies.length > 0) copies.unshift(...selectOpen(folders, view));
  return { steps: selectOpen(steps, view), copies, purge: selectOpen(purge, view), notes };
}

/** Plans sshd's part; a configuration that is gone, or broken elsewhere, is no obstacle. */
function planSshd(
  host: Host,
  wishes: UninstallWishes,
  copies: Step[],
): { readonly edits: readonly Edit[] } | { readonly reason: string } {
  const { view } = host;
  const config = readSshd(host);
  if (!config) return { edits: [] };
  const written = [config.main, ...view.glob("/etc/ssh/sshd_config.d/00-wpam.conf")]
    .filter((path) => view.read(path) !== undefined);
  const planned = removeFromSshdConfig(config, written);
  if (!("refusal" in planned)) return { edits: planned.edits };
  if (!wishes.force) return { reason: `${planned.refusal} Or use --force.` };
  const edits = [...new Set([...config.files.keys(), ...written])].flatMap((path) => {
    const before = view.read(path);
    if (before === undefined || before.search(MARKER) < 0) return [];
    copies.push(keepCopy(path, before, wishes));
    const rest = before.replace(BLOCK, "").replace(MARKER, "");
    return [{
      path,
      before,
      after: rest === "" && path.endsWith("/00-wpam.conf") ? undefined : rest,
    }];
  });
  return { edits };
}

/** Takes everything between markers out, and every line of ours; lines that we had commented out come back. */
export function forcePam(text: string): string {
  const restored = text.replace(
    BLOCK,
    (_, body: string) =>
      (body.match(/[^\n]*\n/g) ?? []).filter((line) => line.startsWith("#"))
        .map((line) => line.slice(1))
        // A comment that somebody added is no line that we had commented out.
        .filter((line) =>
          parsePamFile(line).lines.every(({ kind, ...rest }) =>
            kind === "include" || (kind === "rule" && !("fault" in rest && rest.fault))
          )
        ).join(""),
  ).replace(MARKER, "");
  return parsePamFile(restored).lines.filter((line) => !isOurs(line))
    .map(({ start, end }) => restored.slice(start, end)).join("");
}

function keepCopy(path: string, text: string, { backup }: UninstallWishes): Step {
  const copy = `${backup}/${path.slice(1).replaceAll("/", "_")}`;
  const title = `Keep a copy of ${path}`;
  return { kind: "file", path: copy, before: undefined, after: text, mode: 0o600, title };
}

function listOurRules(path: string, text: string): string[] {
  return parsePamFile(text).lines.filter(isOurs).map(({ number }) => `${path}, line ${number},`);
}

function isOurs(line: ReturnType<typeof parsePamFile>["lines"][number]): boolean {
  return line.kind === "rule" && nameModule(line.module) === "pam_wpam";
}

/** A copy of a package's file that we made, and that is its copy again, goes. */
function dropCopy(
  { view, serviceFolders }: Host,
  path: string,
  after: string | undefined,
  created: readonly string[],
): string | undefined {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const copied = created.includes(path) &&
    serviceFolders.map((folder) => `${folder}/${name}`)
      .some((other) => isVendor(other) && view.read(other) === after);
  return copied ? undefined : after;
}

/** Folders that we made go, unless somebody else has put something there. */
function removeFolders({ view }: Host, created: readonly string[], steps: readonly Step[]): Step[] {
  const folders = created.filter((path) => view.status(path)?.kind === "folder");
  const files = steps.filter((step) => step.kind === "file" && step.after === undefined);
  const leaving = [...folders, ...files.map((step) => "path" in step ? step.path : "")];
  const title = "Remove what was made for them";
  return folders.filter((path) =>
    view.list(path).every((name) => leaving.includes(`${path}/${name}`))
  ).map((path) => ({ kind: "folder", path, mode: 0o755, remove: true, title }) as const)
    .toReversed();
}

/** A package's own module stays; then there is but a link to it among the files of wpam. */
function removeModuleFile({ view, moduleFolder }: Host, home: string): Step[] {
  const path = `${moduleFolder}/pam_wpam.so`;
  if (view.resolve(`${home}/pam_wpam.so`) === view.resolve(path)) return [];
  const before = moduleFolder === undefined ? undefined : view.read(path);
  const title = "Remove the PAM module";
  return before === undefined
    ? []
    : [{ kind: "file", path, before, after: undefined, mode: 0o644, title }];
}

function removeFiles({ view }: Host, paths: readonly string[], title: string): Step[] {
  return paths.flatMap((path): Step[] => {
    const before = view.read(path);
    const common = { kind: "file", path, after: undefined, mode: 0o600, title } as const;
    return before === undefined ? [] : [{ ...common, before, secret: true }];
  });
}

function planPurge(host: Host): Step[] {
  const { view } = host;
  const files = [CONF, ...view.glob(`${LOG}*`), ...view.glob(`${OFFLINE}/*/*`)];
  const folders = [...view.glob(`${OFFLINE}/*`), OFFLINE];
  const title = "Remove settings, log and offline codes";
  return [
    ...files.map((path) => ({ kind: "waste", path, remove: true, title }) as const),
    ...folders.filter((path) => view.status(path)).map((path) =>
      ({ kind: "folder", path, mode: 0o700, remove: true, title }) as const
    ),
    ...view.list("/etc/wpam").every((name) => name === "wpam.conf")
      ? [{ kind: "folder", path: "/etc/wpam", mode: 0o700, remove: true, title } as const]
      : [],
    ...canLogIn(view, USER)
      ? []
      : [{ kind: "user", name: USER, remove: true, title: "Remove the user wpam" } as const],
  ];
}
