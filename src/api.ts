/**
 * The Werbot API: one connection, opened early, and one request on it.
 *
 * The request is sent once, by nobody twice, over a verified connection; no redirect is followed. The
 * only file of the helper that touches the network. Used by login.ts, and by the command for doctor.
 */
import { nameCause } from "./cause.ts";
import type { Proxy, Settings } from "./config.ts";
import { type Answer, AnswerReader, formatRequest } from "./http.ts";
import type { Secret } from "./secret.ts";
import { decodeText } from "./text.ts";

/** What Werbot is asked; the contract's own names. */
export interface Request {
  readonly serviceID: string;
  readonly serviceKey: Secret;
  readonly user: string;
  readonly tfaMethod: "totp" | "U2F";
  readonly totpCode: Secret;
  readonly userIP: string;
  readonly wID: string;
}

/** How an exchange ended, before policy: a word of Werbot's, or why there is none. */
export interface Result {
  readonly kind:
    | "granted"
    | "refused"
    | "unreachable"
    | "undecided"
    | "untrusted"
    | "misconfigured";
  /** Why, in words of ours or, as a hint, of the server's; empty when there is nothing to say. */
  readonly reason: string;
  /** What the server sent, for the debug log: parsed JSON, or text when it is none. */
  readonly answer?: {
    readonly status: number;
    readonly date: string | undefined;
    readonly body: unknown;
  };
}

const PATH = "/auth/agent/nix";

