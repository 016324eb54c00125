/**
 * installer/visitors.ts: who is asked about, and who tries to log in.
 */
import assert from "node:assert/strict";
import { chooseTester, isLocal, listVisitors } from "../../installer/visitors.ts";
import { makeHost } from "../memory.ts";

const FILES = {
  "/etc/passwd": "root:x:0:0::/root:/bin/bash\nbin:x:2:2::/bin:/usr/sbin/nologin\n" +
    "ann:x:1000:1000::/home/ann:/bin/sh\nbob:x:1001:1001::/home/bob:/usr/sbin/nologin\n" +
    "cid:x:1002:1002::/home/cid:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n",
  "/etc/group": "ssh-users:x:50:cid\nann:x:1000:\ncid:x:1002:\n",
};
const host = (name: string) => makeHost(FILES, { operator: { uid: 0, name, ssh: undefined } });
const choose = (name: string, settings: Record<string, string> = {}) =>
  chooseTester(host(name), new Map(Object.entries(settings)));

Deno.test("listVisitors() lists the operator, an ordinary user and root, each once", () => {
  const list = (name: string) => listVisitors(host(name)).map(({ user }) => user);
  assert.deepEqual(list("cid"), ["cid", "ann", "root"]);
  assert.deepEqual(list("root"), ["root", "ann"]);
  assert.deepEqual(list("from-ldap"), ["ann", "root"]);
});

Deno.test("listVisitors() names the port that sshd listens on", () => {
  const listener = {
    pid: 1,
    argv: [],
    program: "",
    stale: false,
    started: 0,
    addresses: [["::", 2222]],
  };
  const { sshd } = makeHost();
  const busy = makeHost(FILES, { sshd: { ...sshd!, listeners: [listener as never] } });
  assert.equal(listVisitors(busy)[0]!.lport, 2222);
});

Deno.test("chooseTester() prefers the operator, but for root and users who are not local (C16)", () => {
  assert.equal(choose("cid"), "cid");
  assert.equal(choose("root"), "ann");
  assert.equal(choose("from-ldap"), "ann");
});

Deno.test("chooseTester() passes over whom sshd's lists bar", () => {
  assert.equal(choose("root", { allowusers: "root\nc*@10.0.0.*" }), "cid");
  assert.equal(choose("root", { denyusers: "ann" }), "cid");
  assert.equal(choose("root", { allowgroups: "ssh-users" }), "cid");
  assert.equal(choose("root", { denygroups: "an?" }), "cid");
  assert.equal(choose("ann", { allowgroups: "ssh-users" }), "cid");
  assert.equal(choose("root", { allowusers: "nobody-else" }), "root");
});

Deno.test("isLocal() knows the users of this machine", () => {
  assert.deepEqual([isLocal(host("x").view, "ann"), isLocal(host("x").view, "an")], [true, false]);
});
