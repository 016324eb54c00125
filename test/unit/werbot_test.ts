// Proves that the fake Werbot service and its proxy do what their tables say, to the byte and error.
// It never uses the helper: a client of a few lines speaks to them, so that both cannot be wrong alike.
// Called by the unit rung.

import assert from "node:assert/strict";
import { SUCCESS, usages } from "../fake/behaviour.ts";
import { Proxy } from "../fake/proxy.ts";
import { type Certificate, type Options, Werbot } from "../fake/werbot.ts";

const id = "alice@example.com";

interface Attempt {
  readonly id?: string;
  readonly code?: string;
  readonly user?: string;
  /** Replaces fields of the JSON body. */
  readonly body?: Record<string, unknown>;
  /** Edits the request text last. */
  readonly edit?: (text: string) => string;
  readonly hostname?: string;
  readonly ca?: string;
  /** Waits between handshake and request. */
  readonly wait?: number;
  /** Gives up after this time. */
  readonly within?: number;
  /** Stops reading after so many bytes. */
  readonly enough?: number;
}

interface Outcome {
  /** Names the step that was under way: connect, handshake, write, read, or end of stream. */
  readonly stage: string;
  readonly error: string;
  readonly text: string;
}

async function attempt(werbot: Werbot, options: Attempt = {}): Promise<Outcome> {
  const { hostname = "localhost", ca = werbot.ca, within = 2000, wait = 0 } = options;
  const target = { hostname: werbot.hostname, port: werbot.port };
  let stage = "connect";
  let text = "";
  let connection: Deno.Conn | undefined;
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    connection?.close();
  }, within);
  try {
    const tcp = await Deno.connect({ ...target, signal: AbortSignal.timeout(within) });
    connection = tcp;
    tcp.setNoDelay(true);
    stage = "handshake";
    const tls = await Deno.startTls(tcp, { hostname, caCerts: [ca] });
    connection = tls;
    await tls.handshake();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    stage = "write";
    await tls.write(new TextEncoder().encode(compose(werbot, options)));
    stage = "read";
    const buffer = new Uint8Array(65_536);
    const decoder = new TextDecoder();
    for (let count; (count = await tls.read(buffer)) !== null;) {
      text += decoder.decode(buffer.subarray(0, count), { stream: true });
      if (text.length >= (options.enough ?? Infinity)) break;
    }
    return { stage: "end", error: "", text };
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    return { stage, error: late ? "late" : `${name}: ${message}`, text };
  } finally {
    clearTimeout(timer);
    if (!late) connection?.close();
  }
}

function compose(werbot: Werbot, options: Attempt): string {
  const wID = options.id ?? id;
  const code = options.code ?? werbot.code(wID);
  const body = JSON.stringify({
    serviceID: werbot.serviceID,
    serviceKey: werbot.serviceKey,
    user: options.user ?? "alice",
    tfaMethod: code === "" ? "U2F" : "totp",
    totpCode: code,
    userIP: "203.0.113.7",
    wID,
    ...options.body,
  });
  const head = [
    "POST /auth/agent/nix HTTP/1.1",
    `Host: ${werbot.address}`,
    "Content-Type: application/json",
    `Content-Length: ${new TextEncoder().encode(body).length}`,
    "Connection: close",
  ];
  const text = [...head, "", body].join("\r\n");
  return options.edit?.(text) ?? text;
}

function verdict({ stage, error, text }: Outcome): string {
  if (stage !== "end") return `${stage} ${error}`;
  const [head = "", body = ""] = text.split("\r\n\r\n");
  const { status, reason } = JSON.parse(body) as { status: string; reason: string };
  return [head.split(" ")[1], status, reason].join(" ").trimEnd();
}

function start(options: Options = {}): Promise<Werbot> {
  return Werbot.start({ users: [{ id }], ...options });
}

Deno.test("Werbot.start() grants a right code and counts the login", async () => {
  await using werbot = await start();
  const { text } = await attempt(werbot);
  assert.match(text, /^HTTP\/1\.1 200 OK\r\nContent-Type: application\/json\r\n/);
  assert.equal(text.split("\r\n\r\n")[1], SUCCESS);
  const [request] = werbot.requests;
  assert.equal(request?.method, "POST");
  assert.equal(request.path, "/auth/agent/nix");
  assert.equal(request.headers.get("content-type"), "application/json");
  assert.equal(request.body?.wID, id);
  assert.equal(request.connection, 1);
  assert.equal(request.answer, "200 success");
  const { connections, handshakes, requests, unfinished, violations } = werbot;
  assert.deepEqual([connections, handshakes, requests.length, unfinished], [1, 1, 1, 0]);
  assert.deepEqual(violations, []);
});

