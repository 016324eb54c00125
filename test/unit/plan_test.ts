/**
 * installer/plan.ts and plan_uninstall.ts: what has to change, in which order, and that one undoes the other.
 */
import assert from "node:assert/strict";
import type { Host } from "../../installer/host.ts";
import { INSTALLED, type Installed, readInstalled } from "../../installer/installed.ts";
import { CONF, type InstallPlan, planInstall } from "../../installer/plan.ts";
import { forcePam, planUninstall } from "../../installer/plan_uninstall.ts";
import type { Step } from "../../installer/steps.ts";
import type { Wishes } from "../../installer/wishes.ts";
import type { Key } from "../../src/config.ts";
import { Secret } from "../../src/secret.ts";
import { carryOut, DEBIAN, makeHost } from "../memory.ts";

type Files = Record<string, string | undefined>;

const MODULE = "/lib/security/pam_wpam.so";
const DROP_IN = "/etc/ssh/sshd_config.d/00-wpam.conf";
const WISHES: Wishes = {
  login: "password,werbot",
  services: ["sshd"],
  alongside: false,
  values: new Map<Key, string | Secret>([
    ["server_url", "w.example"],
    ["service_id", "web"],
    ["service_key", new Secret("s3cr3t")],
    ["key_logins", "leave"],
  ]),
};
const BACK = {
  purge: false,
  force: false,
  created: [],
  backup: "/var/lib/wpam/backup/now",
  home: "/usr/lib/wpam/1.2.3",
};

function plan(host: Host, wishes: Wishes, installed: Installed | undefined): InstallPlan {
  const planned = planInstall(host, wishes, installed, "module");
  assert.ok("steps" in planned, JSON.stringify(planned));
  return planned;
}

function listPaths(steps: readonly Step[]): string[] {
  return steps.map((step) => "path" in step ? step.path : step.kind);
}

Deno.test("planInstall() writes the PAM file last, when sshd has tested its settings and before it reads them", () => {
  const { early, steps } = plan(makeHost(), WISHES, undefined);
  assert.deepEqual(listPaths(early), ["user"]);
  assert.deepEqual(listPaths(steps), [
    "/etc/wpam",
    CONF,
    "/var/log/wpam.log",
    INSTALLED,
    MODULE,
    DROP_IN,
    "command",
    "/etc/pam.d/sshd",
    "command",
  ]);
  const test = steps.find(({ kind }) => kind === "command");
  assert.deepEqual(test?.kind === "command" && test.run, [["/usr/sbin/sshd", "-t"]]);
  const last = steps.at(-1)!;
  assert.deepEqual(last.kind === "command" && last.run, [
    ["/usr/sbin/sshd", "-t"],
    ["systemctl", "reload", "ssh.service"],
  ]);
});

Deno.test("planInstall() has nothing to do the second time", () => {
  const { early, steps } = plan(makeHost(), WISHES, undefined);
  const files = carryOut([...early, ...steps]);
  const again = plan(makeHost(files), WISHES, readInstalled(files[INSTALLED]));
  assert.deepEqual([again.early, again.steps, again.warnings, again.notes], [[], [], [], []]);
});

Deno.test("planInstall() changes wpam.conf alone for a new key, and reloads nothing", () => {
  const { early, steps } = plan(makeHost(), WISHES, undefined);
  const files = carryOut([...early, ...steps]);
  const values = new Map([...WISHES.values, ["service_key", new Secret("n3w")] as const]);
  const again = plan(makeHost(files), { ...WISHES, values }, readInstalled(files[INSTALLED]));
  assert.deepEqual(listPaths(again.steps), [CONF]);
});

Deno.test("planInstall() restarts an sshd that is not the one on disk", () => {
  const listener = { pid: 1, argv: [], program: "", stale: true, started: 0, addresses: [] };
  const host = makeHost();
  const stale = { ...host, sshd: { ...host.sshd!, listeners: [listener] } };
  const last = plan(stale, WISHES, undefined).steps.at(-1)!;
  assert.deepEqual(last.kind === "command" && last.run[1], ["systemctl", "restart", "ssh.service"]);
});

Deno.test("planInstall() says that a public key gets in without Werbot, unless the login asks for both (B11)", () => {
  const told = (wishes: Wishes) =>
    plan(makeHost(), wishes, undefined).warnings.some((text) => text.includes("public key still"));
  assert.ok(told(WISHES));
  const both = { ...WISHES, login: "key,werbot" } as const;
  assert.ok(!told(both));
  assert.deepEqual(
    plan(makeHost(), both, undefined).wanted.at(-1),
    ["AuthenticationMethods", "publickey,keyboard-interactive:pam"],
  );
});

Deno.test("planInstall() leaves a service alone that is no longer wished for", () => {
  const both = { ...WISHES, services: ["sshd", "login"] };
  const login: Files = { "/etc/pam.d/login": DEBIAN["/etc/pam.d/sshd"] };
  const { early, steps } = plan(makeHost(login), both, undefined);
  const files: Files = { ...login, ...carryOut([...early, ...steps]) };
  const again = plan(makeHost(files), WISHES, readInstalled(files[INSTALLED]));
  const back = again.steps.find((step) => "path" in step && step.path === "/etc/pam.d/login");
  assert.equal(back?.kind === "file" && back.after, DEBIAN["/etc/pam.d/sshd"]);
});

