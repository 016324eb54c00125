/** installer/effective.ts: the output of `sshd -T`, read and compared. */
import assert from "node:assert/strict";
import { compareEffective, parseEffective } from "../../installer/effective.ts";

Deno.test("parseEffective() keeps values as they are, and joins those of several lines", () => {
  const text =
    "port 22\nUsePAM yes\nacceptenv LANG\nacceptenv LC_*\nauthenticationmethods a,b c\nbanner\n";
  assert.deepEqual([...parseEffective(text)], [
    ["port", "22"],
    ["usepam", "yes"],
    ["acceptenv", "LANG\nLC_*"],
    ["authenticationmethods", "a,b c"],
    ["banner", ""],
  ]);
});

Deno.test("compareEffective() lists what has come, gone and changed, and nothing else", () => {
  const before = parseEffective("usepam no\nport 22\nbanner none\n");
  const after = parseEffective("port 22\nbanner /etc/issue\nallowusers alice\n");
  assert.deepEqual(compareEffective(before, after), [
    { keyword: "allowusers", before: undefined, after: "alice" },
    { keyword: "banner", before: "none", after: "/etc/issue" },
    { keyword: "usepam", before: "no", after: undefined },
  ]);
  assert.deepEqual(compareEffective(before, before), []);
});