Deno.test("Werbot.start() answers fetch as well", async () => {
  await using werbot = await start();
  using client = Deno.createHttpClient({ caCerts: [werbot.ca] });
  const body = compose(werbot, {}).split("\r\n\r\n")[1] ?? "";
  const url = `https://localhost:${werbot.port}/auth/agent/nix`;
  const headers = { "content-type": "application/json" };
  const response = await fetch(url, { client, method: "POST", headers, body });
  assert.equal(await response.text(), SUCCESS);
  assert.deepEqual(werbot.violations, []);
});

Deno.test("Werbot.start() refuses a wrong code, an unknown ID, a foreign unix user", async () => {
  await using werbot = await start({ users: [{ id, unix: ["alice"], alias: ["al"] }] });
  const wrong = werbot.code(id, 40);
  assert.equal(verdict(await attempt(werbot, { code: wrong })), "200 failed wrong code");
  assert.equal(
    verdict(await attempt(werbot, { id: "bob", code: "000000" })),
    "200 failed user not found",
  );
  assert.equal(
    verdict(await attempt(werbot, { user: "root" })),
    "200 failed policy not assigned",
  );
  assert.equal(verdict(await attempt(werbot, { id: "al" })), "200 success");
  assert.deepEqual(werbot.violations, []);
});

Deno.test("Werbot.start() answers 401 to an unknown service", async () => {
  await using werbot = await start();
  for (const body of [{ serviceKey: "other" }, { serviceID: "other" }]) {
    assert.equal(verdict(await attempt(werbot, { body })), "401 failed unknown service");
  }
  assert.deepEqual(werbot.violations, []);
});

Deno.test("Werbot.code() gives a fresh code while the window has one", async () => {
  await using werbot = await start();
  const code = werbot.code(id);
  assert.equal(verdict(await attempt(werbot, { code })), "200 success");
  assert.equal(verdict(await attempt(werbot, { code })), "200 failed code already used");
  assert.notEqual(werbot.code(id), code);
  assert.equal(verdict(await attempt(werbot)), "200 success");
});

Deno.test("Werbot.start() accepts a code again with reuse", async () => {
  await using werbot = await start({ reuse: true });
  const code = werbot.code(id);
  for (let i = 0; i < 2; i++) {
    assert.equal(verdict(await attempt(werbot, { code })), "200 success");
  }
});

Deno.test("Werbot.start() serves IPv6 and certifies both addresses", async () => {
  await using v6 = await start({ hostname: "::1" });
  assert.equal(v6.address, `[::1]:${v6.port}`);
  assert.equal(verdict(await attempt(v6, { hostname: "::1" })), "200 success");
  await using v4 = await start();
  assert.equal(verdict(await attempt(v4, { hostname: "127.0.0.1" })), "200 success");
});

Deno.test("Werbot.start() holds a U2F request as long as the user's key says", async () => {
  const users = [
    { id: "yes", key: "approve", after: 30 },
    { id: "no", key: "reject", after: 30 },
    { id: "never" },
  ] as const;
  await using werbot = await start({ users, hold: 60 });
  const press = (user: string) => attempt(werbot, { id: user, code: "" });
  const [yes, no, never] = await Promise.all([press("yes"), press("no"), press("never")]);
  assert.equal(verdict(yes), "200 success");
  assert.equal(verdict(no), "200 failed request rejected");
  assert.equal(verdict(never), "200 failed no answer from the device");
  assert.equal(werbot.pending(), 0);
});

Deno.test("Werbot.approve() and reject() decide the requests that are pending", async () => {
  await using werbot = await start();
  const first = attempt(werbot, { code: "" });
  await werbot.until(() => werbot.pending(id) === 1);
  assert.equal(werbot.pending("bob"), 0);
  assert.equal(werbot.approve(id), 1);
  assert.equal(verdict(await first), "200 success");
  const second = attempt(werbot, { code: "" });
  await werbot.until(() => werbot.pending() === 1);
  assert.equal(werbot.reject(), 1);
  assert.equal(verdict(await second), "200 failed request rejected");
});

