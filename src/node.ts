/**
 * Stands in for Deno where there is only Node: as much of it as the helper uses, and no more.
 *
 * tools/build-helper.sh puts it into FLAVOUR=node in Deno's place; no file imports it, and under Deno nothing of it
 * exists. Stricter than Node: an end of TCP is no end of TLS, and whose certificate it is, for what and for when, is
 * judged as Deno's TLS judges it, in the words of that, which cause.ts and api.ts know.
 */
import type { X509Certificate } from "node:crypto";
import { connect as openTcp, isIP, Socket, type SocketConstructorOpts } from "node:net";
import process from "node:process";
import { Duplex } from "node:stream";
import { connect as openTls, type TLSSocket } from "node:tls";
import { getSystemErrorMap } from "node:util";

class UnexpectedEof extends Error {}
class NotCapable extends Error {}

/** Rustls' own choice of ciphers; keys and signatures as OpenSSL's level 2 has them: 112 bits or more. */
const CIPHERS = "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:" +
  "ECDHE+AESGCM:ECDHE+CHACHA20:@SECLEVEL=2";

/** What OpenSSL says when no way leads from a certificate to one that is trusted. */
const NO_ISSUER =
  /^(UNABLE_TO_(GET_ISSUER_CERT(_LOCALLY)?|VERIFY_LEAF_SIGNATURE)|(DEPTH_ZERO_)?SELF_SIGNED_CERT(_IN_CHAIN)?)$/;

/** Says a code of Node's in Deno's words; undefined when there are none for it. */
function findWords(code: string, errno: number | undefined): string | undefined {
  if (code === "ENOTFOUND") {
    return "failed to lookup address information: Name or service not known";
  }
  if (code === "EAI_AGAIN") {
    return "failed to lookup address information: Temporary failure in name resolution";
  }
  if (/^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)$/.test(code)) {
    return "received corrupt message of type InvalidContentType";
  }
  const alert = /^ERR_SSL_(?:SSLV3|TLSV1|TLSV13|SSL\/TLS)_(?:ALERT_)?(.+)$/.exec(code)?.[1];
  if (alert !== undefined) {
    const words = alert.toLowerCase().split("_").map((word) => capitalise(word));
    return `received fatal alert: ${words.join("")}`;
  }
  return errno === undefined ? undefined : capitalise(getSystemErrorMap().get(errno)?.[1] ?? code);
}