Deno.test("planInstall() copies a package's PAM file, and planUninstall() removes the copy (B13)", () => {
  const vendor: Files = {
    "/etc/pam.d/sshd": undefined,
    "/usr/lib/pam.d/sshd": DEBIAN["/etc/pam.d/sshd"]!,
  };
  const { early, steps } = plan(makeHost(vendor), WISHES, undefined);
  const files: Files = { ...vendor, ...carryOut([...early, ...steps]) };
  const { created } = readInstalled(files[INSTALLED])!;
  assert.deepEqual(created, ["/etc/pam.d/sshd"]);
  const again = plan(makeHost(files), WISHES, readInstalled(files[INSTALLED]));
  assert.deepEqual(again.steps, []);
  const back = planUninstall(makeHost(files), { ...BACK, created });
  assert.ok("steps" in back);
  assert.equal(carryOut(back.steps)["/etc/pam.d/sshd"], undefined);
});

Deno.test("planInstall() names the file and the reason when it refuses", () => {
  const pam = "auth sufficient pam_unix.so\nauth required pam_wpam.so service_key=s3cr3t\r\n";
  const planned = planInstall(makeHost({ "/etc/pam.d/sshd": pam }), WISHES, undefined, "module");
  assert.ok("reasons" in planned);
  assert.match(planned.reasons[0]!, /^\/etc\/pam\.d\/sshd: line 2 ends as on Windows/);
  assert.ok(!`${planned.reasons}`.includes("s3cr3t"));
});

Deno.test("planUninstall() gives every byte back, and removes the module last", () => {
  const { early, steps } = plan(makeHost(), WISHES, undefined);
  const files = carryOut([...early, ...steps]);
  const back = planUninstall(makeHost(files), BACK);
  assert.ok("steps" in back);
  const after = carryOut(back.steps);
  assert.equal(after["/etc/pam.d/sshd"], DEBIAN["/etc/pam.d/sshd"]);
  assert.deepEqual(listPaths(back.steps), [
    "/etc/pam.d/sshd",
    DROP_IN,
    "command",
    MODULE,
    INSTALLED,
  ]);
  const nothing = planUninstall(makeHost({ ...files, ...after }), BACK);
  assert.ok("steps" in nothing && nothing.steps.length === 0);
});

Deno.test("planUninstall() leaves the module of a package", () => {
  const { early, steps } = plan(makeHost(), WISHES, undefined);
  const host = makeHost(carryOut([...early, ...steps]));
  const resolve = (path: string) =>
    host.view.resolve(path === `${BACK.home}/pam_wpam.so` ? MODULE : path);
  const back = planUninstall({ ...host, view: { ...host.view, resolve } }, BACK);
  assert.ok("steps" in back);
  assert.deepEqual(listPaths(back.steps), ["/etc/pam.d/sshd", DROP_IN, "command", INSTALLED]);
});

Deno.test("planUninstall() leaves a module that somebody else's line runs", () => {
  const { early, steps } = plan(makeHost(), WISHES, undefined);
  const files = carryOut([...early, ...steps]);
  const login: Files = { "/etc/pam.d/login": "auth required pam_wpam.so\n" };
  const back = planUninstall(makeHost({ ...files, ...login }), BACK);
  assert.ok("steps" in back);
  assert.ok(!listPaths(back.steps).includes(MODULE));
  assert.match(back.notes[0]!, /^\/etc\/pam\.d\/login, line 1, runs pam_wpam\.so and is not ours/);
});

Deno.test("planUninstall() refuses edited lines, and takes them out by force with a copy", () => {
  const { early, steps } = plan(makeHost(), WISHES, undefined);
  const files = carryOut([...early, ...steps]);
  const edited = files["/etc/pam.d/sshd"]!.replace("auth required", "auth optional");
  const host = makeHost({ ...files, "/etc/pam.d/sshd": edited });
  const refused = planUninstall(host, BACK);
  assert.ok("reasons" in refused);
  assert.match(
    refused.reasons[0]!,
    /^\/etc\/pam\.d\/sshd: lines .* were edited .*, or use --force\.$/,
  );
  const forced = planUninstall(host, { ...BACK, force: true });
  assert.ok("steps" in forced);
  assert.equal(carryOut(forced.steps)["/etc/pam.d/sshd"], DEBIAN["/etc/pam.d/sshd"]);
  assert.equal(carryOut(forced.copies)["/var/lib/wpam/backup/now/etc_pam.d_sshd"], edited);
});

Deno.test("planUninstall() removes settings, log, codes and user for --purge only", () => {
  const { early, steps } = plan(makeHost(), WISHES, undefined);
  const files = {
    ...carryOut([...early, ...steps]),
    "/var/log/wpam.log.1.gz": "old",
    "/var/lib/wpam/offline/alice/abc": "",
  };
  const kept = planUninstall(makeHost(files), BACK);
  assert.deepEqual("purge" in kept && kept.purge, []);
  const gone = planUninstall(makeHost(files), { ...BACK, purge: true });
  assert.ok("purge" in gone);
  assert.deepEqual(listPaths(gone.purge), [
    CONF,
    "/var/log/wpam.log",
    "/var/log/wpam.log.1.gz",
    "/var/lib/wpam/offline/alice/abc",
    "/var/lib/wpam/offline/alice",
    "/var/lib/wpam/offline",
    "/etc/wpam",
    "user",
  ]);
});

Deno.test("forcePam() brings back what we had commented out, and no comment as a line", () => {
  const text = "# wpam: begin 1 (x)\n#@include common-auth\n# my note\n#auth optional pam_a.so\n" +
    "auth required pam_wpam.so debug=1\n# wpam: end\naccount required pam_wpam.so\nsession x y\n";
  assert.equal(forcePam(text), "@include common-auth\nauth optional pam_a.so\nsession x y\n");
});

Deno.test("forcePam() takes a marker without its partner out, and our lines", () => {
  assert.equal(
    forcePam("auth required pam_unix.so\n# wpam: begin 1\nauth required pam_wpam.so\n"),
    "auth required pam_unix.so\n",
  );
});