Deno.test("Werbot.unfinished counts clients that leave a held request", async () => {
  await using werbot = await start();
  assert.equal((await attempt(werbot, { code: "", within: 50 })).error, "late");
  await werbot.until(() => werbot.unfinished === 1);
  assert.equal(werbot.pending(), 0);
  assert.equal(werbot.requests[0]?.answer, "the client left");
});

Deno.test("Werbot.until() gives up in the end", async () => {
  await using werbot = await start();
  await assert.rejects(werbot.until(() => werbot.connections > 0, 10), /not within 10 ms/);
});

const breaches: Record<string, [Attempt, RegExp]> = {
  "another method": [{ edit: (text) => text.replace("POST", "PUT") }, /request line/],
  "another path": [{ edit: (text) => text.replace("/nix", "/nix/") }, /request line/],
  "another host": [{ edit: (text) => text.replace("127.0.0.1:", "127.0.0.2:") }, /host/],
  "another type": [{ edit: (text) => text.replace("application", "text") }, /content-type/],
  "no length": [{ edit: (text) => text.replace(/Content-Length.*\r\n/, "") }, /content-length/],
  "a header twice": [
    { edit: (text) => text.replace("Connection: close", "Host: a") },
    /host sent twice/i,
  ],
  "a folded header": [
    { edit: (text) => text.replace("Connection:", " Connection:") },
    /malformed/,
  ],
  "an eighth key": [{ body: { more: "" } }, /not an object/],
  "a missing key": [{ body: { userIP: undefined } }, /not an object/],
  "a number": [{ body: { userIP: 1 } }, /not an object/],
  "no JSON": [{ edit: (text) => text.replace('{"', "{'") }, /not JSON/],
  "a code with U2F": [{ body: { tfaMethod: "U2F" } }, /do not fit/],
  "totp in capitals": [{ body: { tfaMethod: "TOTP" } }, /do not fit/],
  "a short code": [{ code: "12345" }, /do not fit/],
  "an ID with a blank": [{ id: " alice", code: "" }, /wID/],
  "an empty ID": [{ id: "", code: "" }, /wID/],
  "an ID of 255 bytes": [{ id: "x".repeat(255), code: "" }, /wID/],
  "an empty user": [{ user: "" }, /empty user/],
};

for (const [name, [options, fault]] of Object.entries(breaches)) {
  Deno.test(`Werbot.violations records ${name}`, async () => {
    await using werbot = await start();
    assert.match(verdict(await attempt(werbot, options)), /^400 failed /);
    assert.match(werbot.violations.join("\n"), fault);
  });
}

Deno.test("Werbot.violations records bytes beyond the request or short of one", async () => {
  await using werbot = await start();
  await attempt(werbot, { edit: (text) => text + text });
  await werbot.until(() => werbot.violations.length === 1);
  assert.match(werbot.violations[0] ?? "", /^connection 1: \d+ bytes/);
  await attempt(werbot, { edit: (text) => text.slice(0, -1), within: 30 });
  await werbot.until(() => werbot.violations.length === 2);
  assert.equal(werbot.requests.length, 1);
});

const certificates: Record<Exclude<Certificate, "good" | "ends-soon" | "ends-now">, RegExp> = {
  "other-ca": /^InvalidData: invalid peer certificate: UnknownIssuer$/,
  "wrong-name": /^InvalidData: .*certificate not valid for name "localhost"/,
  "common-name": /^InvalidData: .*certificate not valid for name "localhost".* any names/,
  "expired": /^InvalidData: .*certificate expired: verification time/,
  "not-yet-valid": /^InvalidData: .*certificate not valid yet: verification time/,
  "self-signed": /^InvalidData: .*UnknownIssuer$/,
  "self-signed-ca": /^InvalidData: .*CaUsedAsEndEntity/,
  "authority": /^InvalidData: .*CaUsedAsEndEntity/,
  "called-authority": /^InvalidData: .*CaUsedAsEndEntity/,
  "other-use": /^InvalidData: .*does not allow extended key usage for server authentication/,
};