function capitalise(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** Puts an error of Node's into Deno's words; its code, by which api.ts goes, stays. */
function translate(error: NodeJS.ErrnoException): Error {
  const { code = "", errno, message } = error;
  if (code === "ERR_ACCESS_DENIED") return new NotCapable(message);
  const words = findWords(code, errno);
  return words === undefined ? error : Object.assign(new Error(words), { code });
}

/** Bytes that arrive by themselves, for a reader who asks; an end, good or bad, comes after the last of them. */
class Inbox {
  readonly #pieces: Uint8Array[] = [];
  #end: Error | null | undefined;
  #wake = () => {};
  readonly #ask: () => void;

  /** `ask` is told when all that had arrived has been read. */
  constructor(ask: () => void) {
    this.#ask = ask;
  }

  get empty(): boolean {
    return this.#pieces.length === 0;
  }

  put(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#wake();
  }

  /** Only the first end counts. */
  end(how: Error | null): void {
    if (this.#end === undefined) this.#end = how;
    this.#wake();
  }

  async read(into: Uint8Array): Promise<number | null> {
    for (;;) {
      const piece = this.#pieces.shift();
      if (piece) {
        const count = Math.min(into.length, piece.length);
        into.set(piece.subarray(0, count));
        // It may hold what somebody typed.
        piece.fill(0, 0, count);
        if (count < piece.length) this.#pieces.unshift(piece.subarray(count));
        return count;
      }
      if (this.#end === null) return null;
      if (this.#end) throw this.#end;
      const arrival = new Promise<void>((done) => this.#wake = done);
      this.#ask();
      await arrival;
    }
  }
}

function write(socket: Duplex, bytes: Uint8Array): Promise<number> {
  return new Promise((done, fail) =>
    socket.write(bytes, (error) => error ? fail(translate(error)) : done(bytes.length))
  );
}

/** A socket of the system's, read no faster than somebody asks. */
class Conn {
  readonly socket: Socket;
  // Not at once, inside the call that has read: libuv then takes a reset behind the bytes for an end.
  readonly #inbox = new Inbox(() => setImmediate(() => this.socket.resume()));

  constructor(make: (options: SocketConstructorOpts) => Socket) {
    const take = (count: number, buffer: Uint8Array) => {
      this.#inbox.put(buffer.subarray(0, count));
      return false;
    };
    this.socket = make({ onread: { buffer: new Uint8Array(65536), callback: take } });
    this.socket.on("end", () => this.#inbox.end(null));
    this.socket.on("error", (error) => this.#inbox.end(translate(error)));
    this.socket.on("close", () => this.#inbox.end(new UnexpectedEof("unexpected end of file")));
  }

  read(into: Uint8Array): Promise<number | null> {
    return this.#inbox.read(into);
  }

  write(bytes: Uint8Array): Promise<number> {
    return write(this.socket, bytes);
  }

  setNoDelay(on: boolean): void {
    this.socket.setNoDelay(on);
  }

  close(): void {
    this.socket.destroy();
  }
}

function connect(
  { hostname, port, signal }: { hostname: string; port: number; signal: AbortSignal },
): Promise<Conn> {
  return new Promise((done, fail) => {
    // Of several addresses Node gives all but the last a quarter of a second, which is not enough for the far side of
    // the world; Deno waits for each.
    const patience = { autoSelectFamilyAttemptTimeout: 5000 };
    const conn = new Conn((options) =>
      openTcp({ host: hostname, port, signal, ...patience, ...options })
    );
    conn.socket.once("connect", () => done(conn));
    // Of several addresses that were tried in vain, the first one's.
    conn.socket.once("error", (error) => {
      fail(translate(error instanceof AggregateError ? error.errors[0] : error));
    });
  });
}

function seconds(time: string): number {
  return Date.parse(time) / 1000;
}

/** Lists names as rustls does: `DnsName("a.example"), IpAddress(192.0.2.1) or DnsName("b.example")`. */
function listNames({ subjectAltName = "" }: X509Certificate): string {
  const names = [...subjectAltName.matchAll(/(DNS|IP Address):([^,"]+)/g)].map(([, kind, name]) =>
    kind === "DNS" ? `DnsName("${name}")` : `IpAddress(${name})`
  );
  return names.join(", ").replace(/, ([^,]*)$/, " or $1");
}

const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
/** How basicConstraints begins in DER, critical or not, when it says that the subject is an authority. */
const AUTHORITY = /551d13(0101ff)?04..30..0101ff/;

/**
 * Tells whether a certificate is that of an authority. Node's own `ca` is false where the key may not sign certificates;
 * whoever writes these bytes elsewhere into a certificate has it refused.
 */
function isAuthority({ ca, raw }: X509Certificate): boolean {
  return ca || AUTHORITY.test(raw.toString("hex"));
}

/** Says what is wrong with the server's certificate; undefined when it is `host`'s, and trusted. */
function findFault(socket: TLSSocket, host: string): string | undefined {
  const leaf = socket.getPeerX509Certificate();
  if (leaf === undefined) return "no certificate";
  const [now, from, to] = [Date.now() / 1000, seconds(leaf.validFrom), seconds(leaf.validTo)];
  if (!(now <= to)) return `certificate expired: it is not valid after ${to} (UNIX)`;
  if (!(now >= from)) return `certificate not valid yet: it is not valid before ${from} (UNIX)`;
  if (isAuthority(leaf)) return "Other(OtherError(CaUsedAsEndEntity))";
  if (!socket.authorized) {
    const code = String(socket.authorizationError);
    return NO_ISSUER.test(code) ? "UnknownIssuer" : code;
  }
  // What Node calls its key usage is the extended one; without any, a certificate is for everything.
  const uses: string[] | undefined = leaf.keyUsage;
  if (uses !== undefined && !uses.includes(SERVER_AUTH)) {
    return "certificate does not allow extended key usage for server authentication";
  }
  // Never the subject's common name, which Node goes by when it finds no other.
  const rules = { subject: "never", partialWildcards: false } as const;
  const matches = isIP(host) ? leaf.checkIP(host) : leaf.checkHost(host, rules);
  if (matches !== undefined) return undefined;
  const names = listNames(leaf);
  return `certificate not valid for name "${host}"; certificate is ` +
    (names === "" ? "not valid for any names" : `only valid for ${names}`);
}

/** TLS on a connection of which it sees the bytes, but never the end: a cut must not look like a close_notify. */
class TlsConn {
  readonly #conn: Conn;
  readonly #host: string;
  readonly #socket: TLSSocket;
  readonly #inbox = new Inbox(() => this.#resume());
  readonly #opened = Promise.withResolvers<void>();
  #resume = () => {};

  constructor(conn: Conn, host: string, protocols: string[], anchors: string[] | undefined) {
    this.#conn = conn;
    this.#host = host;
    const below = new Duplex({
      read() {},
      write: (chunk, _, done) => void conn.write(chunk).then(() => done(), done),
    });
    this.#socket = openTls({
      socket: below,
      host,
      servername: isIP(host) ? "" : host,
      ALPNProtocols: protocols,
      minVersion: "TLSv1.2",
      ciphers: CIPHERS,
      // findFault() refuses instead, and knows why: names too, for not every Node 22 finds ::1 in a certificate.
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
      ...(anchors === undefined ? {} : { ca: anchors }),
    });
    this.#opened.promise.catch(() => {});
    this.#socket.on("secureConnect", () => this.#judge());
    this.#socket.on("data", (piece: Uint8Array) => this.#inbox.put(piece));
    this.#socket.on("end", () => this.#end(null));
    this.#socket.on("error", (error) => this.#end(translate(error)));
    this.#socket.on("close", () => this.#end(new UnexpectedEof("unexpected end of file")));
    this.#feed(below);
  }

  #judge(): void {
    const fault = findFault(this.#socket, this.#host);
    if (fault === undefined) this.#opened.resolve();
    else this.#end(new Error(`invalid peer certificate: ${fault}`));
  }

  async #feed(below: Duplex): Promise<void> {
    const buffer = new Uint8Array(16384);
    try {
      for (let count; (count = await this.#conn.read(buffer)) !== null;) {
        below.push(buffer.slice(0, count));
        while (!this.#inbox.empty) await new Promise<void>((done) => this.#resume = done);
      }
      throw new UnexpectedEof("peer closed connection without sending TLS close_notify");
    } catch (error) {
      // After all that has been fed had its effect: an end of TLS comes a little later than its bytes.
      setImmediate(() => this.#end(error as Error));
    }
  }

  #end(how: Error | null): void {
    this.#opened.reject(how ?? new UnexpectedEof("unexpected end of file"));
    this.#inbox.end(how);
    if (how) this.close();
  }

  /** Ends when the server has proved to be the one that was meant. */
  handshake(): Promise<void> {
    return this.#opened.promise;
  }

  // Nothing passes, either way, before that.
  async read(into: Uint8Array): Promise<number | null> {
    await this.#opened.promise;
    return await this.#inbox.read(into);
  }

  async write(bytes: Uint8Array): Promise<number> {
    await this.#opened.promise;
    return await write(this.#socket, bytes);
  }

  close(): void {
    this.#socket.destroy();
    this.#conn.close();
  }
}

function startTls(
  conn: Conn,
  { hostname, alpnProtocols, caCerts }: {
    hostname: string;
    alpnProtocols: string[];
    caCerts?: string[];
  },
): Promise<TlsConn> {
  return Promise.resolve(new TlsConn(conn, hostname, alpnProtocols, caCerts));
}

// Newer than Node 20, the last two than Node 24.
Promise.withResolvers ??= function <T>() {
  let resolve!: PromiseWithResolvers<T>["resolve"], reject!: PromiseWithResolvers<T>["reject"];
  const promise = new Promise<T>((yes, no) => [resolve, reject] = [yes, no]);
  return { promise, resolve, reject };
};
Uint8Array.fromBase64 ??= (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
Uint8Array.prototype.toHex ??= function () {
  return [...this].map((byte) => byte.toString(16).padStart(2, "0")).join("");
};

const standIn = {
  connect,
  startTls,
  errors: { NotCapable, UnexpectedEof },
  exit: (code: number) => process.exit(code),
  // Of its own for each, not process.stdin and stdout: those would make the one socket below both of them blocking.
  stdin: new Conn((options) => new Socket({ fd: 0, writable: false, ...options })),
  stdout: new Conn((options) => new Socket({ fd: 1, readable: false, ...options })),
};

export { standIn as Deno };
