/**
 * The checks of who can write what a login runs or reads, and who can read the secrets in it.
 *
 * The rules are those by which the module itself refuses (shim/trust.c); the fix is chown or chmod.
 */
import { type Check, type Context, error, type Seen, warning } from "./check.ts";
import { getPlaces } from "./checks_conf.ts";
import type { FileStatus, View } from "./host.ts";
import { findService } from "./sources.ts";

const CONF_MAX = 16_384;
const STATE = "/var/lib/wpam";

export const FILE_CHECKS: readonly Check[] = [
  {
    id: "config-safe",
    title: "Settings are root's, and nobody else can read the key",
    needs: [],
    root: true,
    run: checkConf,
  },
  {
    id: "helper-safe",
    title: "Only root can change the login helper",
    needs: [],
    run: ({ host: { view }, helper }) => {
      const home = getFolder(helper);
      const programs = ["wpam-auth", "wpam-auth.js", "deno", "node", "wpam", "wpam.js"];
      const names = [...programs, "pam_wpam.so"];
      return [home, ...names.map((name) => `${home}/${name}`)]
        .flatMap((path) => checkOwner(view, path, "Whoever can write it can let himself in."))
        .concat(checkAbove(view, home));
    },
  },
  {
    id: "module-safe",
    title: "Only root can change the PAM module",
    needs: [],
    run: ({ host: { view }, module }) => [
      ...checkOwner(view, module, "sshd runs it as root, so whoever can write it is root."),
      ...checkAbove(view, module),
    ],
  },
  {
    id: "logins-safe",
    title: "Only root can change the settings of sshd and PAM",
    needs: [],
    run: checkLoginFiles,
  },
  {
    id: "state-safe",
    title: "What wpam keeps for itself is private",
    needs: [],
    root: true,
    run: (context) => {
      const { view } = context.host;
      const { offline } = getPlaces(context);
      const why = "It can hold what helps a stranger in.";
      return [STATE, offline, `${STATE}/installed.json`].flatMap((path) => {
        const status = view.status(path);
        if (status === undefined) return [];
        const wanted = status.kind === "folder" ? "0700" : "0600";
        return checkPrivate(path, status, wanted, why);
      }).concat(view.list(offline).flatMap((name) => checkCodes(view, `${offline}/${name}`)));
    },
  },
];

/** Looks at the folder of a user's offline codes by the rules by which the module refuses them. */
function checkCodes(view: View, path: string): Seen[] {
  const why = "The module refuses the offline codes in it.";
  const status = view.status(path);
  if (status === undefined) return [];
  if (status.kind !== "folder") {
    return [error(`${path} is no folder.`, {
      where: path,
      why,
      mend: "Find out who put it there, and remove it.",
    })];
  }
  return [...checkOwner(view, path, why), ...checkPrivate(path, status, "0700", why)];
}

function checkConf(context: Context): Seen[] {
  const { view } = context.host;
  const { conf, anchors } = getPlaces(context);
  const why = "wpam refuses every login while others than root could have written it.";
  return [conf, anchors].flatMap((path) => {
    const status = view.status(path);
    if (status?.kind === "link") {
      return [error(`${path} is a symbolic link, so every login is refused.`, {
        mend: "Put the file itself there.",
        run: [`install -m 0600 -T "$(readlink -f ${path})" ${path}`],
      })];
    }
    if (status === undefined) return [];
    if (path === conf && status.size > CONF_MAX) {
      return [error(`${path} is larger than ${CONF_MAX} bytes, so every login is refused.`, {
        mend: "Shorten its comments.",
      })];
    }
    const key = "Whoever reads the key can ask Werbot in its name.";
    return path === conf && status.uid === 0
      ? checkPrivate(path, status, "0600", (status.mode & 0o022) === 0 ? key : why)
      : checkOwner(view, path, why);
  }).concat(checkAbove(view, conf));
}

function checkLoginFiles(context: Context): Seen[] {
  const { host, sshd, services } = context;
  const { view } = host;
  const ofPam = services.flatMap(({ service }) => findService(host, service) ?? []);
  const ofSshd = [...sshd?.files.keys() ?? []];
  const why = "Whoever can write it decides who logs in here.";
  const paths = [...new Set([...ofPam, ...ofSshd])];
  const folders = [...new Set(paths.map(getFolder))];
  return [...paths, ...folders].flatMap((path) => checkOwner(view, path, why));
}

/** Looks whether a path is root's and nobody else can write it; one that is not there is another check's. */
function checkOwner(view: View, path: string, why: string): Seen[] {
  const real = view.resolve(path);
  const status = real === undefined ? undefined : view.status(real);
  if (real === undefined || status === undefined) return [];
  const sticky = status.kind === "folder" && (status.mode & 0o1000) !== 0;
  return [
    ...status.uid === 0
      ? []
      : [error(`${real} belongs to the user ${nameUser(view, status.uid)}.`, {
        where: real,
        why,
        mend: "Give it back to root.",
        run: [`chown root ${real}`],
      })],
    ...(status.mode & 0o022) === 0 || sticky
      ? []
      : [error(`${real} can be written by others than root (mode ${showMode(status)}).`, {
        where: real,
        why,
        mend: "Take that right away.",
        run: [`chmod go-w ${real}`],
      })],
  ];
}

/** Looks at the folders above a path, all the way up. */
function checkAbove(view: View, path: string): Seen[] {
  const real = view.resolve(path);
  const folders: string[] = [];
  for (let at = real ?? "/"; at !== "/";) folders.push(at = getFolder(at));
  return folders.flatMap((folder) =>
    checkOwner(view, folder, `Whoever can write it can replace ${path}.`)
  );
}

function checkPrivate(path: string, status: FileStatus, wanted: string, why: string): Seen[] {
  const open = status.mode & 0o077;
  if (open === 0) return [];
  const tell = (open & 0o027) === 0 ? warning : error;
  const how = (open & 0o022) === 0 ? "read" : "written";
  return [tell(`${path} can be ${how} by others than root (mode ${showMode(status)}).`, {
    where: path,
    why,
    mend: "Close it.",
    run: [`chmod ${wanted} ${path}`],
  })];
}

function nameUser(view: View, uid: number): string {
  const line = new RegExp(`^([^:]+):[^:]*:${uid}:`, "m").exec(view.read("/etc/passwd") ?? "");
  return line?.[1] ?? String(uid);
}

function showMode({ mode }: FileStatus): string {
  return mode.toString(8).padStart(4, "0");
}

function getFolder(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}
