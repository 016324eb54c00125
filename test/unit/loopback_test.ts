/**
 * installer/loopback.ts: a client and a server that meet over a real loopback connection, and how both end.
 */
import assert from "node:assert/strict";
import { meet } from "../../installer/loopback.ts";

/** Runs a script as a client; `conn` is its connection, `say` and `hear` one line. */
function client(script: string): (port: number) => string[] {
  return (port) => [
    Deno.execPath(),
    "eval",
    "--no-config",
    `const conn = await Deno.connect({ port: ${port} });
    const say = (text) => conn.write(new TextEncoder().encode(text + "\\n"));
    const bytes = new Uint8Array(100);
    const hear = async () => new TextDecoder().decode(bytes.subarray(0, await conn.read(bytes)));
    ${script}`,
  ];
}

const server = (script: string) => ["sh", "-c", script];
const HANG = client("await conn.read(bytes); await new Promise((done) => setTimeout(done, 9999));");

Deno.test("meet() makes the connection the server's input and output, and returns the client's code", async () => {
  const talk = client(`await say("you"); Deno.exit(await hear() === "hi you\\n" ? 7 : 1);`);
  assert.equal(await meet(server("read name; echo hi $name"), talk, { seconds: 20 }), 7);
});

Deno.test("meet() gives the server a TCP connection from loopback", async () => {
  const look = `readlink /proc/self/fd/0 /proc/self/fd/1`;
  const ask = client(
    `const text = await hear(); Deno.exit(/^(socket:.*)\\n\\1\\n$/.test(text) ? 0 : 1);`,
  );
  assert.equal(await meet(server(look), ask, { seconds: 20 }), 0);
});

Deno.test("meet() returns when the client leaves before it connects", async () => {
  assert.equal(await meet(server("exit"), () => ["sh", "-c", "exit 3"], { seconds: 20 }), 3);
});

Deno.test("meet() lets the client see that the server has ended", async () => {
  const listen = client(`await say("what it will not read");
    Deno.exit(await conn.read(bytes).catch(() => null) === null ? 5 : 1);`);
  assert.equal(await meet(server("sleep 0.1; exit 1"), listen, { seconds: 20 }), 5);
});

Deno.test("meet() gives the client what it needs to know, and the server nothing", async () => {
  const tell = client(`await hear(); Deno.exit(Deno.env.get("ANSWER") === "x" ? 0 : 1);`);
  const check = server('[ -z "$ANSWER" ] && [ -z "$HOME" ] && echo ok');
  const env = { ANSWER: "x", DENO_DIR: "/dev/null/x" };
  assert.equal(await meet(check, tell, { env, seconds: 20 }), 0);
});

Deno.test("meet() ends a server that goes on without its client", async () => {
  const started = performance.now();
  assert.equal(await meet(server("exec sleep 99"), client("Deno.exit(4);"), { seconds: 60 }), 4);
  assert.ok(performance.now() - started < 10_000);
});

Deno.test("meet() ends both when the time is over", async () => {
  assert.equal(await meet(server("cat"), HANG, { seconds: 1 }), undefined);
});

Deno.test("meet() ends both when it is interrupted, and throws the reason", async () => {
  const interrupt = new AbortController();
  setTimeout(() => interrupt.abort(new Error("Ctrl-C")), 300);
  const meeting = meet(server("cat"), HANG, { seconds: 20, signal: interrupt.signal });
  await assert.rejects(meeting, /^Error: Ctrl-C$/);
  await assert.rejects(meet(server("cat"), HANG, { seconds: 20, signal: interrupt.signal }));
});

Deno.test("meet() names a program that is not there", async () => {
  const absent = ["/nonexistent/program"];
  const sentence = /^Error: \/nonexistent\/program cannot be started: is it installed\?$/;
  await assert.rejects(meet(server("cat"), () => absent, { seconds: 20 }), sentence);
  await assert.rejects(meet(absent, HANG, { seconds: 20 }), sentence);
});
