/**
 * src/config.ts: every setting, every kind of mistake, and no secret in any sentence.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Key,
  nearestKey,
  readAnchors,
  readSettings,
  SETTINGS,
  type Settings,
} from "../../src/config.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const standard = "server_url = werbot.test\nservice_id = svc\nservice_key = hunter2-key\n";

function settings(text: string, ...pamArguments: string[]): Settings {
  const result = readSettings(bytes(standard + text), pamArguments.map(bytes));
  assert.ok(!("mistakes" in result), JSON.stringify(result));
  return result;
}

function mistakes(text: string, ...pamArguments: string[]): readonly string[] {
  const result = readSettings(bytes(text), pamArguments.map(bytes));
  assert.ok("mistakes" in result);
  return result.mistakes;
}

Deno.test("readSettings() gives the documented defaults", () => {
  const { service_key, server_url, ...rest } = settings("");
  assert.equal(service_key.reveal(), "hunter2-key");
  assert.deepEqual(server_url, { host: "werbot.test", port: 443 });
  assert.deepEqual(rest, {
    service_id: "svc",
    offline_users: [],
    offline_factor: "required",
    key_logins: "check",
    debug: false,
    insecure_skip_verify: false,
    timeout: 10,
    u2f_timeout: 75,
    attempts: 3,
    echo_code: true,
    http_proxy: undefined,
  });
});

/** For each key: text → value as printed by JSON, or `null` for a mistake. */
const cases: Record<Key, [string, unknown][]> = {
  server_url: [
    ["https://w.test", { host: "w.test", port: 443 }],
    ["HTTPS://w.test/", { host: "w.test", port: 443 }],
    ["w.test:8443", { host: "w.test", port: 8443 }],
    ["[::1]:8443", { host: "::1", port: 8443 }],
    ["192.0.2.1", { host: "192.0.2.1", port: 443 }],
    ["http://w.test", null],
    ["https://w.test/path", null],
    ["w.test:0", null],
    ["w.test:65536", null],
    ["::1", null],
    ["w.test@evil.test", null],
    ["w test", null],
    ["", null],
  ],
  service_id: [["x", "x"], ["", null]],
  service_key: [["x", "[REDACTED]"], ["", null]],
  offline_users: [["", []], ["a", ["a"]], ["a, b,c", ["a", "b", "c"]], ["a,,b", null], [
    "a b",
    null,
  ]],
  offline_factor: [["required", "required"], ["none", "none"], ["None", null], ["", null]],
  key_logins: [["check", "check"], ["leave", "leave"], ["yes", null]],
  debug: [["true", true], ["1", true], ["false", false], ["0", false], ["yes", null], ["", null]],
  insecure_skip_verify: [["true", true], ["0", false], ["yes", null], ["TRUE", null]],
  timeout: [["1", 1], ["60", 60], ["0", null], ["61", null], ["1.5", null], ["10s", null]],
  u2f_timeout: [["5", 5], ["110", 110], ["4", null], ["111", null], ["-5", null]],
  attempts: [["1", 1], ["10", 10], ["0", null], ["11", null], ["three", null]],
  echo_code: [["false", false], ["1", true], ["on", null]],
  http_proxy: [
    ["http://p.test:3128", { host: "p.test", port: 3128 }],
    ["http://u:p%40ss@p.test:3128/", {
      host: "p.test",
      port: 3128,
      user: "u",
      password: "[REDACTED]",
    }],
    ["http://p.test", null],
    ["https://p.test:3128", null],
    ["p.test:3128", null],
    ["http://u:%zz@p.test:3128", null],
  ],
};

for (const [key, rows] of Object.entries(cases) as [Key, [string, unknown][]][]) {
  Deno.test(`readSettings() reads ${key}`, () => {
    const others = standard.split("\n").filter((line) => !line.startsWith(key)).join("\n");
    for (const [text, expected] of rows) {
      for (
        const result of [
          readSettings(bytes(`${others}\n${key} = ${text}\n`), []),
          readSettings(bytes(others), [bytes(`${key}=${text}`)]),
        ]
      ) {
        if (expected === null) {
          assert.ok("mistakes" in result, `${key}=${text}`);
          assert.equal(result.mistakes.length, 1);
          assert.match(
            result.mistakes[0]!,
            new RegExp(`^(wpam.conf line|PAM argument) \\d+: ${key} must be`),
          );
          assert.ok(result.mistakes[0]!.includes(SETTINGS[key].range));
        } else {
          assert.ok(!("mistakes" in result), JSON.stringify(result));
          assert.deepEqual(JSON.parse(JSON.stringify(result[key])), expected);
        }
      }
    }
  });
}

Deno.test("readSettings() lets PAM arguments win over the file", () => {
  assert.equal(settings("timeout = 20\n", "timeout=5").timeout, 5);
});

