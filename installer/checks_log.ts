/**
 * The checks of the logs: that wpam can write its own, that it does not grow for ever, and what sshd has complained of.
 */
import { explainLine } from "./advice.ts";
import { type Check, type Context, info, type Seen, warning } from "./check.ts";
import { getPlaces } from "./checks_conf.ts";
import type { View } from "./host.ts";

const LOG_MAX = 50 * 1024 * 1024;

export const LOG_CHECKS: readonly Check[] = [
  {
    id: "log-writable",
    title: "Logins can be logged",
    needs: [],
    root: true,
    run: checkLog,
  },
  {
    id: "log-rotated",
    title: "The log does not grow for ever",
    needs: ["log-writable"],
    root: true,
    run: (context) => {
      const { view } = context.host;
      const { log } = getPlaces(context);
      const size = view.status(log)?.size ?? 0;
      const files = ["/etc/newsyslog.conf", ...view.glob("/etc/logrotate.d/*")];
      const rotated = files.some((path) => view.read(path)?.includes("wpam.log"));
      if (size < LOG_MAX || rotated) return [];
      return [warning(`${log} has ${Math.round(size / 1024 / 1024)} MiB, and nothing rotates it.`, {
        where: log,
        why: "A full disk stops more than logins.",
        mend: "Add a file to /etc/logrotate.d that names it.",
      })];
    },
  },
  {
    id: "system-log",
    title: "The system's log has no complaint about logins",
    needs: ["pam-file", "pam-modules", "stack-proved", "module-loads", "sshd-config"],
    root: true,
    run: checkSystemLog,
  },
];

async function checkLog(context: Context): Promise<Seen[]> {
  const { host: { view } } = context;
  const { log } = getPlaces(context);
  const why = "Logins are written to syslog only, and `wpam log` does not see them.";
  const tell = (
    seen: string,
    mend: string,
    ...run: string[]
  ) => [warning(seen, { where: log, why, mend, run })];
  const status = view.status(log);
  const folder = log.slice(0, log.lastIndexOf("/")) || "/";
  if (view.isReadOnly(folder)) {
    return tell(
      `${folder} is mounted read-only.`,
      "Mount it writable.",
      `mount -o remount,rw ${folder}`,
    );
  }
  if (status === undefined) {
    const run = ["wpam install"];
    return view.status(folder) === undefined
      ? tell(`There is no folder ${folder}.`, "Make it.", `mkdir -p -m 0755 ${folder}`, ...run)
      : tell(`There is no ${log}.`, "Begin it.", ...run);
  }
  if (status.kind !== "file" || status.links > 1) {
    const what = status.kind === "file" ? "has several names" : "is no plain file";
    return tell(
      `${log} ${what}, so the module does not write to it.`,
      "Move it away.",
      `mv ${log} ${log}.old`,
      "wpam install",
    );
  }
  if (status.uid !== 0) {
    return tell(
      `${log} is not root's, so the module does not write to it.`,
      "Give it back.",
      `chown root ${log}`,
    );
  }
  if ((status.mode & 0o007) !== 0) {
    return [warning(`${log} can be read by everybody.`, {
      where: log,
      why: "It tells who logs in, with which ID, and from where.",
      mend: "Close it.",
      run: [`chmod 0640 ${log}`],
    })];
  }
  const { out } = await view.run(["lsattr", "-d", log]);
  if (/^\S*i\S* /.test(out)) {
    return tell(`${log} is immutable.`, "Let it be written.", `chattr -i ${log}`);
  }
  const { out: space } = await view.run(["df", "-Pk", folder]);
  const free = Number(space.trim().split("\n").at(-1)?.split(/\s+/)[3] ?? 1);
  return free > 0 ? [] : tell(`The disk of ${folder} is full.`, "Make room.");
}

const SYSTEM_LOGS = ["/var/log/auth.log", "/var/log/secure", "/var/log/messages"];
const LINES = 500;

async function checkSystemLog({ host: { view } }: Context): Promise<Seen[]> {
  const lines = await readSystemLog(view);
  for (const line of lines.toReversed()) {
    const meaning = explainLine(line);
    if (meaning === undefined) continue;
    const message = line.replace(/^.*?\bsshd\S*: /, "").slice(0, 100);
    return [info(`sshd has logged "${message}".`, {
      why: meaning,
      mend: "It is of an earlier time, or a check above names the cause.",
    })];
  }
  return [];
}

async function readSystemLog(view: View): Promise<string[]> {
  const path = SYSTEM_LOGS.find((path) => view.status(path)?.kind === "file");
  const text = path === undefined
    ? (await view.run(["journalctl", "-q", "-t", "sshd", "-n", String(LINES), "-o", "short"])).out
    : view.read(path) ?? "";
  return text.split("\n").slice(-LINES).filter((line) => /sshd/.test(line));
}
