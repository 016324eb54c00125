/**
 * installer/service.ts: the commands of every init system, for an sshd that runs, does not, or is started on
 * demand. The managers are faked here; the numbers in brackets name traps of installers: A23, C4 to C6.
 */
import assert from "node:assert/strict";
import type { Listener } from "../../installer/host.ts";
import { findService, type Service } from "../../installer/service.ts";
import { openAsRunning } from "../tree.ts";

interface Machine {
  /** Paths that exist; those with a text hold it. */
  files?: Record<string, string>;
  system?: "linux" | "freebsd" | "darwin";
  /** Process numbers of the sshds that listen. */
  listeners?: number[];
  answer?: (command: string) => string | undefined;
}

async function look({ files = {}, system = "linux", listeners = [], answer }: Machine) {
  const root = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "wpam-service-" }));
  try {
    for (const [path, text] of Object.entries(files)) {
      Deno.mkdirSync(root + path.replace(/[^/]*$/, ""), { recursive: true });
      Deno.writeTextFileSync(root + path, text);
    }
    const facts = { system, listeners: listeners.map(makeListener) };
    return await findService(openAsRunning(root, answer), facts);
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
}

function makeListener(pid: number): Listener {
  const argv = ["/usr/sbin/sshd"];
  return { pid, argv, program: argv[0]!, stale: false, started: 1, addresses: [["::", 22]] };
}

const join = (commands: Service["reload"]) => commands.map((words) => words.join(" ")).join("; ");
const tell = ({ manager, unit, socket, running, reload, restart }: Service) => ({
  manager,
  unit,
  socket,
  running,
  reload: join(reload),
  restart: join(restart),
});

/** What `systemctl show` prints for units, some of them absent. */
function showUnits(...units: Record<string, string>[]) {
  return (command: string) =>
    /^systemctl show --property=\S+ /.test(command)
      ? units.map((unit) =>
        Object.entries({ LoadState: "loaded", ActiveState: "active", CanReload: "yes", ...unit })
          .map(([name, value]) => `${name}=${value}\n`).join("")
      ).join("\n")
      : undefined;
}

const GROUP = (unit: string) => ({
  "/run/systemd/system/x": "",
  "/proc/7/cgroup": `0::/system.slice/${unit}\n`,
});
const SYSTEMD = GROUP("ssh.service");
const ABSENT = { LoadState: "not-found", ActiveState: "inactive" };

Deno.test("systemd: the unit that runs the listener is reloaded, under its own name", async () => {
  for (const unit of ["ssh.service", "sshd.service", "sshd-outside.service"]) {
    const answer = showUnits({ Id: unit }, { ...ABSENT, Id: "ssh.socket" });
    assert.deepEqual(tell(await look({ files: GROUP(unit), listeners: [7], answer })), {
      manager: "systemd",
      unit,
      socket: false,
      running: true,
      reload: `systemctl reload ${unit}`,
      restart: `systemctl restart ${unit}`,
    });
  }
});

Deno.test("systemd: cgroup v1 tells the unit too", async () => {
  const files = {
    ...SYSTEMD,
    "/proc/7/cgroup": "4:memory:/x\n1:name=systemd:/system.slice/sshd.service\n",
  };
  const service = await look({ files, listeners: [7], answer: showUnits({ Id: "sshd.service" }) });
  assert.equal(service.unit, "sshd.service");
});

Deno.test("systemd: behind a socket only a running sshd is reloaded, and the socket is left (C6)", async () => {
  const socket = { Id: "ssh.socket", Accept: "no" };
  const idle = showUnits({ Id: "ssh.service", ActiveState: "inactive" }, socket);
  const service = await look({ files: SYSTEMD, answer: idle });
  const { hint, ...facts } = { ...tell(service), hint: service.hint };
  assert.deepEqual(facts, {
    manager: "systemd",
    unit: "ssh.service",
    socket: true,
    running: true,
    reload: "",
    restart: "",
  });
  assert.match(hint, /ssh\.service is not running/);
  const busy = await look({
    files: SYSTEMD,
    listeners: [7],
    answer: showUnits({ Id: "ssh.service" }, socket),
  });
  assert.equal(join(busy.reload), "systemctl reload ssh.service");
  assert.equal(busy.socket, true);
});

