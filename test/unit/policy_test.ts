/**
 * src/policy.ts: the whole table of outcomes, without and with offline access.
 */
import assert from "node:assert/strict";
import type { Result } from "../../src/api.ts";
import { readSettings } from "../../src/config.ts";
import { type Circumstances, decide, decideByCode, levelOf, takesCode } from "../../src/policy.ts";

function settings(more: string) {
  const text = `server_url = w\nservice_id = i\nservice_key = k\n${more}`;
  const result = readSettings(new TextEncoder().encode(text), []);
  assert.ok(!("mistakes" in result));
  return result;
}

const kinds = [
  "granted",
  "refused",
  "unreachable",
  "undecided",
  "untrusted",
  "misconfigured",
] as const;
type Kind = typeof kinds[number];
const outcomes = [
  "allowed",
  "denied",
  "unreachable",
  "undecided",
  "untrusted",
  "misconfigured",
] as const;

function outcome(kind: Kind, login: Partial<Circumstances>, more = ""): string {
  const result: Result = { kind, reason: "why" };
  const circumstances = {
    user: "alice",
    phase: "authenticate",
    method: "totp",
    otherFactor: false,
    ...login,
  } as const;
  const verdict = decide(result, circumstances, settings(more));
  return `${verdict.outcome}${verdict.offline ? " offline" : ""}`;
}

const all = (login: Partial<Circumstances>, more = "") =>
  kinds.map((kind) => outcome(kind, login, more)).join(", ");

const plain = outcomes.join(", ");

Deno.test("decide() maps each result to its outcome for a login with a code", () => {
  assert.equal(all({}), plain);
  assert.equal(all({ otherFactor: true }), plain);
});

Deno.test("decide() denies a U2F login without a usable answer, but not a check of a key login", () => {
  assert.equal(all({ method: "U2F" }), plain.replace("undecided", "denied"));
  assert.equal(all({ method: "U2F", phase: "account" }), plain);
});

Deno.test("decide() lets a listed user with another factor pass an unreachable Werbot only", () => {
  const more = "offline_users = bob, alice";
  const passed = plain.replace("unreachable", "allowed offline");
  assert.equal(all({ otherFactor: true }, more), passed);
  assert.equal(all({ otherFactor: true, phase: "account", method: "U2F" }, more), passed);
  assert.equal(all({ otherFactor: true, user: "carol" }, more), plain);
  assert.equal(all({ otherFactor: true, user: "Alice" }, more), plain);
  assert.equal(all({}, more), plain);
});

Deno.test("decide() lets a listed user pass without a factor only where that is asked for", () => {
  const more = "offline_users = alice\noffline_factor = none";
  assert.equal(all({}, more), plain.replace("unreachable", "allowed offline"));
  assert.equal(all({ user: "bob" }, more), plain);
});

Deno.test("takesCode() wants a listed user, somebody to ask, and an end that is no word of Werbot", () => {
  const list = (user: string, phase: "authenticate" | "account", more: string) =>
    outcomes.filter((outcome) =>
      takesCode({ outcome, reason: "" }, { user, phase }, settings(more))
    );
  const more = "offline_users = bob, alice";
  assert.deepEqual(list("alice", "authenticate", more), ["unreachable", "undecided", "untrusted"]);
  assert.deepEqual(list("alice", "account", more), []);
  assert.deepEqual(list("Alice", "authenticate", more), []);
  assert.deepEqual(list("alice", "authenticate", ""), []);
});

Deno.test("decideByCode() lets in by a spent code alone, and keeps the outcome otherwise", () => {
  for (const outcome of ["unreachable", "undecided", "untrusted"] as const) {
    const failure = { outcome, reason: "why" };
    const reason = "offline with a code: why";
    assert.deepEqual(decideByCode(failure, "spent"), { outcome: "allowed", offline: true, reason });
    assert.deepEqual(decideByCode(failure, "none"), {
      outcome,
      reason: "why; no offline code was given",
    });
    assert.deepEqual(decideByCode(failure, "bad"), {
      outcome,
      reason: "why; the offline codes were refused",
    });
  }
});

Deno.test("levelOf() warns of every offline login", () => {
  assert.equal(levelOf({ outcome: "allowed", reason: "" }), "INFO");
  assert.equal(levelOf({ outcome: "allowed", reason: "", offline: true }), "WARN");
  assert.equal(levelOf({ outcome: "denied", reason: "" }), "WARN");
  assert.equal(levelOf({ outcome: "untrusted", reason: "" }), "ERROR");
});
