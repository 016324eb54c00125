// Holds every way in which the fake service misbehaves, as one table of named scripts over a wire.
// It never judges a request and knows no user: the normal answer comes from the service it is given.
// Called by the fake Werbot service and the fake proxy; stories and tests name a behaviour by its line.

import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";

/** Gives the body with which Werbot grants a login. */
export const SUCCESS =
  '{"status":"success","reason":"","error":null,"intent":"authorization","data":null}';

/** Tells where in a connection a behaviour takes over. */
export type Stage = "listen" | "accept" | "tls" | "request";

/** Lends the two normal moves of a service to a script. */
export interface Service {
  /** Reads, checks and records the request, once however often it is called. */
  read(): Promise<void>;
  /** Answers the request as a well-behaved service would, and closes. */
  answer(): Promise<void>;
}

/** Holds one parsed line of misbehaviour. */
export interface Behaviour {
  readonly line: string;
  readonly stage: Stage;
  /** Says whether it ends with the first connection that it has struck. */
  readonly once: boolean;
  readonly run: Script;
}

/** Says that the connection is over, whoever ended it. */
export class Gone extends Error {
  override name = "Gone";
}

/** Carries the bytes of one connection, bare or under TLS, for scripts that are written in order. */
export class Wire {
  /** Holds all bytes that the peer has sent. */
  received = new Uint8Array(0);
  /** Says whether the peer left before this side closed. */
  left = false;
  readonly #socket: Socket;
  readonly #raw: Socket;
  readonly #gone = Promise.withResolvers<never>();
  #more = Promise.withResolvers<void>();
  #over = false;

  /** Takes over a socket; `raw` is the TCP connection below it, or the same socket. */
  constructor(socket: Socket, raw: Socket) {
    this.#socket = socket;
    this.#raw = raw;
    this.#gone.promise.catch(() => {});
    socket.on("data", (chunk: Uint8Array) => {
      this.received = concat(this.received, chunk);
      this.#more.resolve();
      this.#more = Promise.withResolvers();
    });
    const leave = () => {
      this.left ||= !this.#over;
      this.#over = true;
      this.#gone.reject(new Gone());
    };
    for (const event of ["end", "error", "close"]) socket.on(event, leave);
    for (const event of ["error", "close"]) raw.on(event, leave);
  }