for (const [certificate, error] of Object.entries(certificates)) {
  Deno.test(`Werbot.start() presents a certificate that is ${certificate}`, async () => {
    await using werbot = await start({ certificate: certificate as Certificate });
    const outcome = await attempt(werbot);
    assert.equal(outcome.stage, "handshake");
    assert.match(outcome.error, error);
    assert.deepEqual([werbot.connections, werbot.handshakes], [1, 0]);
  });
}

Deno.test("Werbot.leaf can be pinned when it signed itself", async () => {
  await using leaf = await start({ certificate: "self-signed" });
  assert.equal(verdict(await attempt(leaf, { ca: leaf.leaf })), "200 success");
  await using authority = await start({ certificate: "self-signed-ca" });
  assert.match((await attempt(authority, { ca: authority.leaf })).error, /CaUsedAsEndEntity/);
});

Deno.test("Werbot.start() covers further names", async () => {
  await using werbot = await start({ names: ["werbot.example"] });
  const edit = (text: string) => text.replace(/Host: .*/, "Host: werbot.example");
  assert.equal(verdict(await attempt(werbot, { hostname: "werbot.example", edit })), "200 success");
});

/** Says of each behaviour what a client sees: the stage, the error, and the text. */
type Expected = [line: string, stage: string, error: RegExp, text: RegExp, options?: Attempt];

const none = /^$/;
const late = /^late$/;
const reset = /^ConnectionReset: /;
const eof = /^UnexpectedEof: peer closed connection without sending TLS close_notify/;
const success = /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n\{"status":"success"[^]*\}$/;

const behaviours: readonly Expected[] = [
  ["status 503", "end", none, /^HTTP\/1\.1 503 Service Unavailable\r\n[^]*"success"/],
  ["status 401 no", "end", none, /^HTTP\/1\.1 401 Unauthorized\r\n[^]*\r\nno$/],
  ["redirect 307 http://127.0.0.1:9/", "end", none, /^HTTP\/1\.1 307 [^]*\r\nLocation: http:.*\r/],
  ['json {"status":"success"}', "end", none, /Length: 20\r\n[^]*\r\n\r\n\{"status":"success"\}$/],
  ["text 200 text/html <html>ü", "end", none, /Type: text\/html\r\n[^]*Length: 8\r\n[^]*<html>ü$/],
  [String.raw`raw HTTP/1.1 200\r\n\x00\\ü`, "end", none, /^HTTP\/1\.1 200\r\n\0\\ü$/],
  ['chunked {"a":1}', "end", none, /\r\n4;part="first"\r\n\{"a"\r\n003\r\n:1\}\r\n0\r\nX-Trailer/],
  ["eof {}", "end", none, /json\r\n\r\n\{\}$/],
  ["eof-cut {}", "read", eof, /json\r\n\r\n\{\}$/],
  ["truncate", "end", none, /Length: 82\r\n[^]*\r\n\r\n.{81}$/],
  ["close", "end", none, none],
  ["cut", "read", eof, none],
  ["reset", "read", reset, none],
  ["silence", "read", late, none, { within: 40 }],
  ["stall-headers", "read", late, /^HTTP\/1\.1 200 OK\r\n[^\n]*$/, { within: 40 }],
  ["stall-body", "read", late, /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n.{72}$/, { within: 40 }],
  ["drip 0", "end", none, success],
  ["drip 5", "read", late, /^HTTP\/1[^\r]*$/, { within: 60 }],
  ["big 300000", "end", none, success],
  ["big 1000000000", "end", none, /"success"/, { enough: 100_000 }],
  ["nested 3", "end", none, /"data":\[{3}\]{3}\}$/],
  ["many-headers 500", "end", none, /\r\nX-Header-0: 0\r\n[^]*\r\nX-Header-499: 499\r\n/],
  ["huge-header 100000", "end", none, /\r\nX-Header: x{100000}\r\n/],
  ["surplus", "end", none, /\}surplus$/],
  ["informational", "end", none, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/],
  ["delay 30", "end", none, success],
  ["delay 100", "read", late, none, { within: 30 }],
  ["early-answer", "end", none, success],
  ["early-answer", "read", late, success, { edit: () => "", within: 40 }],
  ["close-idle 10", "end", none, none, { wait: 30 }],
  ["close-idle 1000", "end", none, success],
  ["idle-408 10", "end", none, /^HTTP\/1\.1 408 /, { wait: 30 }],
  ["reset-idle 10", "write", reset, none, { wait: 30 }],
  ["accept-reset", "connect|handshake", reset, none],
  ["accept-close", "handshake", /^UnexpectedEof: unexpected end of file$/, none],
  ["accept-silent", "handshake", late, none, { within: 40 }],
  ["not-tls", "handshake", /^InvalidData: received corrupt message.*InvalidContentType$/, none],
  ["garbage", "handshake", /^InvalidData: received corrupt message.*InvalidContentType$/, none],
  ["tls-alert", "handshake", /^InvalidData: received fatal alert: HandshakeFailure$/, none],
  ["tls-alert 70", "handshake", /^InvalidData: received fatal alert: ProtocolVersion$/, none],
  ["tls-half", "handshake", late, none, { within: 40 }],
  ["hello-reset", "handshake", reset, none],
  ["backlog", "connect", late, none, { within: 60 }],
];