Deno.test("systemd: an sshd for each connection has nothing to reload", async () => {
  const answer = showUnits({ Id: "sshd.service", ActiveState: "inactive" }, {
    Id: "sshd.socket",
    Accept: "yes",
  });
  const service = await look({ files: SYSTEMD, answer });
  assert.deepEqual([service.reload, service.restart, service.running], [[], [], true]);
  assert.match(service.hint, /sshd\.socket starts a new sshd for each connection/);
});

Deno.test("systemd: a unit that cannot reload gets a signal", async () => {
  const answer = showUnits({ Id: "ssh.service", CanReload: "no" });
  const service = await look({ files: SYSTEMD, listeners: [7], answer });
  assert.equal(join(service.reload), "kill -HUP 7");
  assert.equal(join(service.restart), "systemctl restart ssh.service");
});

Deno.test("systemd: a masked or stopped sshd is not started (C4)", async () => {
  for (const LoadState of ["loaded", "masked"]) {
    const answer = showUnits({ Id: "ssh.service", LoadState, ActiveState: "inactive" });
    const service = await look({ files: SYSTEMD, answer });
    assert.deepEqual([service.manager, service.running, service.reload, service.restart], [
      "systemd",
      false,
      [],
      [],
    ]);
  }
});

Deno.test("systemd: an sshd that somebody started by hand gets a signal, and so does a silent systemd", async () => {
  const answer = showUnits({ Id: "ssh.service", ActiveState: "inactive" });
  const files = { ...SYSTEMD, "/proc/7/cgroup": "0::/user.slice/user-0.slice/session-3.scope\n" };
  const started = await look({ files, listeners: [7], answer });
  assert.equal(join(started.reload), "kill -HUP 7");
  assert.equal((await look({ files: SYSTEMD, listeners: [7] })).manager, "signal");
  assert.equal((await look({ files: SYSTEMD })).manager, "none");
});

const ROWS: [name: string, machine: Machine, unit: string, reload: string, restart: string][] = [
  [
    "openrc",
    { files: { "/run/openrc/softlevel": "", "/etc/init.d/sshd": "" } },
    "sshd",
    "rc-service sshd reload",
    "rc-service sshd restart",
  ],
  [
    "runit",
    { files: { "/run/runit/x": "", "/var/service/sshd/run": "" } },
    "sshd",
    "sv hup /var/service/sshd",
    "sv restart /var/service/sshd",
  ],
  [
    "s6",
    { files: { "/run/s6/x": "", "/run/service/sshd/run": "" } },
    "sshd",
    "s6-svc -h /run/service/sshd",
    "s6-svc -r /run/service/sshd",
  ],
  [
    "rc.d",
    { system: "freebsd", files: { "/etc/rc.subr": "", "/etc/rc.d/sshd": "" } },
    "sshd",
    "service sshd onereload",
    "service sshd onerestart",
  ],
];
for (const [manager, machine, unit, reload, restart] of ROWS) {
  Deno.test(`${manager}: a running sshd is reloaded, one that is not is left (C4, C5)`, async () => {
    const expected = { manager, unit, socket: false, running: true, reload, restart };
    assert.deepEqual(tell(await look({ ...machine, listeners: [7] })), expected);
    const stopped = { ...expected, running: false, reload: "", restart: "" };
    assert.deepEqual(tell(await look(machine)), stopped);
  });
}

Deno.test("launchd: nothing is reloaded, and it says whether ssh is switched on", async () => {
  const answer = (command: string) =>
    command === "launchctl print system/com.openssh.sshd" ? "state = waiting" : undefined;
  const service = await look({ system: "darwin", answer });
  assert.deepEqual([service.manager, service.running, service.reload], ["launchd", true, []]);
  assert.match(service.hint, /each connection/);
  assert.equal((await look({ system: "darwin" })).running, false);
});

Deno.test("without an init system the listener gets a signal, and no other one (A23, C5)", async () => {
  const service = await look({ files: { "/etc/init.d/ssh": "" }, listeners: [7, 8] });
  assert.equal(service.manager, "signal");
  assert.equal(join(service.reload), "kill -HUP 7");
  assert.equal(service.hint, "kill -HUP 7");
  const nothing = await look({});
  assert.deepEqual([nothing.manager, nothing.reload, nothing.running], ["none", [], false]);
});
