/**
 * How a system starts sshd, and how sshd is told to read its configuration again.
 *
 * One row a manager, in the order in which they are looked for. It asks the manager and changes nothing: the
 * commands are for transaction.ts to run. Called by host.ts.
 */
import type { Host, Listener, View } from "./host.ts";

/** Who looks after sshd: an init system, nobody (a signal has to do), or nothing that runs here. */
export type Manager =
  | "systemd"
  | "openrc"
  | "runit"
  | "s6"
  | "rc.d"
  | "launchd"
  | "signal"
  | "none";

/** sshd as a service of this system. */
export interface Service {
  readonly manager: Manager;
  /** What the manager calls it: `ssh.service`, `sshd`. */
  readonly unit: string;
  /** Whether a socket of the manager listens and starts sshd when somebody connects. */
  readonly socket: boolean;
  /** Makes sshd read its configuration again; empty where the next connection does so by itself. */
  readonly reload: readonly (readonly string[])[];
  /** The same by a new listener, for when the program on disk is not the one that runs. */
  readonly restart: readonly (readonly string[])[];
  /** Whether an sshd listens, or a socket does for it. */
  readonly running: boolean;
  /** What a person types, or why there is nothing to type. */
  readonly hint: string;
}

/** What has been found out already. */
export interface Facts {
  readonly system: Host["system"];
  /** The first is the one that is looked after. */
  readonly listeners: readonly Listener[];
}

/** A manager whose sshd is a name and two commands. */
interface Row {
  readonly manager: Manager;
  /** Paths of which one is there while the manager runs. */
  readonly signs: readonly string[];
  /** Where it keeps sshd under which name; the first that exists. */
  readonly units: readonly string[];
  readonly reload: (unit: string) => string[];
  readonly restart: (unit: string) => string[];
}

const ROWS: readonly Row[] = [
  {
    manager: "openrc",
    signs: ["/run/openrc/softlevel"],
    units: ["/etc/init.d/sshd", "/etc/init.d/ssh"],
    reload: (unit) => ["rc-service", baseName(unit), "reload"],
    restart: (unit) => ["rc-service", baseName(unit), "restart"],
  },
  {
    manager: "runit",
    signs: ["/run/runit", "/etc/runit/runsvdir/current"],
    units: [
      "/var/service/sshd",
      "/run/runit/service/sshd",
      "/etc/service/sshd",
      "/etc/service/ssh",
    ],
    reload: (unit) => ["sv", "hup", unit],
    restart: (unit) => ["sv", "restart", unit],
  },
  {
    manager: "s6",
    signs: ["/run/s6", "/run/s6-rc", "/var/run/s6"],
    units: ["/run/service/sshd", "/run/service/sshd-srv", "/var/run/s6/services/sshd"],
    reload: (unit) => ["s6-svc", "-h", unit],
    restart: (unit) => ["s6-svc", "-r", unit],
  },
  {
    manager: "rc.d",
    signs: ["/etc/rc.subr"],
    units: ["/etc/rc.d/sshd", "/usr/local/etc/rc.d/openssh"],
    // Not plain reload, which refuses what rc.conf does not enable.
    reload: (unit) => ["service", baseName(unit), "onereload"],
    restart: (unit) => ["service", baseName(unit), "onerestart"],
  },
];

/** Finds out how sshd is run here. Never fails: what no row knows gets a signal. */
export async function findService(view: View, facts: Facts): Promise<Service> {
  if (!view.live) {
    const hint = "nothing: sshd reads the files when the image is started";
    return { ...NOTHING, manager: "none", unit: "sshd", hint };
  }
  if (facts.system === "darwin") return await findLaunchd(view);
  if (view.status("/run/systemd/system") !== undefined) {
    const found = await findSystemd(view, facts);
    if (found !== undefined) return found;
  }
  return findRow(view, facts) ?? signal(facts);
}

const NOTHING = { socket: false, reload: [], restart: [], running: false };

