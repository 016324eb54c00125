/**
 * src/api.ts: whatever a server does, in whatever pieces it does it, a Connection sends one request at
 * most and grants only what was granted, in time.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { Connection, type Request, type Result } from "../../src/api.ts";
import { readSettings, type Settings } from "../../src/config.ts";
import { Secret } from "../../src/secret.ts";
import { response, SUCCESS, usages } from "../fake/behaviour.ts";
import { Authority } from "../fake/certificate.ts";
import { Werbot } from "../fake/werbot.ts";

const ID = "alice@example.com";
/** Seconds for an answer. */
const PATIENCE = 0.4;

function settle(server: string, more = ""): Settings {
  const text = `server_url = ${server}\nservice_id = fake-service-id\n` +
    `service_key = fake-service-key\n${more}`;
  const settings = readSettings(new TextEncoder().encode(text), []);
  return "mistakes" in settings ? assert.fail(settings.mistakes.join()) : settings;
}

function ask(code: string): Request {
  return {
    serviceID: "fake-service-id",
    serviceKey: new Secret("fake-service-key"),
    user: "alice",
    tfaMethod: code === "" ? "U2F" : "totp",
    totpCode: new Secret(code),
    userIP: "203.0.113.7",
    wID: ID,
  };
}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

/** A server that answers with given bytes in given pieces, and counts what it was asked. */
class Pieces implements AsyncDisposable {
  requests = 0;
  readonly #listener: Deno.TlsListener;
  readonly #serving: Promise<void>;

  constructor(identity: { chain: string; key: string }, readonly pieces: readonly Uint8Array[]) {
    this.#listener = Deno.listenTls({
      hostname: "127.0.0.1",
      port: 0,
      cert: identity.chain,
      key: identity.key,
    });
    this.#serving = this.#serve();
  }

  get address(): string {
    return `127.0.0.1:${(this.#listener.addr as Deno.NetAddr).port}`;
  }

  async #serve(): Promise<void> {
    const talks: Promise<void>[] = [];
    try {
      for await (const conn of this.#listener) talks.push(this.#talk(conn));
    } finally {
      await Promise.allSettled(talks);
    }
  }

  async #talk(conn: Deno.TlsConn): Promise<void> {
    using _ = conn;
    let received = "";
    const buffer = new Uint8Array(4096);
    while (!/\r\n\r\n\{.*\}$/s.test(received)) {
      const count = await conn.read(buffer);
      if (count === null) return;
      received += new TextDecoder().decode(buffer.subarray(0, count));
    }
    this.requests += received.split("POST ").length - 1;
    for (const piece of this.pieces) {
      for (let at = 0; at < piece.length;) at += await conn.write(piece.subarray(at));
      await pause(0);
    }
    await conn.closeWrite();
    await conn.read(buffer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#serving.catch(() => {});
  }
}

const bodies = fc.constantFrom(
  SUCCESS,
  '{"status":"success"}',
  '{"status":"failed","reason":"success"}',
  '{"Status":"success"}',
  '{"data":{"status":"success"}}',
  '["success"]',
  "success",
  "",
);

/** What a server could mean to say; `whole` is a grant if all of it arrives. */
const answers = fc.record({
  body: bodies,
  status: fc.constantFrom(200, 200, 200, 201, 302, 401, 503),
  framing: fc.constantFrom("length", "chunked", "end"),
  cuts: fc.array(fc.nat(400), { maxLength: 8 }),
  kept: fc.oneof(fc.constant(Infinity), fc.nat(300)),
});

function frame(status: number, framing: string, body: string): string {
  if (framing === "length") return response({ status, body });
  const chunks = [...body.matchAll(/.{1,7}/gs)].map(([c]) =>
    `${c.length.toString(16)}\r\n${c}\r\n`
  );
  const [header, text] = framing === "chunked"
    ? ["Transfer-Encoding: chunked\r\n", `${chunks.join("")}0\r\n\r\n`]
    : ["", body];
  return `HTTP/1.1 ${status} Status\r\n${header}\r\n${text}`;
}

