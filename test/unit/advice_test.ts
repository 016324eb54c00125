/**
 * installer/advice.ts: what the end of a login means, for every reason that a login can have.
 */
import assert from "node:assert/strict";
import { advise, explainLine, isAboutService, OUTCOMES } from "../../installer/advice.ts";
import { parseLogLine } from "../../installer/log_line.ts";
import type { Outcome } from "../../src/policy.ts";
import { wrap } from "../../installer/report.ts";

const REASONS: readonly [Outcome, string, RegExp][] = [
  ["allowed", "", /let the user in/],
  ["allowed", "left to sshd (key_logins=leave)", /public key/],
  ["allowed", "offline with another factor: 127.0.0.1:1: Connection refused", /another factor/],
  ["allowed", "offline with a code: 127.0.0.1:1: Connection refused", /code, which is spent/],
  ["allowed", "offline without a factor: 127.0.0.1:1: Connection refused", /nothing/],
  ["denied", "", /refused this login/],
  ["denied", "no well-formed answer in the attempts allowed", /no Werbot ID/],
  ["denied", "sshd does not let this user log in", /sshd would not/],
  ["denied", "the application could not ask the user (conversation error)", /could not ask/],
  ["denied", "policy not assigned", /unix account/],
  ["denied", "user not found", /does not know this ID/],
  ["denied", "code already used", /used before/],
  ["denied", "wrong code", /code was wrong/],
  ["denied", "no answer from the device", /device/],
  ["denied", "request rejected", /device/],
  ["denied", "no answer within 75 s", /device/],
  ["denied", "licence expired", /this service/],
  ["denied", "bad key", /this service/],
  ["unreachable", "werbot.invalid:443: failed to lookup address information", /looked up/],
  ["unreachable", "127.0.0.1:1: Connection refused", /Nothing listens/],
  ["unreachable", "no connection within 10 s; offline access needs another factor", /came back/],
  ["unreachable", "127.0.0.1:1: Connection refused; no offline code was given", /Nothing listens/],
  ["unreachable", "h:443: the connection was reset", /on the way/],
  ["unreachable", "the proxy gave no way (HTTP 502)", /proxy/],
  ["undecided", "HTTP 401: check service_id and service_key", /this service, or its key/],
  ["undecided", "HTTP 302", /elsewhere/],
  ["undecided", "HTTP 404", /not Werbot's API/],
  ["undecided", "HTTP 503", /problem of its own/],
  ["undecided", "no answer within 10 s", /no whole answer/],
  ["undecided", "the answer is not JSON", /does not speak/],
  ["untrusted", "the certificate's issuer is not in ca.pem, which alone is trusted", /in ca\.pem/],
  ["untrusted", "the certificate is not for a but for b", /another name/],
  ["untrusted", "the certificate expired on 2026-01-01 00:00 UTC", /is over/],
  ["untrusted", "the answer is not TLS: is this the HTTPS port?", /not speak TLS/],
  ["untrusted", "received fatal alert: HandshakeFailure", /in the middle/],
  ["misconfigured", "wpam.conf line 4: unknown key: did you mean timeout?", /setting/],
  ["misconfigured", "/etc/wpam/wpam.conf belongs to uid 1000: chown root it", /Others than root/],
  ["misconfigured", "no system user wpam to run the helper as (not in the user database)", /user/],
  ["misconfigured", "the module speaks version 2, this helper 1: install again", /versions/],
  ["misconfigured", "the helper ended before its verdict; exit status 1", /helper did not/],
  ["misconfigured", "/usr/lib/wpam/0.1.0/wpam-auth: No such file or directory", /missing/],
];

Deno.test("advise() finds the meaning and the mend of every end, in sentences", () => {
  for (const [outcome, reason, meaning] of REASONS) {
    const advice = advise(outcome, reason);
    assert.match(advice.meaning, meaning, `${outcome} ${reason}`);
    assert.match(advice.meaning, /\.$/);
    if (outcome !== "allowed") assert.notEqual(advice.mend, "", reason);
    for (const line of wrap(`${advice.meaning} ${advice.mend}`, "").split("\n")) {
      assert.ok(line.length <= 80, line);
    }
  }
  assert.deepEqual([...new Set(REASONS.map(([outcome]) => outcome))], OUTCOMES);
});

Deno.test("isAboutService() tells a refusal of the service from one of a made-up user", () => {
  for (const reason of ["user not found", "wrong code", "policy not assigned", ""]) {
    assert.ok(!isAboutService(reason), reason);
  }
  for (const reason of ["invalid service key", "agent disabled", "Unauthorized"]) {
    assert.ok(isAboutService(reason), reason);
  }
});

Deno.test("explainLine() knows the usual lines of sshd and libpam, and no others", () => {
  const line = "PAM unable to dlopen(pam_wpam.so): /lib/security/pam_wpam.so: no such file";
  assert.match(explainLine(line) ?? "", /could not load pam_wpam/);
  assert.match(explainLine("error: PAM: Module is unknown for alice from ::1") ?? "", /module/);
  assert.equal(explainLine("Accepted publickey for alice from ::1 port 1 ssh2"), undefined);
});

Deno.test("parseLogLine() reads what a login writes, and nothing else", () => {
  const text =
    "2026-11-23 20:37:21 - WARN: login denied user=alice rhost=203.0.113.7 method=totp " +
    'ms=142 ref=k7m2p9qa reason="not \\"assigned\\" \\u{a}x"';
  const line = parseLogLine(text)!;
  assert.deepEqual(
    [line.time, line.level, line.event, line.outcome],
    ["2026-11-23 20:37:21", "WARN", "login denied", "denied"],
  );
  assert.equal(line.fields.get("reason"), 'not "assigned" \\u{a}x');
  assert.equal(parseLogLine(text.replace("login denied", "request"))?.outcome, undefined);
  assert.equal(parseLogLine("oops"), undefined);
});
