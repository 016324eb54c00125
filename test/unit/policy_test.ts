/**
 * src/policy.ts: the whole table of outcomes, without and with offline access.
 */
import assert from "node:assert/strict";
import type { Result } from "../../src/api.ts";
import { readSettings } from "../../src/config.ts";
import { type Circumstances, decide, levelOf } from "../../src/policy.ts";

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

const plain = "allowed, denied, unreachable, undecided, untrusted, misconfigured";

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

Deno.test("levelOf() warns of every offline login", () => {
  assert.equal(levelOf({ outcome: "allowed", reason: "" }), "INFO");
  assert.equal(levelOf({ outcome: "allowed", reason: "", offline: true }), "WARN");
  assert.equal(levelOf({ outcome: "denied", reason: "" }), "WARN");
  assert.equal(levelOf({ outcome: "untrusted", reason: "" }), "ERROR");
});