function findRow(view: View, { listeners }: Facts): Service | undefined {
  const running = listeners.length > 0;
  for (const { manager, signs, units, reload, restart } of ROWS) {
    const unit = units.find((path) => view.resolve(path) !== undefined);
    if (unit === undefined || !signs.some((path) => view.status(path) !== undefined)) continue;
    return {
      manager,
      unit: baseName(unit),
      socket: false,
      reload: running ? [reload(unit)] : [],
      restart: running ? [restart(unit)] : [],
      running,
      hint: reload(unit).join(" ").replace("onereload", "reload"),
    };
  }
  return undefined;
}

/** The listener starts its program anew when it gets a HUP, so this is a restart as well. */
function signal({ listeners: [listener] }: Facts): Service {
  if (listener === undefined) {
    const hint = "nothing: no sshd is running, and the next one reads the files when it starts";
    return { ...NOTHING, manager: "none", unit: "sshd", hint };
  }
  // Not the others: one whose own configuration is broken would end.
  const command = ["kill", "-HUP", String(listener.pid)];
  return {
    manager: "signal",
    unit: "sshd",
    socket: false,
    reload: [command],
    restart: [command],
    running: true,
    hint: command.join(" "),
  };
}

/** sshd is started for each connection, and listens nowhere. */
async function findLaunchd(view: View): Promise<Service> {
  const unit = "com.openssh.sshd";
  const { code } = await view.run(["launchctl", "print", `system/${unit}`]);
  const hint = "nothing: launchd starts a new sshd for each connection";
  return { ...NOTHING, manager: "launchd", unit, socket: true, running: code === 0, hint };
}

/** What systemd says of a unit. */
type Properties = Readonly<Record<string, string>>;

/** Undefined where systemd does not answer, or does not run the sshd that listens. */
async function findSystemd(view: View, { listeners }: Facts): Promise<Service | undefined> {
  const [listener] = listeners;
  const home = listener && findUnit(view, listener.pid);
  // Somebody has started this one by hand.
  if (listener !== undefined && home === undefined) return undefined;
  const candidates = home === undefined ? ["ssh.service", "sshd.service"] : [home];
  const sockets = candidates.map((name) => name.replace(/\.service$/, ".socket"));
  const properties = "Id,LoadState,ActiveState,CanReload,Accept";
  const { code, out } = await view.run(
    ["systemctl", "show", `--property=${properties}`, ...candidates, ...sockets],
  );
  if (code !== 0) return undefined;
  const units = out.trim().split(/\n{2,}/).map(readProperties);
  const isActive = ({ ActiveState }: Properties) => /^(active|reloading)$/.test(ActiveState ?? "");
  const services = units.filter(({ Id, LoadState }) =>
    Id?.endsWith(".service") && LoadState !== "not-found"
  );
  const service = services.find(isActive) ?? services[0];
  const socket = units.find((each) => each["Id"]?.endsWith(".socket") && isActive(each));
  if (service === undefined && socket === undefined) return undefined;
  const unit = service?.["Id"] ?? "sshd.service";
  const active = service !== undefined && isActive(service);
  const perConnection = socket?.["Accept"] === "yes";
  const reload = service?.["CanReload"] === "no" && listener !== undefined
    ? ["kill", "-HUP", String(listener.pid)]
    : ["systemctl", "reload", unit];
  return {
    manager: "systemd",
    unit,
    socket: socket !== undefined,
    reload: active ? [reload] : [],
    restart: active ? [["systemctl", "restart", unit]] : [],
    running: active || socket !== undefined,
    hint: perConnection
      ? `nothing: ${socket!["Id"]} starts a new sshd for each connection`
      : active
      ? reload.join(" ")
      : `nothing: ${unit} is not running, and reads the files when it starts`,
  };
}

function readProperties(block: string): Properties {
  return Object.fromEntries(
    block.split("\n").map((line) => {
      const [, name = "", value = ""] = /^(\w+)=(.*)$/.exec(line) ?? [];
      return [name, value];
    }),
  );
}

/** Finds the unit in which a process runs; undefined for one that somebody has started from a login. */
function findUnit(view: View, pid: number): string | undefined {
  const groups = view.read(`/proc/${pid}/cgroup`) ?? "";
  // A container may see its own groups below those of the machine.
  const unit = /^\d+:(?:name=systemd)?:.*\/system\.slice\/(?:.*\/)?([^\/\n]+\.service)$/m;
  return unit.exec(groups)?.[1];
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