Deno.test("Connection grants a whole success however it is cut, and nothing else", async () => {
  const authority = await Authority.create();
  const identity = await authority.issue({ addresses: ["127.0.0.1"] });
  await fc.assert(
    fc.asyncProperty(answers, async ({ body, status, framing, cuts, kept }) => {
      const whole = new TextEncoder().encode(frame(status, framing, body));
      const bytes = whole.subarray(0, kept);
      const edges = [0, ...cuts.filter((at) => at < bytes.length).sort((a, b) => a - b), Infinity];
      const pieces = edges.slice(1).map((edge, i) => bytes.subarray(edges[i], edge));
      await using server = new Pieces(identity, pieces);
      const connection = new Connection(settle(server.address), authority.certificate);
      const result = await connection.post(ask("123456"), 2);
      const complete = bytes.length === whole.length;
      const granted = status === 200 && complete && /^\{"status":"success"/.test(body);
      assert.equal(result.kind === "granted", granted, JSON.stringify(result));
      if (!complete) assert.equal(result.kind, "undecided", JSON.stringify(result));
      assert.equal(server.requests, 1);
    }),
    { numRuns: 150 },
  );
});

/** Every behaviour of the fake, the results that it may lead to, and the milliseconds before it shows. */
const behaviours: readonly (readonly [line: string, kinds: string, least?: number])[] = [
  ["status 200", "granted"],
  ["status 503", "undecided"],
  ["redirect 307 https://127.0.0.1/", "undecided"],
  ['json {"status":"failed"}', "refused"],
  ["text 200 text/html <html>", "undecided"],
  ["raw HTTP/1.1 200 OK\\r\\n\\r\\n{\\x22status\\x22:\\x22success\\x22}", "granted"],
  [`chunked ${SUCCESS}`, "granted"],
  [`eof ${SUCCESS}`, "granted"],
  [`eof-cut ${SUCCESS}`, "undecided"],
  ["truncate", "undecided"],
  ["close", "undecided"],
  ["cut", "undecided"],
  ["reset", "undecided"],
  ["silence", "undecided"],
  ["stall-headers", "undecided"],
  ["stall-body", "undecided"],
  ["drip 40", "undecided"],
  ["drip 0", "granted undecided"],
  ["big 1000000", "undecided"],
  ["nested 20000", "granted"],
  ["many-headers 300", "granted"],
  ["huge-header 30000", "undecided"],
  ["surplus", "granted"],
  ["informational", "granted"],
  ["delay 10", "granted"],
  ["early-answer", "undecided", 300],
  ["close-idle 10", "granted undecided"],
  ["idle-408 10", "granted undecided"],
  ["reset-idle 10", "granted undecided unreachable"],
  ["accept-reset", "unreachable"],
  ["accept-close", "unreachable"],
  ["accept-silent", "unreachable"],
  ["not-tls", "untrusted"],
  ["garbage", "untrusted"],
  ["tls-alert", "untrusted"],
  ["tls-half", "unreachable"],
  ["hello-reset", "unreachable"],
  ["backlog", "unreachable"],
];

Deno.test("Connection is tested with every behaviour of the fake", () => {
  const tested = new Set(behaviours.map(([line]) => line.split(" ")[0]));
  assert.deepEqual(usages.map((usage) => usage.split(" ")[0]).filter((x) => !tested.has(x)), []);
});

async function provoke(line: string, waiting: number): Promise<[Werbot, Result, number]> {
  await using werbot = await Werbot.start({ users: [{ id: ID }], reuse: true });
  await werbot.behave(line);
  const connection = new Connection(settle(werbot.address), werbot.ca);
  await pause(waiting);
  const started = performance.now();
  const result = await connection.post(ask(werbot.code(ID)), PATIENCE);
  return [werbot, result, performance.now() - started];
}

/** Does one behaviour and says what was wrong, if anything. */
async function judge(line: string, kinds: string, waiting: number): Promise<string[]> {
  const [werbot, { kind, reason }, elapsed] = await provoke(line, waiting);
  const count = werbot.requests.length;
  const faults = Object.entries({
    "not this kind": !kinds.split(" ").includes(kind),
    "more than one request": count > 1,
    "granted without a request": kind === "granted" && count === 0,
    "unreachable after a request": kind === "unreachable" && count > 0,
    "breaks the contract": werbot.violations.length > 0,
    "late": elapsed > PATIENCE * 1000 + 500,
    "early": /within/.test(reason) && elapsed < PATIENCE * 1000 - 1,
  }).filter(([, found]) => found).map(([fault]) => fault);
  const what = `${line} after ${waiting} ms: ${kind} (${reason}) in ${Math.round(elapsed)} ms`;
  return faults.map((fault) => `${fault}: ${what}`);
}

Deno.test("Connection sends one request at most, in time, whatever the server does and when", async () => {
  const moment = fc.integer({ min: 0, max: 40 });
  const plan = fc.tuple(...behaviours.map(() => moment));
  await fc.assert(
    fc.asyncProperty(plan, async (waits) => {
      const left = behaviours.map(([line, kinds, least = 0], i) =>
        [line, kinds, least + waits[i]!] as const
      );
      const faults: string[] = [];
      const work = async () => {
        for (let one; (one = left.pop());) faults.push(...await judge(...one));
      };
      await Promise.all(Array.from({ length: 6 }, work));
      assert.deepEqual(faults, []);
    }),
    { numRuns: 6, endOnFailure: true },
  );
});

Deno.test("Connection.close() ends an attempt that nobody wants any more", async () => {
  for (const line of ["delay 10", "accept-silent", "backlog", "close-idle 5"]) {
    for (const more of ["", "insecure_skip_verify = true\n"]) {
      await using werbot = await Werbot.start({ users: [{ id: ID }] });
      await werbot.behave(line);
      const connection = new Connection(settle(werbot.address, more), werbot.ca);
      await pause(20);
      connection.close();
      await pause(5);
      assert.equal(werbot.requests.length, 0, line);
    }
  }
});

Deno.test("Connection.close() ends an attempt whose TCP connection comes at that moment", async () => {
  await using werbot = await Werbot.start({ users: [{ id: ID }] });
  const { connect } = Deno;
  try {
    const { promise, resolve } = Promise.withResolvers<Connection>();
    Deno.connect = (async ({ port }: { port: number }) => {
      const conn = await connect({ port });
      (await promise).close();
      return conn;
    }) as typeof connect;
    const connection = new Connection(settle(werbot.address), werbot.ca);
    resolve(connection);
    assert.notEqual(await connection.reach(5), undefined);
    assert.equal(werbot.handshakes, 0);
  } finally {
    Deno.connect = connect;
  }
});

Deno.test("Connection.post() sends nothing once the connection was ended", async () => {
  await using werbot = await Werbot.start({ users: [{ id: ID }] });
  const connection = new Connection(settle(werbot.address), werbot.ca);
  assert.equal(await connection.reach(5), undefined);
  connection.close();
  const { kind, reason } = await connection.post(ask(werbot.code(ID)), 5);
  assert.deepEqual([kind, reason], ["undecided", "the connection was ended"]);
  assert.equal(werbot.requests.length, 0);
});

Deno.test("Connection.reach() sends nothing, says why it failed, and lets post() follow", async () => {
  await using werbot = await Werbot.start({ users: [{ id: ID }] });
  const settings = settle(werbot.address);
  const connection = new Connection(settings, werbot.ca);
  assert.equal(await connection.reach(5), undefined);
  await werbot.until(() => werbot.handshakes === 1);
  assert.equal(werbot.requests.length, 0);
  const { kind, answer } = await connection.post(ask(werbot.code(ID)), 5);
  assert.deepEqual([kind, werbot.handshakes, werbot.requests.length], ["granted", 1, 1]);
  assert.ok(Math.abs(Date.parse(answer?.date ?? "") - Date.now()) < 5000);

  assert.equal((await new Connection(settings, undefined).reach(5))?.kind, "untrusted");
  assert.equal(
    (await new Connection(settle("127.0.0.1:1"), undefined).reach(5))?.kind,
    "unreachable",
  );
  await werbot.behave("accept-silent");
  assert.deepEqual(await new Connection(settings, werbot.ca).reach(0.2), {
    kind: "unreachable",
    reason: "no connection within 0.2 s",
  });
});