  /** Waits for something, or throws Gone as soon as the connection is over. */
  wait<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.#gone.promise]);
  }

  /** Waits for an event of the socket. */
  happens(event: string): Promise<void> {
    return this.wait(new Promise((resolve) => this.#socket.once(event, resolve)));
  }

  /** Waits until the received bytes hold what `find` looks for. */
  async find<T>(find: (received: Uint8Array) => T | undefined): Promise<T> {
    while (!this.#over) {
      const found = find(this.received);
      if (found !== undefined) return found;
      await this.wait(this.#more.promise);
    }
    throw new Gone();
  }

  /** Waits for a number of milliseconds. */
  async pause(ms: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      await this.wait(new Promise((resolve) => timer = setTimeout(resolve, ms)));
    } finally {
      clearTimeout(timer);
    }
  }

  /** Does nothing more until the connection is over. */
  hold(): Promise<never> {
    return this.#gone.promise;
  }

  /** Sends bytes and waits until the kernel has taken them. */
  send(data: string | Uint8Array): Promise<void> {
    return this.wait(
      new Promise((resolve, reject) => {
        this.#socket.write(data, (error) => error ? reject(new Gone()) : resolve());
      }),
    );
  }

  /** Closes cleanly: TLS close_notify, then FIN. */
  end(): void {
    this.#over = true;
    this.#socket.end();
  }

  /** Closes TCP with a FIN and no TLS close_notify before it. */
  cut(): void {
    this.#over = true;
    this.#raw.destroy();
  }

  /** Resets the TCP connection. */
  reset(): void {
    this.#over = true;
    this.#raw.resetAndDestroy();
  }
}

/** Plugs a port: it listens with a full queue and never accepts, so that every SYN is dropped. */
export class Plug implements Disposable {
  readonly #listener: Deno.TcpListener;
  readonly #fillers: Deno.TcpConn[] = [];

  private constructor(listener: Deno.TcpListener) {
    this.#listener = listener;
  }

  /** Plugs a free port of an address until disposed. */
  static async start(hostname: string, port: number): Promise<Plug> {
    const plug = new Plug(Deno.listen({ hostname, port, tcpBacklog: 1 }));
    try {
      for (;;) {
        const signal = AbortSignal.timeout(50);
        plug.#fillers.push(await Deno.connect({ hostname, port, signal }));
      }
    } catch (error) {
      if (!(error instanceof DOMException && error.name === "TimeoutError")) throw error;
    }
    return plug;
  }

  /** Frees the port. */
  [Symbol.dispose](): void {
    for (const filler of this.#fillers) filler.close();
    this.#listener.close();
  }
}

type Script = (wire: Wire, service: Service) => Promise<void>;

interface Row {
  readonly stage: Stage;
  readonly once?: true;
  /** Names the parameters; the last one takes the rest of the line. */
  readonly usage: string;
  readonly plan: (rest: string) => Script;
}

const noise = Uint8Array.from({ length: 512 }, (_, i) => (i * 167 + 201) % 256);
const serverHello = "\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03" + "fake".repeat(6);

const rows: Readonly<Record<string, Row>> = {
  // After the request was read. Bodies say success wherever a careless client could believe them.
  "status": onRequest("CODE [BODY]", (rest) => {
    const [code, body] = split(rest);
    return reply(response({ status: integer(code), body: body || SUCCESS }));
  }),
  "redirect": onRequest("CODE URL", (rest) => {
    const [code, url] = split(rest);
    return reply(response({ status: integer(code), headers: [`Location: ${url}`], body: SUCCESS }));
  }),
  "json": onRequest("BODY", (body) => reply(response({ body }))),
  "text": onRequest("CODE TYPE BODY", (rest) => {
    const [code, more] = split(rest);
    const [type, body] = split(more);
    return reply(response({ status: integer(code), type, body }));
  }),
  "raw": onRequest("TEXT", (rest) => reply(unescape(rest))),
  "chunked": onRequest("BODY", (body) => {
    const bytes = encode(body);
    const middle = Math.ceil(bytes.length / 2);
    return reply(
      head("Transfer-Encoding: chunked"),
      concat(encode(`${middle.toString(16)};part="first"\r\n`), bytes.subarray(0, middle)),
      concat(encode(`\r\n00${(bytes.length - middle).toString(16)}\r\n`), bytes.subarray(middle)),
      "\r\n0\r\nX-Trailer: end\r\n\r\n",
    );
  }),
  "eof": onRequest("BODY", (body) => reply(head(), body)),
  "eof-cut": onRequest("BODY", (body) => async (wire) => {
    await wire.send(head() + body);
    // A moment for the bytes to leave: what is still queued would go with the socket.
    await wire.pause(20);
    wire.cut();
  }),
  "truncate": onRequest("", () => reply(response({ body: SUCCESS }).slice(0, -1))),
  "close": onRequest("", () => now((wire) => wire.end())),
  "cut": onRequest("", () => now((wire) => wire.cut())),
  "reset": onRequest("", () => now((wire) => wire.reset())),
  "silence": onRequest("", () => (wire) => wire.hold()),
  "stall-headers": onRequest("", () => sendAndHold(head().slice(0, 40))),
  "stall-body": onRequest("", () => sendAndHold(response({ body: SUCCESS }).slice(0, -10))),
  "drip": onRequest("MS", (rest) => {
    const ms = integer(rest);
    return async (wire) => {
      for (const character of response({ body: SUCCESS })) {
        await wire.send(character);
        await wire.pause(ms);
      }
      wire.end();
    };
  }),
  "big": onRequest("BYTES", (rest) => {
    const open = '{"status":"success","reason":"';
    const padding = integer(rest) - open.length - 2;
    return async (wire) => {
      await wire.send(head(`Content-Length: ${padding + open.length + 2}`) + open);
      for (let left = padding; left > 0; left -= 65_536) {
        await wire.send("x".repeat(Math.min(left, 65_536)));
      }
      await wire.send('"}');
      wire.end();
    };
  }),
  "nested": onRequest("DEPTH", (rest) => {
    const [open, close] = ["[", "]"].map((bracket) => bracket.repeat(integer(rest)));
    return reply(response({ body: `{"status":"success","data":${open}${close}}` }));
  }),
  "many-headers": onRequest("COUNT", (rest) => {
    const headers = Array.from({ length: integer(rest) }, (_, i) => `X-Header-${i}: ${i}`);
    return reply(response({ headers, body: SUCCESS }));
  }),
  "huge-header": onRequest("BYTES", (rest) => {
    const headers = [`X-Header: ${"x".repeat(integer(rest))}`];
    return reply(response({ headers, body: SUCCESS }));
  }),
  "surplus": onRequest("", () => reply(response({ body: SUCCESS }) + "surplus")),
  "informational": onRequest("", () => async (wire, service) => {
    await wire.send("HTTP/1.1 100 Continue\r\n\r\n");
    await service.answer();
  }),
  "delay": onRequest("MS", (rest) => {
    const ms = integer(rest);
    return async (wire, service) => {
      await wire.pause(ms);
      await service.answer();
    };
  }),

  // After the TLS handshake, before the request.
  "early-answer": {
    stage: "tls",
    usage: "",
    plan: () => async (wire, service) => {
      await wire.send(response({ body: SUCCESS }));
      await service.read();
      wire.end();
    },
  },
  "close-idle": { stage: "tls", once: true, usage: "MS", plan: idle((wire) => wire.end()) },
  "idle-408": {
    stage: "tls",
    once: true,
    usage: "MS",
    plan: idle(async (wire) => {
      await wire.send("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n");
      wire.end();
    }),
  },
  "reset-idle": { stage: "tls", once: true, usage: "MS", plan: idle((wire) => wire.reset()) },

  // On the bare TCP connection.
  "accept-reset": onAccept(now((wire) => wire.reset())),
  "accept-close": onAccept(now((wire) => wire.end())),
  "accept-silent": onAccept((wire) => wire.hold()),
  "not-tls": onAccept(afterHello(response({ status: 400, type: "text/html", body: "<html>" }))),
  "garbage": onAccept(afterHello(noise)),
  "tls-alert": {
    stage: "accept",
    usage: "[NUMBER]",
    plan: (rest) => afterHello(Uint8Array.of(0x15, 3, 3, 0, 2, 2, integer(rest || "40"))),
  },
  "tls-half": onAccept(async (wire) => {
    await wire.find(anyByte);
    await wire.send(serverHello);
    await wire.hold();
  }),
  "hello-reset": onAccept(async (wire) => {
    await wire.find(anyByte);
    wire.reset();
  }),

  // Before anything: the port itself, see Plug.
  "backlog": { stage: "listen", usage: "", plan: () => (wire) => wire.hold() },
};

/** Lists the behaviours with their parameters. */
export const usages: readonly string[] = Object.entries(rows).map(([name, row]) =>
  `${name} ${row.usage}`.trimEnd()
);

/** Parses the line that names a behaviour, or throws with the list of known ones. */
export function parseBehaviour(line: string): Behaviour {
  const [name, rest] = split(line);
  const row = Object.hasOwn(rows, name) ? rows[name] : undefined;
  if (row === undefined) {
    throw new Error(`unknown behaviour "${name}"; known are: ${usages.join(", ")}`);
  }
  if (rest !== "" && row.usage === "") throw new Error(`behaviour "${name}" takes no parameter`);
  return { line, stage: row.stage, once: row.once ?? false, run: row.plan(rest) };
}

/** Writes a complete HTTP/1.1 response with a length. */
export function response(
  { status = 200, type = "application/json", headers = [], body = "" }: {
    status?: number;
    type?: string;
    headers?: readonly string[];
    body?: string;
  },
): string {
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Unknown"}`,
    `Content-Type: ${type}`,
    `Content-Length: ${encode(body).length}`,
    ...headers,
    "Connection: close",
    "",
    body,
  ].join("\r\n");
}

/** Joins two pieces of bytes. */
export function concat(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}

function onRequest(usage: string, plan: Row["plan"]): Row {
  return { stage: "request", usage, plan };
}

function onAccept(script: Script): Row {
  return { stage: "accept", usage: "", plan: () => script };
}

function now(act: (wire: Wire) => void): Script {
  return (wire) => Promise.resolve(act(wire));
}

function reply(...pieces: (string | Uint8Array)[]): Script {
  return async (wire) => {
    for (const piece of pieces) await wire.send(piece);
    wire.end();
  };
}

function sendAndHold(text: string): Script {
  return async (wire) => {
    await wire.send(text);
    await wire.hold();
  };
}

function idle(act: (wire: Wire) => void): Row["plan"] {
  return (rest) => {
    const ms = integer(rest);
    return async (wire, service) => {
      const read = service.read();
      const early = await Promise.race([read.then(() => true), wire.pause(ms).then(() => false)]);
      if (early || wire.received.length > 0) {
        await read;
        return service.answer();
      }
      act(wire);
    };
  };
}

function afterHello(data: string | Uint8Array): Script {
  return async (wire) => {
    // Closing with the ClientHello unread would send a reset, which can overtake the data.
    await wire.find(anyByte);
    await wire.send(typeof data === "string" ? latin1(data) : data);
    wire.end();
  };
}

function anyByte(received: Uint8Array): true | undefined {
  return received.length > 0 || undefined;
}

function head(...headers: string[]): string {
  return ["HTTP/1.1 200 OK", "Content-Type: application/json", ...headers, "", ""].join("\r\n");
}

function split(line: string): [string, string] {
  const [, first = "", rest = ""] = /^\s*(\S*)\s?([^]*)$/.exec(line) ?? [];
  return [first, rest];
}

function integer(text: string): number {
  if (!/^\d+$/.test(text)) throw new Error(`"${text}" is not a number`);
  return Number(text);
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function unescape(text: string): Uint8Array {
  const short: Readonly<Record<string, string>> = { r: "\r", n: "\n", t: "\t", "\\": "\\" };
  let bytes = new Uint8Array(0);
  for (const [piece, code = "", hex] of text.matchAll(/\\([rnt\\]|x([0-9a-f]{2}))|[^\\]+|\\/gi)) {
    const escaped = hex === undefined ? short[code] : String.fromCharCode(parseInt(hex, 16));
    bytes = concat(bytes, escaped === undefined ? encode(piece) : latin1(escaped));
  }
  return bytes;
}