for (const [line, stage, error, text, options = {}] of behaviours) {
  Deno.test(`Werbot.behave() ${line} ${JSON.stringify(options)}`, async () => {
    await using werbot = await start();
    await werbot.behave(line);
    const outcome = await attempt(werbot, options);
    assert.match(outcome.stage, new RegExp(`^(${stage})$`), outcome.error);
    assert.match(outcome.error, error);
    assert.match(outcome.text, text);
    await werbot.behave();
    assert.equal(verdict(await attempt(werbot)), "200 success");
    assert.deepEqual(werbot.violations, []);
  });
}

Deno.test("Werbot.behave() is tested for each behaviour there is", () => {
  const tested = new Set(behaviours.map(([line]) => line.split(" ")[0]));
  assert.deepEqual(usages.map((usage) => usage.split(" ")[0]).filter((x) => !tested.has(x)), []);
});

Deno.test("Werbot.behave() refuses an unknown line and lists the known ones", async () => {
  await using werbot = await start();
  await assert.rejects(werbot.behave("tsl-alert"), /unknown behaviour "tsl-alert".*tls-alert/);
  await assert.rejects(werbot.behave("constructor"), /unknown behaviour/);
  await assert.rejects(werbot.behave("drip fast"), /"fast" is not a number/);
  await assert.rejects(werbot.behave("close 5"), /takes no parameter/);
});

Deno.test("Werbot.behave() serves the connection after close-idle normally", async () => {
  for (const line of ["close-idle 10", "reset-idle 10"]) {
    await using werbot = await start();
    await werbot.behave(line);
    await attempt(werbot, { wait: 30 });
    assert.equal(verdict(await attempt(werbot, { wait: 30 })), "200 success");
    assert.deepEqual([werbot.connections, werbot.requests.length], [2, 1]);
  }
});

Deno.test("Werbot.behaveFor() strikes one ID and leaves the others alone", async () => {
  await using werbot = await start({ users: [{ id }, { id: "bob" }] });
  werbot.behaveFor("bob", "status 500");
  assert.equal(verdict(await attempt(werbot, { id: "bob" })), "500 success");
  assert.equal(verdict(await attempt(werbot)), "200 success");
  assert.throws(() => werbot.behaveFor("bob", "accept-reset"), /before the ID is known/);
  werbot.behaveFor("bob");
  assert.equal(verdict(await attempt(werbot, { id: "bob" })), "200 success");
});

Deno.test("Werbot.unfinished counts a client that stops reading a big answer", async () => {
  await using werbot = await start();
  await werbot.behave("big 1000000000");
  await attempt(werbot, { enough: 100_000 });
  await werbot.until(() => werbot.unfinished === 1);
});

Deno.test("Werbot[Symbol.asyncDispose]() closes whatever is still open", async () => {
  const lines = ["silence", "accept-silent", "tls-half", "close-idle 60000", "delay 60000"];
  for (const line of lines) {
    const werbot = await start();
    await werbot.behave(line);
    const waiting = attempt(werbot, { wait: line.startsWith("close-idle") ? 50 : 0 });
    await werbot.until(() => werbot.connections === 1);
    await werbot[Symbol.asyncDispose]();
    assert.notEqual((await waiting).error, "late", line);
  }
});

