/**
 * Why wpam cannot be installed on a machine at all, and what would mend that.
 *
 * Values in, one sentence out. Called by host.ts.
 */
import type { Host, Obstacle, View } from "./host.ts";

type Facts = Omit<Host, "obstacles">;

/** The first that applies is told: what follows is mostly its consequence. */
const OBSTACLES: readonly (readonly [
  id: string,
  applies: (host: Facts) => boolean,
  tell: (host: Facts) => string,
])[] = [
  [
    "unknown-system",
    ({ system }) => system === "unknown",
    ({ name }) =>
      `wpam does not know ${name}: follow \`wpam install --print-manual\`, and keep a root shell open.`,
  ],
  [
    "bsd-auth",
    ({ library }) => library === undefined,
    ({ name }) =>
      `${name} logs people in by BSD Auth, not by PAM, so wpam cannot run here; a login style for /etc/login.conf is planned.`,
  ],
  [
    "nixos",
    ({ ids }) => ids[0] === "nixos",
    () =>
      "NixOS writes /etc/pam.d and sshd_config from its own configuration: put what " +
      "`wpam install --print-manual` prints into security.pam.services.sshd and services.openssh.",
  ],
  [
    "no-sshd",
    ({ sshd }) => sshd === undefined,
    ({ view }) => `No sshd was found${inside(view)}: install the OpenSSH server, then try again.`,
  ],
  [
    "not-openssh",
    ({ sshd }) => sshd?.version[0] === 0,
    ({ sshd }) => `${sshd?.path} is not OpenSSH: start OpenSSH's own sshd, not a script around it.`,
  ],
  [
    "no-pam",
    ({ sshd }) => sshd?.pam === false,
    ({ sshd, ids }) =>
      `${sshd?.path} was built without PAM: ` +
      (ids.includes("alpine")
        ? 'install openssh-server-pam, write command="/usr/sbin/sshd.pam" into /etc/conf.d/sshd, ' +
          "and restart sshd."
        : "replace it by one built with PAM."),
  ],
  [
    "no-modules",
    ({ moduleFolder }) => moduleFolder === undefined,
    ({ sshd }) =>
      `The PAM library of ${
        sshd?.session ?? sshd?.path
      }, or its module pam_unix.so, was not found: ` +
      "reinstall PAM.",
  ],
  [
    "read-only",
    ({ view, moduleFolder }) =>
      ["/etc/pam.d", "/etc/ssh", moduleFolder!].some((folder) => view.isReadOnly(folder)),
    ({ view, moduleFolder }) =>
      `${
        ["/etc/pam.d", "/etc/ssh", moduleFolder!].find((folder) => view.isReadOnly(folder))
      } is on a file system that is mounted read-only: mount it writable, or build wpam into its image.`,
  ],
];

/** Lists what stands in the way: nothing, or the one thing to mend first. */
export function findObstacle(facts: Facts): Obstacle[] {
  const first = OBSTACLES.find(([, applies]) => applies(facts));
  return first === undefined ? [] : [{ id: first[0], text: first[2](facts) }];
}

function inside({ root }: View): string {
  return root === "" ? "" : ` in ${root}`;
}
