/**
 * What takes a change back when nobody confirms it: a timer of systemd, a job of at, or a process that waits.
 *
 * All of them outlive the login of whoever runs the installer, and call `wpam rollback`, which does nothing when
 * the change is over. Called by transaction.ts.
 */
import type { Armed } from "./journal.ts";
import {
  findPlace,
  getFolder,
  makeFolder,
  remove,
  removeCopies,
  syncFolder,
  writeOwn,
} from "./swap.ts";
import type { Machine } from "./transaction.ts";

/** What is to run, and when. */
export interface Alarm {
  readonly id: string;
  readonly seconds: number;
  /** Absolute, without the seconds to wait that come last. */
  readonly words: readonly string[];
}

const BOOT_UNIT = "/etc/systemd/system/wpam-rollback.service";
const BOOT_LINK = "/etc/systemd/system/multi-user.target.wants/wpam-rollback.service";

const nameUnit = (id: string) => `wpam-rollback-${id}`;

/**
 * Sets the first alarm that this system can. `note` is told each time before that could be lost, so that disarm()
 * can find it. Throws a sentence when there is none.
 */
export async function arm(
  machine: Machine,
  alarm: Alarm,
  note: (armed: Armed) => void,
): Promise<Armed> {
  const { view, ops } = machine;
  const { id, seconds, words } = alarm;
  if (!words.every((word) => /^[\w+=:,.\/@-]+$/.test(word))) {
    throw new Error(
      `\`${words.join(" ")}\` cannot be handed to systemd: it has special characters.`,
    );
  }
  if (view.status("/run/systemd/system")?.kind === "folder") {
    const armed = { how: "systemd", outlivesBoot: true } as const;
    note(armed);
    writeBootUnit(machine, words);
    const { code } = await ops.run([
      ...["systemd-run", "--quiet", `--unit=${nameUnit(id)}`, `--on-active=${seconds}s`],
      ...["--timer-property=AccuracySec=1s", ...words, "0"],
    ]);
    if (code === 0) return armed;
    await disarm(machine, id, armed);
  }
  if (isAtRunning(machine)) {
    // at counts from the last full minute; the command itself waits for the rest.
    const { code, err } = await ops.run(
      ["at", "now", "+", `${Math.ceil(seconds / 60)}`, "minutes"],
      { input: `${words.join(" ")} 0\n` },
    );
    const [, job] = /^job (\d+)/m.exec(err) ?? [];
    if (code === 0 && job !== undefined) {
      const armed = { how: "at", outlivesBoot: true, job } as const;
      note(armed);
      return armed;
    }
  }
  const armed = { how: "detached", outlivesBoot: false } as const;
  note(armed);
  ops.start([...words, `${seconds}`]);
  return armed;
}

/** Stops what arm() has set. A process that waits is left to find that there is nothing to do. */
export async function disarm(machine: Machine, id: string, armed: Armed): Promise<void> {
  if (!machine.view.live) return;
  if (armed.how === "systemd") {
    await machine.ops.run(["systemctl", "stop", `${nameUnit(id)}.timer`]);
    for (const path of [BOOT_LINK, BOOT_UNIT]) if (remove(machine, path)) syncFolder(machine, path);
    removeCopies(machine, BOOT_UNIT);
  } else if (armed.how === "at") {
    await machine.ops.run(["atrm", armed.job!]);
  }
}

/**
 * Timers of systemd-run end with the boot. The unit runs before sshd, which then needs no reload; it cannot run before
 * ssh.socket, which belongs to the targets that units like this one come after.
 */
function writeBootUnit(machine: Machine, words: readonly string[]): void {
  const unit = [
    "[Unit]",
    "Description=Take back a change to ssh logins that nobody has confirmed",
    "ConditionPathExists=/var/lib/wpam/journal/change.json",
    "Before=ssh.service sshd.service",
    "",
    "[Service]",
    "Type=oneshot",
    `ExecStart=${words.join(" ")} 0`,
    "TimeoutStartSec=60",
    "",
  ];
  writeOwn(machine, BOOT_UNIT, unit.join("\n"), 0o644);
  makeFolder(machine, { path: getFolder(BOOT_LINK), mode: 0o755 });
  remove(machine, BOOT_LINK);
  machine.ops.symlink(BOOT_UNIT, findPlace(machine.view, BOOT_LINK));
  syncFolder(machine, BOOT_LINK);
}

function isAtRunning({ view }: Machine): boolean {
  const pid = Number(view.read("/run/atd.pid") ?? view.read("/var/run/atd.pid"));
  return pid > 0 && view.read(`/proc/${pid}/comm`)?.trim() === "atd";
}
