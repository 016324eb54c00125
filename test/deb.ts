/**
 * The life of the Debian package on a whole Debian: as in test/package_life.ts, with the profile for every service, purged.
 *
 * WPAM_TREE names the system. Not part of `make test`; run by test/distros.sh, inside test/sandbox.sh.
 */
import assert from "node:assert/strict";
import { VERSION } from "../installer/version.ts";
import { Werbot } from "./fake/werbot.ts";
import { Machine } from "./machine.ts";
import { ID, load, type Manager, PackageLife, run } from "./package_life.ts";

const BEFORE = "0.0.9";
/** What dpkg and pam-auth-update write for themselves. */
const NOISE = /^\/(var\/(lib\/(dpkg|pam)|cache|log\/dpkg\.log)|run\/test)/;

Deno.test("the Debian package: install, log in, upgrade under a login, remove, purge", async () => {
  await using werbot = await Werbot.start({ users: [{ id: ID }], reuse: true });
  await using machine = await Machine.start({ wpam: false });
  const debian = (code: number, ...argv: string[]) =>
    run(machine, code, argv, { DEBIAN_FRONTEND: "noninteractive" });
  const manager: Manager = {
    install: (file) => debian(0, "dpkg", "--install", file),
    remove: (code) => debian(code, "dpkg", "--remove", "wpam"),
    verify: ["dpkg", "--verify", "wpam"],
  };
  const life = new PackageLife(machine, werbot, manager);
  const before = machine.list();
  const changes = () => machine.changes(before).filter((path) => !NOISE.test(path));

  await life.setUp(await load(machine, `wpam_${BEFORE}_`, ".deb"), BEFORE);
  await life.upgrade(await load(machine, `wpam_${VERSION}_`, ".deb"), BEFORE);

  // The profile for every service is there, off, and goes before the module does.
  const common = machine.read("/etc/pam.d/common-auth");
  await debian(0, "pam-auth-update", "--enable", "wpam");
  assert.match(machine.read("/etc/pam.d/common-auth"), /^auth\trequired\tpam_wpam\.so/m);

  await life.refuse();
  assert.equal(machine.read("/etc/pam.d/common-auth"), common);
  await debian(0, "dpkg", "--configure", "--pending");

  await life.remove();
  assert.ok(!changes().some((path) => /pam\.d|sshd_config|security/.test(path)), `${changes()}`);
  await debian(0, "dpkg", "--purge", "wpam");
  assert.deepEqual(changes(), []);
  assert.ok(!machine.has("/var/log/wpam.log"));
  assert.deepEqual(werbot.violations, []);
});
