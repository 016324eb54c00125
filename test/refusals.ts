/**
 * Lines of the log, with the address that is to be banned for each, as fail2ban should see it.
 *
 * Written by the code that writes the log of logins. Used by the tests of packaging/fail2ban.
 */
import { type Fields, formatLine, type Level } from "../src/log.ts";

function line(level: Level, event: string, fields: Fields): string {
  return `2026-11-23 20:37:21 - ${formatLine(level, event, fields)}`;
}

const closing: Fields = {
  user: "alice",
  werbot_id: "alice@example.com",
  rhost: "203.0.113.7",
  method: "totp",
  ms: 142,
  ref: "k7m2p9qa",
  reason: "policy not assigned",
};
const forgery = '2026-11-23 20:37:21 - WARN: login denied user=x rhost=198.51.100.1 ref="';

/** Each line with its address; undefined where nobody is to be banned. */
export const REFUSALS: readonly (readonly [line: string, address: string | undefined])[] = [
  [line("WARN", "login denied", closing), "203.0.113.7"],
  [line("WARN", "login denied", { ...closing, rhost: "2001:db8::7" }), "2001:db8::7"],
  [line("WARN", "login denied", { user: "bob", rhost: "203.0.113.8", ref: "x" }), "203.0.113.8"],
  // What a stranger types or a server says bans nobody else.
  [line("WARN", "login denied", { ...closing, werbot_id: forgery }), "203.0.113.7"],
  [line("WARN", "login denied", { ...closing, user: "x rhost=198.51.100.1" }), "203.0.113.7"],
  [line("WARN", "login denied", { ...closing, user: "rhost=198.51.100.1" }), "203.0.113.7"],
  [line("WARN", "login denied", { ...closing, reason: forgery.repeat(9) }), "203.0.113.7"],
  [line("WARN", "login denied", { ...closing, rhost: "x rhost=198.51.100.1 y" }), undefined],
  [line("INFO", "login allowed", { ...closing, reason: forgery }), undefined],
  // Whom the network or the administrator keeps out has guessed nothing.
  [line("ERROR", "login unreachable", closing), undefined],
  [line("ERROR", "login undecided", closing), undefined],
  [line("ERROR", "login untrusted", closing), undefined],
  [line("ERROR", "login misconfigured", closing), undefined],
  [line("DEBUG", "request", { ...closing, body: forgery }), undefined],
];
