// A host made of texts, for tests of what only looks and computes: Debian's, unless told otherwise.
// It runs no command and has no link. Called by test/unit/*_test.ts.

import type { FileStatus, Host, View } from "../installer/host.ts";
import type { Step } from "../installer/steps.ts";

/** Files by path, as a running Debian has them before wpam. */
export const DEBIAN: Readonly<Record<string, string>> = {
  "/etc/passwd": "root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\n",
  "/etc/pam.d/sshd":
    "@include common-auth\naccount required pam_nologin.so\n@include common-account\n",
  "/etc/pam.d/common-auth":
    "auth [success=1 default=ignore] pam_unix.so nullok\nauth requisite pam_deny.so\nauth required pam_permit.so\n",
  "/etc/pam.d/common-account": "account required pam_unix.so\n",
  "/etc/ssh/sshd_config": "Include /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\n",
  "/etc/ssh/sshd_config.d/README": "",
  "/lib/security/pam_unix.so": "",
  "/usr/sbin/sshd": "",
};

/** Makes a host of files; one that is undefined is not there. */
export function makeHost(
  changes: Readonly<Record<string, string | undefined>> = {},
  traits: Partial<Host> = {},
): Host {
  const files = new Map(
    Object.entries({ ...DEBIAN, ...changes }).filter((file): file is [string, string] =>
      file[1] !== undefined
    ),
  );
  const isFolder = (path: string) => [...files.keys()].some((file) => file.startsWith(`${path}/`));
  const list = (folder: string) => {
    const inside = [...files.keys()].filter((file) => file.startsWith(`${folder}/`));
    return [...new Set(inside.map((file) => file.slice(folder.length + 1).split("/")[0]!))].sort();
  };
  const status = (path: string): FileStatus | undefined => {
    const kind = files.has(path) ? "file" : isFolder(path) ? "folder" : undefined;
    const mode = path.endsWith("wpam.conf") || path.endsWith("installed.json") ? 0o600 : 0o644;
    const common = { mode, uid: 0, gid: 0, size: 0, links: 1, mtime: 0, device: 0, inode: 0 };
    return kind && { kind, ...common };
  };
  const view: View = {
    root: "",
    live: true,
    read: (path) => files.get(path),
    status,
    readLink: () => undefined,
    resolve: (path) => status(path) && path,
    list,
    glob: (pattern) => {
      const expression = pattern.replaceAll(".", "\\.").replaceAll("*", "[^/]*");
      const paths = [...files.keys()].flatMap((path) => [path, path.replace(/\/[^/]*$/, "")]);
      return [...new Set(paths)].filter((path) => new RegExp(`^${expression}$`).test(path)).sort();
    },
    run: () => Promise.resolve({ code: 127, out: "", err: "", timedOut: false }),
    mounts: () => [],
    isReadOnly: () => false,
  };
  return {
    view,
    system: "linux",
    name: "Debian",
    ids: ["debian"],
    library: "linux-pam",
    serviceFolders: ["/etc/pam.d", "/usr/lib/pam.d"],
    moduleFolder: "/lib/security",
    moduleName: "pam_wpam.so",
    sshd: {
      path: "/usr/sbin/sshd",
      version: [9, 2],
      session: undefined,
      pam: true,
      config: "/etc/ssh/sshd_config",
      options: [],
      listeners: [],
    },
    service: {
      manager: "systemd",
      unit: "ssh.service",
      socket: false,
      reload: [["systemctl", "reload", "ssh.service"]],
      restart: [["systemctl", "restart", "ssh.service"]],
      running: true,
      hint: "systemctl reload ssh.service",
    },
    operator: { uid: 0, name: "alice", ssh: undefined },
    obstacles: [],
    ...traits,
  };
}

/** Lists the files of a host as they are when steps have been carried out. */
export function carryOut(steps: readonly Step[]): Record<string, string | undefined> {
  const files: Record<string, string | undefined> = {};
  for (const step of steps) {
    if (step.kind === "file") files[step.path] = step.after;
    if (step.kind === "user") {
      files["/etc/passwd"] = `${DEBIAN["/etc/passwd"]}${step.name}:x:9:9::/:/usr/sbin/nologin\n`;
    }
  }
  return files;
}
