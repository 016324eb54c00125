/**
 * src/log.ts and src/secret.ts: no input can make two lines, forge a field or print a secret.
 */
import assert from "node:assert/strict";
import { inspect } from "node:util";
import fc from "fast-check";
import { formatLine, redact, scrub } from "../../src/log.ts";
import { REDACTED, Secret } from "../../src/secret.ts";

Deno.test("formatLine() writes the documented form", () => {
  const line = formatLine("WARN", "login denied", {
    user: "alice",
    werbot_id: "alice@example.com",
    rhost: "203.0.113.7",
    method: "totp",
    ms: 142,
    ref: "k7m2p9qa",
    reason: "policy not assigned",
  });
  assert.equal(
    line,
    "WARN: login denied user=alice werbot_id=alice@example.com rhost=203.0.113.7 method=totp " +
      'ms=142 ref=k7m2p9qa reason="policy not assigned"',
  );
});

Deno.test("formatLine() leaves out what is not there, quotes and escapes the rest", () => {
  assert.equal(
    formatLine("INFO", "x", { a: undefined, b: "", c: 'q"\\', d: "a\nb", e: "é\u202e", f: "x=y" }),
    'INFO: x b="" c="q\\"\\\\" d="a\\u{a}b" e="\\u{e9}\\u{202e}" f="x=y"',
  );
});

Deno.test("formatLine() cannot be made to print a second line or a field of a stranger's", () => {
  const value = fc.string({ unit: "binary", maxLength: 300 });
  fc.assert(fc.property(value, value, (user, reason) => {
    const line = formatLine("INFO", "login denied", { user, reason });
    assert.match(line, /^[\x20-\x7e]*$/);
    const token = '(?:[A-Za-z0-9._@:+/-]+|"(?:[^"\\\\]|\\\\["\\\\]|\\\\u\\{[0-9a-f]+\\})*")';
    assert.match(line, new RegExp(`^INFO: login denied user=${token} reason=${token}$`));
  }));
});

Deno.test("formatLine() cuts long values", () => {
  assert.ok(formatLine("INFO", "x", { user: "a".repeat(100000) }).length < 300);
  assert.ok(formatLine("INFO", "x", { reason: "\u{10ffff}".repeat(9999) }).length < 300);
  assert.ok(formatLine("DEBUG", "x", { body: "\n".repeat(99999) }).length < 2100);
});

Deno.test("Secret cannot print itself", () => {
  const secret = new Secret("hunter2");
  const printed = [
    `${secret}`,
    String(secret),
    secret + "",
    JSON.stringify({ secret }),
    Deno.inspect(secret),
    Deno.inspect({ deep: [secret] }),
    inspect(secret),
    Object.keys(secret).join(),
    JSON.stringify(Object.entries(secret)),
  ].join("\n");
  assert.ok(!printed.includes("hunter2"), printed);
  assert.equal(secret.reveal(), "hunter2");
});

Deno.test("redact() blanks whatever is named like a secret, at any depth", () => {
  const names = ["serviceKey", "api_key", "accessToken", "client-secret", "PASSWORD", "totpCode"];
  for (const name of names) {
    const value = redact({ a: [{ [name]: "hunter2", b: { [name]: { deep: ["hunter2"] } } }] }, []);
    assert.ok(!JSON.stringify(value).includes("hunter2"), name);
  }
  assert.deepEqual(redact({ status: "failed", n: [1, null, true] }, []), {
    status: "failed",
    n: [1, null, true],
  });
});

Deno.test("redact() finds our own secrets in values, names and numbers", () => {
  const secrets = [new Secret("hunter2"), new Secret("123456"), new Secret("")];
  const value = { x: "key hunter2!", hunter2: 1, y: 123456, z: [["a123456b"]] };
  const printed = JSON.stringify(redact(value, secrets));
  assert.ok(!printed.includes("hunter2") && !printed.includes("123456"), printed);
  assert.equal(scrub("a hunter2 b 123456", secrets), `a ${REDACTED} b ${REDACTED}`);
});

Deno.test("redact() lets no secret through in any JSON", () => {
  const secret = "s3cr3t-value";
  const json = fc.letrec((tie) => ({
    value: fc.oneof(
      fc.string(),
      fc.integer(),
      fc.constant(null),
      fc.constantFrom(secret, `x${secret}`, `${secret}${secret}`),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(fc.oneof(fc.string(), fc.constant(secret)), tie("value"), { maxKeys: 3 }),
    ),
  })).value;
  fc.assert(fc.property(json, (value) => {
    assert.ok(!JSON.stringify(redact(value, [new Secret(secret)])).includes(secret));
  }));
});
