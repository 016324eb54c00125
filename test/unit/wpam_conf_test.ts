/**
 * installer/wpam_conf.ts: changing a setting leaves every other byte alone.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { toText } from "../../installer/host.ts";
import { checkConf, readKeys, setKeys } from "../../installer/wpam_conf.ts";
import { type Key, SETTINGS } from "../../src/config.ts";
import { Secret } from "../../src/secret.ts";

const KEY = "7ba94fcbac95b794fc6efc25e1c23f0d6b";
const values = (entries: Partial<Record<Key, string | undefined>>) =>
  new Map(Object.entries(entries) as [Key, string | undefined][]);

Deno.test("setKeys() writes a new file that a login can read", () => {
  const conf = setKeys(
    "",
    new Map<Key, string | Secret>([
      ["server_url", "api.werbot.com"],
      ["service_id", "web-1"],
      ["service_key", new Secret(KEY)],
    ]),
  );
  assert.match(
    conf,
    /^# .*\nserver_url = api\.werbot\.com\nservice_id = web-1\nservice_key = 7ba.*\n$/,
  );
  assert.ok("service_key" in checkConf(conf));
});

Deno.test("setKeys() keeps comments, order, blanks and other keys", () => {
  const conf =
    "# mine\n\n  service_key\t=  old \r\ntimeout=5\n# service_key = no\nserver_url = a\n";
  assert.equal(
    setKeys(conf, values({ service_key: "new", server_url: "a" })),
    "# mine\n\n  service_key\t=  new \r\ntimeout=5\n# service_key = no\nserver_url = a\n",
  );
});

Deno.test("setKeys() adds to a file without a final newline", () => {
  assert.equal(
    setKeys("server_url = a", values({ service_id: "b" })),
    "server_url = a\nservice_id = b\n",
  );
});

Deno.test("setKeys() takes a key out, and its second line too", () => {
  const conf = "debug = true\nserver_url = a\ndebug = false\n";
  assert.equal(setKeys(conf, values({ debug: undefined })), "server_url = a\n");
  assert.equal(setKeys(conf, values({ debug: "1" })), "debug = 1\nserver_url = a\n");
});

Deno.test("setKeys() refuses a value that would be a second line", () => {
  assert.throws(
    () => setKeys("", values({ service_id: "a\noffline_factor = none" })),
    /^Error: service_id has a line break in it: give it on one line\.$/,
  );
});

Deno.test("setKeys() changes nothing when nothing differs, and reads back what it wrote", () => {
  const key = fc.constantFrom(...Object.keys(SETTINGS) as Key[]);
  const text = fc.string({ unit: "grapheme" }).map((text) => text.replace(/[\r\n\0]/g, "").trim());
  const line = fc.oneof(
    fc.constantFrom("# a comment", "", "  ", "nonsense", "unknown = 1"),
    fc.tuple(key, text).map(([key, text]) => `${key} = ${toText(new TextEncoder().encode(text))}`),
  );
  fc.assert(fc.property(
    fc.array(line),
    fc.boolean(),
    fc.dictionary(key, text) as fc.Arbitrary<Partial<Record<Key, string>>>,
    (lines, newline, wanted) => {
      const conf = lines.join("\n") + (newline ? "\n" : "");
      const once = setKeys(conf, values(wanted));
      assert.equal(setKeys(once, values(wanted)), once);
      const read = readKeys(once);
      for (const [key, value] of values(wanted)) {
        const found = read.get(key);
        assert.equal(found instanceof Secret ? found.reveal() : found, value);
      }
      for (const kept of lines.filter((line) => !line.includes("="))) {
        assert.ok(conf === "" || once.includes(kept));
      }
    },
  ));
});

Deno.test("readKeys() hands out secrets as secrets", () => {
  const read = readKeys(`service_key = ${KEY}\nhttp_proxy = http://u:${KEY}@p:1\ntimeout = 5\n`);
  assert.ok(!JSON.stringify([...read]).includes(KEY));
  assert.equal(read.get("timeout"), "5");
});