Deno.test("readSettings() reads comments, blanks, CRLF and a byte-order mark", () => {
  const text =
    `\u{feff}# c\r\n\r\n  server_url=w.test  \r\n\tservice_id = a b\r\nservice_key = #=x`;
  const result = readSettings(bytes(text), []);
  assert.ok(!("mistakes" in result));
  assert.equal(result.service_id, "a b");
  assert.equal(result.service_key.reveal(), "#=x");
});

Deno.test("readSettings() names place and nearest key of each mistake", () => {
  const seen = mistakes(
    `${standard}server_ulr = x\ndebug\nfoo bar\ntimeout = 0\ntimeout = 9\n`,
    "timeot=5",
  );
  assert.deepEqual(seen, [
    'wpam.conf line 4: unknown key "server_ulr": did you mean server_url?',
    'wpam.conf line 5: no "=" in it: write debug = value',
    'wpam.conf line 6: no "=" in it: write key = value',
    "wpam.conf line 8: timeout is already set in wpam.conf line 7",
    'PAM argument 1: unknown key "timeot": did you mean timeout?',
    "wpam.conf line 7: timeout must be a number of seconds from 1 to 60",
  ]);
});

Deno.test("readSettings() counts the module's own arguments, and takes them for no settings", () => {
  const own = ["config=/etc/other.conf", "log_file=/x", "helper=/x", "offline_dir=/x"];
  assert.equal(settings("", own[0]!, "timeout=5", ...own.slice(1)).timeout, 5);
  assert.deepEqual(mistakes(standard, own[0]!, "timeot=5", ...own.slice(1), "debug"), [
    'PAM argument 2: unknown key "timeot": did you mean timeout?',
    'PAM argument 6: no "=" in it: write debug = value',
  ]);
  assert.match(mistakes(`${standard}${own[0]}\n`)[0]!, /^wpam\.conf line 4: unknown key/);
});

Deno.test("readSettings() has no default server and no default key", () => {
  assert.deepEqual(mistakes("").map((text) => text.split(" is missing")[0]), [
    "wpam.conf: server_url",
    "wpam.conf: service_id",
    "wpam.conf: service_key",
  ]);
  assert.ok("mistakes" in readSettings(undefined, []));
});

Deno.test("readSettings() reports text that is not UTF-8, once", () => {
  const result = readSettings(new Uint8Array([0x61, 0xff]), []);
  assert.deepEqual(result, { mistakes: ["wpam.conf: not valid UTF-8"] });
  const onLine = readSettings(undefined, [new Uint8Array([0x61, 0xff])]);
  assert.ok("mistakes" in onLine);
  assert.equal(onLine.mistakes[0], "PAM argument 1: not valid UTF-8");
});

Deno.test("readSettings() never shows a value, wherever a secret was put by mistake", () => {
  const secret = "s3cr3t";
  for (
    const text of [
      `service_kye = ${secret}`,
      `service_key ${secret}`,
      secret,
      `${secret} ${secret}`,
      `timeout = ${secret}`,
      `http_proxy = http://u:${secret}@p`,
      `server_url = ${secret} x`,
      `service_key = ${secret}\nservice_key = ${secret}x`,
      `service_key = a\u0001${secret}`,
    ]
  ) {
    for (const seen of [mistakes(text), mistakes("", ...text.split(" "))]) {
      assert.ok(!seen.join("\n").includes(secret), seen.join("\n"));
    }
  }
});

Deno.test("readSettings() takes any text without an exception", () => {
  const line = fc.oneof(
    fc.string(),
    fc.tuple(fc.constantFrom(...Object.keys(SETTINGS)), fc.string()).map(([k, v]) => `${k}=${v}`),
  );
  fc.assert(fc.property(fc.array(line), fc.array(line), (file, line) => {
    const result = readSettings(bytes(file.join("\n")), line.map(bytes));
    if ("mistakes" in result) assert.ok(result.mistakes.every((text) => !/\p{Cc}/u.test(text)));
    else assert.ok(result.timeout >= 1 && result.timeout <= 60);
  }));
});

Deno.test("nearestKey() finds the key that was meant", () => {
  assert.equal(nearestKey("servce_key"), "service_key");
  assert.equal(nearestKey("u2ftimeout"), "u2f_timeout");
  assert.equal(nearestKey("insecure"), "insecure_skip_verify");
});

Deno.test("readAnchors() demands a certificate", () => {
  const pem = "-----BEGIN CERTIFICATE-----\nMIIBVjCB/aADAgEC\n-----END CERTIFICATE-----\n";
  assert.equal(readAnchors(bytes(`# ours\n${pem}`)), `# ours\n${pem}`);
  for (
    const text of [
      "",
      "garbage",
      pem.replace("MII", "AAA"),
      pem.replace("MII", ""),
      pem.replace("BEGIN CERT", "BEGIN KEY"),
    ]
  ) {
    assert.ok(typeof readAnchors(bytes(text)) === "object", text);
  }
});
