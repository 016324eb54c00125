/**
 * The checks of the sshd that runs: that there is one and only one, and that it is the one on the disk, with the settings
 * on the disk.
 */
import { type Check, type Context, type Seen, Unchecked, warning } from "./check.ts";
import { askAll, reload } from "./checks_sshd.ts";

export const LISTENER_CHECKS: readonly Check[] = [
  {
    id: "sshd-runs",
    title: "An sshd waits for logins",
    needs: ["sshd-config"],
    run: ({ host: { service } }) =>
      service.running ? [] : [warning("No sshd is running here.", {
        why: "Nobody can log in by ssh.",
        mend: `Start it; it is the service ${service.unit}.`,
      })],
  },
  {
    id: "sshd-replaced",
    title: "The sshd that runs is the one on the disk",
    needs: ["sshd-config", "sshd-runs"],
    root: true,
    run: ({ host }) => {
      const stale = host.sshd?.listeners.find((listener) => listener.stale);
      return stale === undefined ? [] : [warning(
        `The sshd that runs (process ${stale.pid}) is no longer the one on the disk.`,
        {
          why: "It was upgraded, and the old one lacks its fixes.",
          mend: "Start the new one; logins that are open stay.",
          run: reload(host, host.service.restart),
        },
      )];
    },
  },
  {
    id: "sshd-stale",
    title: "sshd has read its configuration since it changed",
    needs: ["sshd-config", "sshd-runs", "sshd-replaced"],
    root: true,
    run: checkFreshness,
  },
  {
    id: "sshd-several",
    title: "One sshd waits for logins",
    needs: [],
    root: true,
    run: ({ host: { sshd } }) => {
      const [first, second] = sshd?.listeners ?? [];
      if (!first || !second) return [];
      return [warning(`Two sshds wait for logins, processes ${first.pid} and ${second.pid}.`, {
        why: "They share the PAM service, but only the first one was checked here.",
        mend: "Look whether the settings of the second one are those of the first.",
      })];
    },
  },
];

async function checkFreshness(context: Context): Promise<Seen[]> {
  const { host, sshd } = context;
  const { view } = host;
  const [, effective] = [...await askAll(context)][0] ?? [];
  // sshd writes it whenever it starts, and a HUP makes it start anew.
  const path = effective?.get("pidfile") ?? "none";
  const read = view.status(path)?.mtime;
  const listener = host.sshd?.listeners[0];
  if (read === undefined || Number(view.read(path)) !== listener?.pid) {
    throw new Unchecked(`sshd has no file ${path} whose date could tell`);
  }
  const changed = [...sshd?.files.keys() ?? []].find((file) =>
    (view.status(file)?.mtime ?? 0) > read + SLACK
  );
  return changed === undefined ? [] : [warning(`${changed} has changed since sshd read it.`, {
    where: changed,
    why: "What it says counts only when sshd has read it again.",
    mend: "Let sshd read it.",
    run: reload(host),
  })];
}

/** What a clock and a file system may differ by, in seconds. */
const SLACK = 1;