Deno.test({
  name: "Werbot[Symbol.asyncDispose]() leaves no socket behind",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    // The sanitizers of Deno.test do not see the sockets of node:net, but the kernel does.
    const open = (port: number) => {
      const local = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
      return Deno.readTextFileSync("/proc/net/tcp").split("\n").filter((line) => {
        const [, address = "", , state = ""] = line.trim().split(/\s+/);
        return address.endsWith(local) && ["01", "08", "0A"].includes(state);
      });
    };
    for (const line of ["silence", "reset", "stall-body", "accept-silent", "backlog"]) {
      const werbot = await start();
      await werbot.behave(line);
      const waiting = attempt(werbot, { within: 60 });
      await werbot.until(() => werbot.connections === 1 || line === "backlog");
      assert.notEqual(open(werbot.port).length, 0);
      await werbot[Symbol.asyncDispose]();
      assert.deepEqual(open(werbot.port), [], line);
      await waiting;
    }
  },
});

async function tunnel(proxy: Proxy, target: string, credentials?: string): Promise<string> {
  const basic = credentials === undefined
    ? ""
    : `Proxy-Authorization: Basic ${btoa(credentials)}\r\n`;
  using connection = await Deno.connect({ hostname: proxy.hostname, port: proxy.port });
  const timer = setTimeout(() => connection.closeWrite(), 60);
  const request = `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${basic}\r\n`;
  await connection.write(new TextEncoder().encode(request));
  const buffer = new Uint8Array(1024);
  const count = await connection.read(buffer);
  clearTimeout(timer);
  return new TextDecoder("latin1").decode(buffer.subarray(0, count ?? 0)).split("\r\n")[0] ?? "";
}

Deno.test("Proxy.start() tunnels a login to the target that its route names", async () => {
  await using werbot = await start({ names: ["werbot.example"] });
  const routes = { "werbot.example:443": werbot.address };
  await using proxy = await Proxy.start({ credentials: "u:p", routes });
  using client = Deno.createHttpClient({
    caCerts: [werbot.ca],
    proxy: { url: proxy.url, basicAuth: { username: "u", password: "p" } },
  });
  const body = compose(werbot, {}).split("\r\n\r\n")[1] ?? "";
  const headers = { "content-type": "application/json" };
  const url = "https://werbot.example/auth/agent/nix";
  const response = await fetch(url, { client, method: "POST", headers, body });
  assert.equal(await response.text(), SUCCESS);
  assert.deepEqual(proxy.targets, ["werbot.example:443"]);
  assert.deepEqual([proxy.connections, proxy.tunnels], [1, 1]);
  assert.deepEqual([...proxy.violations, ...werbot.violations], []);
});

Deno.test("Proxy.start() asks for its credentials", async () => {
  await using werbot = await start();
  await using proxy = await Proxy.start({ credentials: "u:p" });
  assert.match(await tunnel(proxy, werbot.address), /^HTTP\/1\.1 407 /);
  assert.match(await tunnel(proxy, werbot.address, "u:q"), /^HTTP\/1\.1 407 /);
  assert.match(await tunnel(proxy, werbot.address, "u:p"), /^HTTP\/1\.1 200 /);
  assert.deepEqual([proxy.targets.length, proxy.tunnels, werbot.connections], [3, 1, 1]);
});

Deno.test("Proxy.start() answers 502 when the target refuses", async () => {
  await using werbot = await start();
  const { address } = werbot;
  await werbot[Symbol.asyncDispose]();
  await using proxy = await Proxy.start();
  assert.match(await tunnel(proxy, address), /^HTTP\/1\.1 502 /);
});

Deno.test("Proxy.behave() answers with a status, with garbage, or not at all", async () => {
  await using proxy = await Proxy.start();
  for (const status of [403, 407, 502]) {
    proxy.behave(`status ${status}`);
    assert.match(await tunnel(proxy, "a:1"), new RegExp(`^HTTP/1\\.1 ${status} `));
  }
  proxy.behave("garbage");
  assert.match(await tunnel(proxy, "a:1"), /^\xc9/);
  proxy.behave("silence");
  assert.equal(await tunnel(proxy, "a:1"), "");
  assert.throws(() => proxy.behave("backlog"), /nothing that a proxy can do/);
  assert.deepEqual(proxy.targets, ["a:1", "a:1", "a:1", "a:1"]);
});

Deno.test("Proxy.violations records what is no CONNECT", async () => {
  await using proxy = await Proxy.start();
  assert.match(await tunnel(proxy, "no-port"), /^HTTP\/1\.1 400 /);
  assert.equal(proxy.violations.length, 1);
});
