/**
 * The life of the RPM package, with its scriptlets, on a Debian that has rpm: as in test/package_life.ts. Its PAM finds
 * the package's folder by a link, and rpm does not know what Debian has installed (--nodeps).
 *
 * WPAM_TREE names the system, else it is a copy of this one. Not part of `make test`; run by test/packages.sh and
 * test/distros.sh, inside test/sandbox.sh.
 */
import assert from "node:assert/strict";
import { VERSION } from "../installer/version.ts";
import { Werbot } from "./fake/werbot.ts";
import { Machine } from "./machine.ts";
import { ID, load, type Manager, PackageLife, run } from "./package_life.ts";

const BEFORE = "0.0.9";
/** What rpm writes for itself. */
const NOISE = /^\/(var\/(lib\/rpm|cache)|run\/test)/;
/** What is left for another installation, the user and the settings, and empty folders that are others' too. */
const LEFT = new RegExp(
  "^/(etc/(passwd|shadow|group|gshadow|subuid|subgid)|(etc|var/lib)/wpam(/.*)?|" +
    "etc/(fail2ban(/(filter|jail)\\.d)?|logrotate\\.d))$",
);

Deno.test("the RPM package: install, log in, upgrade under a login, remove", async () => {
  await using werbot = await Werbot.start({ users: [{ id: ID }], reuse: true });
  await using machine = await Machine.start({ wpam: false });
  const modules = machine.modules;
  await run(machine, 0, ["ln", "-sfn", modules, "/usr/lib64/security"]);
  // Debian's rpm has its database in a home.
  const rpm = ["rpm", "--dbpath", "/var/lib/rpm"];
  const manager: Manager = {
    install: (file) => run(machine, 0, [...rpm, "--upgrade", "--nodeps", file]),
    remove: (code) => run(machine, code, [...rpm, "--erase", "wpam"]),
    verify: [...rpm, "--verify", "--nodeps", "wpam"],
  };
  const life = new PackageLife(machine, werbot, manager);
  const before = machine.list();
  const changes = () => machine.changes(before).filter((path) => !NOISE.test(path));

  await life.setUp(await load(machine, `wpam-${BEFORE}-1.`, ".rpm"), BEFORE);
  assert.ok(machine.has(`${modules}/pam_wpam.so`));

  // Another release of the same version has the same files.
  const logins = machine.read("/etc/pam.d/sshd");
  await manager.install(await load(machine, `wpam-${BEFORE}-2.`, ".rpm"));
  assert.equal(machine.read("/etc/pam.d/sshd"), logins);
  await life.expectWith(BEFORE);

  await life.upgrade(await load(machine, `wpam-${VERSION}-`, ".rpm"), BEFORE);
  assert.equal(machine.read("/etc/pam.d/sshd"), logins);
  await life.refuse();
  await run(machine, 0, manager.verify);

  await life.remove();
  assert.deepEqual(changes().filter((path) => !LEFT.test(path)), []);
  assert.ok(!machine.has("/usr/lib/wpam") && !machine.has("/usr/bin/wpam"));
  assert.match(await run(machine, 1, [...rpm, "--query", "wpam"]), /not installed/);
  assert.deepEqual(werbot.violations, []);
});
