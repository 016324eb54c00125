/**
 * packaging/fail2ban/wpam.conf against the lines that logins really write. `make test-packages` has fail2ban's own
 * program read them as well.
 */
import assert from "node:assert/strict";
import { REFUSALS } from "../refusals.ts";

Deno.test("the filter for fail2ban finds the address of each refusal, and no forged one", async () => {
  const filter = await Deno.readTextFile(
    new URL("../../packaging/fail2ban/wpam.conf", import.meta.url),
  );
  const [, pattern] = /^failregex = (.*)$/m.exec(filter)!;
  const refusal = new RegExp(pattern!.replace("<HOST>", "(?<host>[\\w.:-]+)"));
  for (const [line, address] of REFUSALS) {
    // fail2ban takes the time out of a line before it looks at the rest.
    const rest = line.replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/, "");
    assert.equal(refusal.exec(rest)?.groups?.host, address, line);
  }
});