/** A stream of bytes to the server, as {@linkcode Deno.TlsConn} offers it. */
export interface Line {
  read(into: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  close(): void;
}

/** An ending that is known before a byte of the request was sent. */
class Ended extends Error {
  constructor(readonly kind: "unreachable" | "untrusted" | "misconfigured", reason: string) {
    super(reason);
  }
}

class Late extends Error {}

/** Codes of a network that does not carry; everything else during a handshake is mistrusted. */
const NETWORK = /^E(CONN(ABORTED|REFUSED|RESET)|NOTCONN|PIPE|TIMEDOUT|(NET|HOST)(DOWN|UNREACH))$/;

function isNetwork(error: unknown): boolean {
  return error instanceof Deno.errors.UnexpectedEof ||
    (error instanceof Error && "code" in error && NETWORK.test(`${error.code}`));
}

async function writeAll(line: Pick<Line, "write">, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await line.write(bytes.subarray(at));
}

function authority(host: string, port: number): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Asks the proxy for a way through; it is one line of text and an empty one, both ways. */
async function passProxy(conn: Deno.TcpConn, proxy: Proxy, target: string): Promise<void> {
  const login = proxy.user === undefined
    ? ""
    : `Proxy-Authorization: Basic ${
      btoa(String.fromCharCode(
        ...new TextEncoder().encode(`${proxy.user}:${proxy.password?.reveal() ?? ""}`),
      ))
    }\r\n`;
  await writeAll(
    conn,
    new TextEncoder().encode(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${login}\r\n`),
  );
  let head = "";
  const byte = new Uint8Array(1);
  // A byte at a time: what follows the empty line belongs to TLS.
  while (!head.endsWith("\r\n\r\n")) {
    if (head.length > 8192) throw new Ended("unreachable", "the proxy's answer is too long");
    if (await conn.read(byte) === null) throw new Ended("unreachable", "the proxy hung up");
    head += String.fromCharCode(byte[0]!);
  }
  const status = /^HTTP\/1\.[01] ([0-9]{3})[ \r]/.exec(head)?.[1];
  if (status === "403" || status === "407") {
    throw new Ended(
      "misconfigured",
      `the proxy refuses (HTTP ${status}): check http_proxy and its user and password`,
    );
  }
  if (!status?.startsWith("2")) {
    throw new Ended(
      "unreachable",
      `the proxy gave no way (${status ? `HTTP ${status}` : "not HTTP"})`,
    );
  }
}

/**
 * Opens TCP (through the proxy, if there is one) and TLS; throws {@linkcode Ended}. `hold` is given, one after the
 * other, what would end it from then on.
 */
async function open(
  settings: Settings,
  anchors: string | undefined,
  hold: (end: () => void) => void,
): Promise<Line> {
  const { server_url: server, http_proxy: proxy } = settings;
  const target = authority(server.host, server.port);
  const { host: hostname, port } = proxy ?? server;
  let peer = authority(hostname, port);
  const connecting = new AbortController();
  hold(() => connecting.abort());
  let conn: Deno.TcpConn;
  try {
    conn = await Deno.connect({ hostname, port, signal: connecting.signal });
  } catch (error) {
    const kind = error instanceof Deno.errors.NotCapable ? "misconfigured" : "unreachable";
    throw new Ended(kind, `${peer}: ${nameCause(error)}`);
  }
  hold(() => conn.close());
  try {
    conn.setNoDelay(true);
    if (proxy) await passProxy(conn, proxy, target);
    peer = target;
    if (settings.insecure_skip_verify) {
      const { openUnverified } = await import("./insecure.ts");
      const line = await openUnverified(conn, server.host);
      hold(() => line.close());
      return line;
    }
    const tls = await Deno.startTls(conn, {
      hostname: server.host,
      alpnProtocols: ["http/1.1"],
      ...(anchors === undefined ? {} : { caCerts: [anchors] }),
    });
    hold(() => tls.close());
    await tls.handshake();
    return tls;
  } catch (error) {
    if (error instanceof Ended) throw error;
    const cause = nameCause(error, anchors !== undefined);
    if (isNetwork(error)) throw new Ended("unreachable", `${peer}: ${cause}`);
    throw new Ended("untrusted", cause);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Counts a key of the outermost object in valid JSON, where JSON.parse silently takes the last. */
function countKey(json: string, key: string): number {
  let depth = 0, count = 0;
  for (const [token] of json.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"\s*:?|[{}[\]]/g)) {
    if (token === "{" || token === "[") depth++;
    else if (token === "}" || token === "]") depth--;
    else if (depth === 1 && token.endsWith(":") && JSON.parse(token.slice(0, -1)) === key) count++;
  }
  return count;
}

/** Decides on the exact key `status` alone; what else an answer holds is for the log. */
function readAnswer({ status, date, body: bytes }: Answer): Result {
  const text = decodeText(bytes);
  const body = text === undefined ? undefined : parse(text);
  const answer = { status, date, body: body ?? text ?? "(not UTF-8)" };
  const unusable = (reason: string): Result => ({ kind: "undecided", reason, answer });
  if (status === 401) return unusable("HTTP 401: check service_id and service_key");
  if (status !== 200) return unusable(`HTTP ${status}`);
  if (text === "") return unusable("the answer is empty");
  if (body === undefined) return unusable("the answer is not JSON");
  if (countKey(text!, "status") > 1) return unusable("the answer's status is given twice");
  if (typeof body !== "object" || body === null || !Object.hasOwn(body, "status")) {
    return unusable("the answer has no status");
  }
  const { status: word, reason, error } = body as Record<string, unknown>;
  if (typeof word !== "string") return unusable("the answer's status is not a text");
  const hint = [reason, error].find((text) => typeof text === "string" && text !== "") ?? "";
  return { kind: word === "success" ? "granted" : "refused", reason: hint as string, answer };
}

/** A connection to Werbot that carries at most one request. */
export class Connection {
  readonly #settings: Settings;
  readonly #anchors: string | undefined;
  /** Ends what is under way or stands. */
  #end = () => {};
  #ended = false;
  #line: Promise<Line>;
  /** The first read, begun before the request, so that an early end is seen in time. */
  #first: Promise<number | null> | undefined;
  readonly #buffer = new Uint8Array(16384);
  /** The connection ended, or never came about, with no request on it: another may be opened. */
  #lost = false;
  /** The server has spoken; before the request, that is an answer to nothing. */
  #spoke = false;

  /** Begins to connect at once, while the user still types; post() hears how it went. */
  constructor(settings: Settings, anchors: string | undefined) {
    this.#settings = settings;
    this.#anchors = anchors;
    this.#line = this.#open();
  }

  #open(): Promise<Line> {
    this.#lost = false;
    this.#release();
    const line = open(this.#settings, this.#anchors, (end) => this.#hold(end)).then((opened) => {
      this.#first = opened.read(this.#buffer);
      const lose = () => void (this.#lost = true);
      this.#first.then((count) => {
        // Servers that tire of waiting may say 408 before they close.
        const start = new TextDecoder().decode(this.#buffer.subarray(0, Math.min(count ?? 0, 13)));
        if (count === null || /^HTTP\/1\.[01] 408 /.test(start)) lose();
        else this.#spoke = true;
      }, lose);
      return opened;
    });
    line.catch((error) => this.#lost = error instanceof Ended && error.kind === "unreachable");
    return line;
  }

  /**
   * Waits until the connection stands, at most `seconds` from now; nothing is sent. Undefined when it stands, and
   * then post() may follow.
   */
  async reach(seconds: number): Promise<Result | undefined> {
    const failed = await this.#within(seconds, { sent: false }, async () => void await this.#line);
    if (failed) this.close();
    return failed;
  }

  /**
   * Sends the request, once, and reads the answer, both within `seconds` from now. A connection that was
   * lost or refused before is opened anew first; once a byte has been written, nothing is tried again.
   */
  async post(request: Request, seconds: number): Promise<Result> {
    const state = { sent: false };
    try {
      return await this.#within(seconds, state, () => this.#exchange(request, state));
    } finally {
      this.close();
    }
  }

  async #within<T>(
    seconds: number,
    state: { readonly sent: boolean },
    work: () => Promise<T>,
  ): Promise<T | Result> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    // Not setTimeout, which is Node's: its first call loads Node's timers, 9 ms that the user would wait for.
    AbortSignal.timeout(seconds * 1000).addEventListener("abort", () => reject(new Late()));
    late.catch(() => {});
    try {
      return await Promise.race([work(), late]);
    } catch (error) {
      const reason = error instanceof Late ? `no answer within ${seconds} s` : nameCause(error);
      if (state.sent) return { kind: "undecided", reason };
      if (error instanceof Ended) return { kind: error.kind, reason };
      if (error instanceof Late) {
        return { kind: "unreachable", reason: `no connection within ${seconds} s` };
      }
      return { kind: "undecided", reason };
    }
  }

  async #exchange(request: Request, state: { sent: boolean }): Promise<Result> {
    if (this.#lost) this.#line = this.#open();
    const line = await this.#line;
    if (this.#ended) throw new Error("the connection was ended");
    if (this.#spoke) return { kind: "undecided", reason: "an answer before the request" };
    const { host, port } = this.#settings.server_url;
    const bytes = formatRequest(
      port === 443 ? authority(host, port).replace(/:443$/, "") : authority(host, port),
      PATH,
      JSON.stringify({
        ...request,
        serviceKey: request.serviceKey.reveal(),
        totpCode: request.totpCode.reveal(),
      }),
    );
    state.sent = true;
    try {
      await writeAll(line, bytes);
    } finally {
      bytes.fill(0);
    }
    const reader = new AnswerReader();
    for (let count = await this.#first!;; count = await line.read(this.#buffer)) {
      const answer = count === null ? reader.end() : reader.push(this.#buffer.slice(0, count));
      if (answer) return readAnswer(answer);
    }
  }

  #hold(end: () => void): void {
    this.#end = end;
    if (this.#ended) this.#release();
  }

  #release(): void {
    try {
      this.#end();
    } catch {
      // Closed before, or taken over by TLS.
    }
  }

  /** Ends the connection, or the attempt at one. */
  close(): void {
    this.#ended = true;
    this.#release();
  }
}
