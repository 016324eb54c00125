/**
 * installer/manual.ts: the steps by hand are complete, in order, and hold no secret.
 */
import assert from "node:assert/strict";
import { writeManual } from "../../installer/manual.ts";
import { planInstall } from "../../installer/plan.ts";
import type { Wishes } from "../../installer/wishes.ts";
import type { Key } from "../../src/config.ts";
import { Secret } from "../../src/secret.ts";
import { makeHost } from "../memory.ts";

const KEY = "7ba94fcbac95b794fc6efc25e1c23f0d6b";
const HOME = "/usr/lib/wpam/1.2.3";
const WISHES: Wishes = {
  login: "password,werbot",
  services: ["sshd"],
  alongside: false,
  values: new Map<Key, string | Secret>([
    ["server_url", "w.example"],
    ["service_id", "web"],
    ["service_key", new Secret(KEY)],
  ]),
};

function write(host = makeHost(), wishes = WISHES): string {
  const plan = planInstall(host, wishes, undefined, "\0");
  return writeManual({ host, wishes, plan, home: HOME });
}

Deno.test("writeManual() numbers what install would do, in its order", () => {
  const text = write();
  const titles = [...text.matchAll(/^(\d+)\. +(.*)$/gm)].map((
    [, number, title],
  ) => [number, title]);
  assert.deepEqual(titles.map(([number]) => Number(number)), titles.map((_, at) => at + 1));
  const order = [
    "Open a second terminal as root",
    "useradd --system",
    "install -d -m 0700 /etc/wpam",
    "/etc/wpam/wpam.conf, mode",
    "/var/log/wpam.log",
    `${HOME}/pam_wpam.so /lib/security/pam_wpam.so`,
    "KbdInteractiveAuthentication yes",
    "+auth required pam_wpam.so",
    "/usr/sbin/sshd -t",
    "systemctl reload ssh.service",
    "Log in from another machine",
  ];
  const places = order.map((words) => text.indexOf(words));
  assert.ok(places.every((place) => place >= 0), `${places}\n${text}`);
  assert.deepEqual(places, places.toSorted((a, b) => a - b));
});

Deno.test("writeManual() ends with offline codes for those who may use them", () => {
  assert.doesNotMatch(write(), /offline/);
  const values = new Map([...WISHES.values, ["offline_users", "alice, bob"] as const]);
  const text = write(makeHost(), { ...WISHES, values });
  assert.match(text, /\n\d+\. +Make offline codes, .* alice, bob:\n\n +wpam offline codes USER\n$/);
});

Deno.test("writeManual() keeps the key to itself, and wpam's own notes", () => {
  const text = write();
  assert.ok(!text.includes(KEY));
  assert.ok(!text.includes("installed.json"));
  assert.match(text, /service_key = \[REDACTED\]/);
});

Deno.test("writeManual() speaks the system's own language about users", () => {
  assert.match(write(makeHost({}, { system: "freebsd" })), /pw useradd wpam /);
  assert.match(write(makeHost({}, { ids: ["alpine"] })), /adduser -S -D -H .* wpam$/m);
});

Deno.test("writeManual() gives the reasons and the general steps where install refuses", () => {
  const host = makeHost({ "/etc/pam.d/sshd": "auth sufficient pam_unix.so\r\n" });
  const text = write(host);
  assert.match(text, /wpam would not do this by itself:\n\n {2}\/etc\/pam\.d\/sshd: line 1 ends/);
  assert.match(text, /below the last line that asks for the password/);
  assert.match(text, /auth required pam_wpam\.so\n/);
});

Deno.test("writeManual() gives no steps where there is no PAM", () => {
  const host = makeHost({}, { library: undefined });
  const plan = { reasons: ["OpenBSD logs people in by BSD Auth, not by PAM."] };
  const text = writeManual({ host, wishes: WISHES, plan, home: HOME });
  assert.match(text, /BSD Auth.*\nThere are no steps to take: wpam needs PAM\.\n$/s);
  assert.doesNotMatch(text, /^1\./m);
});
