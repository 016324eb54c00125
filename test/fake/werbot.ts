// Plays a Werbot server on loopback: HTTPS with the one call that logins make, strictly checked.
// It never forgives a request that breaks the contract, and never leaves a socket or timer behind.
// Called by every test above the unit rung, and by main.ts for trying things by hand.

import { createServer, type Server, type Socket } from "node:net";
import { createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import { Secret, TOTP } from "otpauth";
import { type Behaviour, Gone, parseBehaviour, Plug, response, Wire } from "./behaviour.ts";
import { Authority, type Identity, selfSign, type Subject } from "./certificate.ts";

// node:net and node:tls, because only their sockets can be reset and put under TLS after accept.

const day = 86_400_000;
const keys = ["serviceID", "serviceKey", "user", "tfaMethod", "totpCode", "userIP", "wID"] as const;

/** Names the certificates that the service can present. */
export type Certificate =
  | "good"
  | "other-ca"
  | "wrong-name"
  | "common-name"
  | "expired"
  | "not-yet-valid"
  | "ends-soon"
  | "ends-now"
  | "self-signed"
  | "self-signed-ca"
  | "authority"
  | "called-authority"
  | "other-use";

/** Describes a user whom the service knows. */
export interface User {
  readonly id: string;
  /** Lists further IDs, such as the unix user that the account phase sends. */
  readonly alias?: readonly string[];
  /** Gives the TOTP secret in base32; one is made up when absent. */
  readonly secret?: string;
  /** Lists the unix users that may be entered; any when absent. */
  readonly unix?: readonly string[];
  /** Says what the device does with a U2F request, `after` milliseconds; default "ignore". */
  readonly key?: "approve" | "reject" | "ignore";
  readonly after?: number;
}

/** Sets up the service; everything has a default. */
export interface Options {
  readonly hostname?: string;
  readonly port?: number;
  readonly users?: readonly User[];
  readonly serviceID?: string;
  readonly serviceKey?: string;
  readonly certificate?: Certificate;
  /** Adds host names that the certificate covers. */
  readonly names?: readonly string[];
  /** Limits how long an unanswered U2F request is held, in milliseconds. */
  readonly hold?: number;
  /** Accepts a code more than once. */
  readonly reuse?: boolean;
  /** Is told of each request once it is settled. */
  readonly log?: (request: Request) => void;
}

/** Holds the JSON object of a request. */
export type Body = Record<typeof keys[number], string>;

/** Holds one complete request as it arrived, and what became of it. */
export interface Request {
  readonly at: Date;
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  /** Is undefined when the body breaks the contract. */
  readonly body: Body | undefined;
  /** Lists what in it breaks the contract. */
  readonly faults: readonly string[];
  /** Gives the number of its connection, from 1. */
  readonly connection: number;
  /** Tells the answer in words, once there is one. */
  answer: string;
}

interface Verdict {
  readonly code: number;
  readonly status: "success" | "failed";
  readonly reason: string;
}

interface Known {
  readonly user: User;
  readonly totp: TOTP;
}

interface Turn {
  readonly wire: Wire;
  readonly connection: number;
  /** Counts the bytes of the request. */
  length: number;
  request: Request | undefined;
}

interface Pending {
  readonly id: string;
  readonly decide: (verdict: Verdict) => void;
}

/** Runs a fake Werbot server until disposed. */
export class Werbot implements AsyncDisposable {
  /** Counts TCP connections accepted. */
  connections = 0;
  /** Counts TLS handshakes completed. */
  handshakes = 0;
  /** Counts requests whose client went away before the whole answer. */
  unfinished = 0;
  /** Lists all complete requests in order of arrival. */
  readonly requests: Request[] = [];
  /** Lists what clients did against the contract. */
  readonly violations: string[] = [];

  readonly hostname: string;
  readonly serviceID: string;
  readonly serviceKey: string;
  /** Gives the authority that clients should trust, in PEM. */
  readonly ca: string;
  /** Gives the certificate presented, in PEM. */
  readonly leaf: string;

  readonly #options: Options;
  readonly #context: SecureContext;
  readonly #users: readonly Known[];
  readonly #spent = new Set<string>();
  readonly #pending = new Set<Pending>();
  readonly #byId = new Map<string, Behaviour>();
  readonly #sockets = new Set<Socket>();
  readonly #serving = new Set<Promise<void>>();
  #behaviour: Behaviour | undefined;
  #server: Server | undefined;
  #plug: Plug | undefined;
  #port: number;

  private constructor(options: Options, ca: string, identity: Identity) {
    this.#options = options;
    this.hostname = options.hostname ?? "127.0.0.1";
    this.serviceID = options.serviceID ?? "fake-service-id";
    this.serviceKey = options.serviceKey ?? "fake-service-key";
    this.ca = ca;
    this.leaf = identity.chain;
    this.#port = options.port ?? 0;
    this.#context = createSecureContext({ cert: identity.chain, key: identity.key });
    this.#users = (options.users ?? []).map((user) => ({
      user,
      totp: new TOTP({ issuer: "Werbot", label: user.id, secret: user.secret ?? new Secret() }),
    }));
  }

  /** Starts a service on loopback. */
  static async start(options: Options = {}): Promise<Werbot> {
    const authority = await Authority.create();
    const identity = await certify(authority, options);
    const ca = options.certificate === "authority" ? identity.chain : authority.certificate;
    const werbot = new Werbot(options, ca, identity);
    await werbot.#listen();
    return werbot;
  }

  /** Gives the port it listens on. */
  get port(): number {
    return this.#port;
  }

  /** Gives host:port as `server_url` wants it. */
  get address(): string {
    return `${this.hostname.includes(":") ? `[${this.hostname}]` : this.hostname}:${this.port}`;
  }

  /** Sets the behaviour of all following connections, or the normal one. */
  async behave(line?: string): Promise<void> {
    this.#behaviour = line === undefined ? undefined : parseBehaviour(line);
    const plugged = this.#behaviour?.stage === "listen";
    if (plugged && this.#plug === undefined) {
      this.#server?.close();
      this.#plug = await Plug.start(this.hostname, this.port);
    } else if (!plugged && this.#plug !== undefined) {
      this.#plug[Symbol.dispose]();
      this.#plug = undefined;
      await this.#listen();
    }
  }

  /** Sets the behaviour towards the requests of one ID, or the normal one. */
  behaveFor(id: string, line?: string): void {
    if (line === undefined) {
      this.#byId.delete(id);
      return;
    }
    const behaviour = parseBehaviour(line);
    if (behaviour.stage !== "request") throw new Error(`"${line}" acts before the ID is known`);
    this.#byId.set(id, behaviour);
  }

  /** Gives a valid code not yet spent, or exactly the code of the step `offset` steps from now. */
  code(id: string, offset?: number): string {
    const { user, totp } = this.#find(id) ?? fail(`no user ${id}`);
    const at = (step: number) => totp.generate({ timestamp: Date.now() + step * 30_000 });
    if (offset !== undefined) return at(offset);
    return [0, 1, -1].map(at).find((code) => !this.#spent.has(`${user.id} ${code}`)) ??
      fail(`all codes of ${id} are spent for now; see the option reuse`);
  }

  /** Gives the otpauth:// URL of a user. */
  url(id: string): string {
    return (this.#find(id) ?? fail(`no user ${id}`)).totp.toString();
  }

  /** Counts the U2F requests held open, of one user or of all. */
  pending(id?: string): number {
    return [...this.#pending].filter((one) => id === undefined || one.id === id).length;
  }

  /** Approves the U2F requests held open, of one user or of all, and counts them. */
  approve(id?: string): number {
    return this.#decide(granted, id);
  }

  /** Rejects the U2F requests held open, of one user or of all, and counts them. */
  reject(id?: string): number {
    return this.#decide(refused("request rejected"), id);
  }

  /** Waits until a condition on this service holds. */
  async until(condition: () => boolean, ms = 5000): Promise<void> {
    for (const end = Date.now() + ms; !condition();) {
      if (Date.now() > end) throw new Error(`not within ${ms} ms: ${condition}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  /** Closes the port and every connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#plug?.[Symbol.dispose]();
    const closed = this.#server?.listening
      ? new Promise((resolve) => this.#server?.close(resolve))
      : undefined;
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#serving);
    await closed;
  }

  async #listen(): Promise<void> {
    const server = this.#server = createServer((raw) => {
      const serving = this.#serve(raw);
      this.#serving.add(serving);
      serving.finally(() => this.#serving.delete(serving));
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.#port, this.hostname, resolve);
    });
    const address = server.address();
    if (address !== null && typeof address === "object") this.#port = address.port;
  }

  async #serve(raw: Socket): Promise<void> {
    const connection = ++this.connections;
    const behaviour = this.#behaviour;
    raw.setNoDelay(true);
    this.#sockets.add(raw);
    const closed = new Promise((resolve) => raw.once("close", resolve));
    try {
      if (behaviour?.stage === "accept") await this.#bare(raw, behaviour);
      else await this.#secure(raw, behaviour, connection);
    } catch (error) {
      raw.destroy();
      if (!(error instanceof Gone)) throw error;
    } finally {
      await closed;
      this.#sockets.delete(raw);
    }
  }

  async #bare(raw: Socket, behaviour: Behaviour): Promise<void> {
    const none = () => Promise.reject(new Error("there is no request before TLS"));
    const wire = new Wire(raw, raw);
    await behaviour.run(wire, { read: none, answer: none });
    await wire.hold();
  }

  async #secure(raw: Socket, behaviour: Behaviour | undefined, connection: number): Promise<void> {
    const socket = new TLSSocket(raw, {
      isServer: true,
      secureContext: this.#context,
      ALPNProtocols: ["http/1.1"],
    });
    const turn: Turn = { wire: new Wire(socket, raw), connection, length: 0, request: undefined };
    await turn.wire.happens("secure");
    this.handshakes++;
    try {
      await this.#play(turn, behaviour);
      await turn.wire.hold();
    } finally {
      const surplus = turn.wire.received.length - turn.length;
      // What arrives after this side has closed an idle connection has only crossed on the way.
      if (surplus > 0 && (turn.request !== undefined || turn.wire.left)) {
        this.#violate(turn, `${surplus} bytes that are no complete request`);
      }
    }
  }

  async #play(turn: Turn, behaviour: Behaviour | undefined): Promise<void> {
    let reading: Promise<void> | undefined;
    const read = () => reading ??= this.#read(turn);
    const service = { read, answer: () => this.#answer(turn) };
    try {
      let chosen = behaviour;
      if (behaviour?.stage !== "tls") {
        await read();
        chosen = this.#byId.get(turn.request?.body?.wID ?? "") ?? behaviour;
      }
      await (chosen?.run(turn.wire, service) ?? service.answer());
      if (turn.request !== undefined) turn.request.answer ||= chosen?.line ?? "";
      else if (chosen?.once && chosen === this.#behaviour) this.#behaviour = undefined;
    } catch (error) {
      if (turn.request !== undefined && turn.wire.left) {
        this.unfinished++;
        turn.request.answer = "the client left";
      }
      throw error;
    } finally {
      if (turn.request !== undefined) this.#options.log?.(turn.request);
    }
  }

  async #read(turn: Turn): Promise<void> {
    const { length, ...message } = await receive(turn.wire, this.#hosts());
    const request = { at: new Date(), connection: turn.connection, answer: "", ...message };
    turn.length = length;
    turn.request = request;
    this.requests.push(request);
    for (const fault of request.faults) this.#violate(turn, fault);
  }

  async #answer({ wire, request }: Turn): Promise<void> {
    if (request === undefined) throw new Error("there is no request to answer");
    const { code, status, reason } = request.faults.length > 0 || request.body === undefined
      ? { ...refused(request.faults.join("; ")), code: 400 }
      : await this.#judge(request.body, wire);
    const error = code === 200 ? null : reason;
    const body = JSON.stringify({ status, reason, error, intent: "authorization", data: null });
    const headers = [`Date: ${new Date().toUTCString()}`];
    await wire.send(response({ status: code, headers, body }));
    wire.end();
    request.answer = `${code} ${status}${reason && `: ${reason}`}`;
  }

  async #judge(body: Body, wire: Wire): Promise<Verdict> {
    if (body.serviceID !== this.serviceID || body.serviceKey !== this.serviceKey) {
      return { ...refused("unknown service"), code: 401 };
    }
    const known = this.#find(body.wID);
    if (known === undefined) return refused("user not found");
    const { user, totp } = known;
    if (user.unix !== undefined && !user.unix.includes(body.user)) {
      return refused("policy not assigned");
    }
    if (body.tfaMethod === "U2F") return await this.#ask(user, wire);
    if (totp.validate({ token: body.totpCode, window: 1 }) === null) return refused("wrong code");
    const spent = `${user.id} ${body.totpCode}`;
    if (this.#spent.has(spent)) return refused("code already used");
    if (!this.#options.reuse) this.#spent.add(spent);
    return granted;
  }

  async #ask(user: User, wire: Wire): Promise<Verdict> {
    const { promise, resolve } = Promise.withResolvers<Verdict>();
    const pending = { id: user.id, decide: resolve };
    const { key = "ignore", after = 0 } = user;
    const { hold = 60_000 } = this.#options;
    const outcomes: Record<typeof key, [number, Verdict]> = {
      approve: [after, granted],
      reject: [after, refused("request rejected")],
      ignore: [hold, refused("no answer from the device")],
    };
    const [ms, verdict] = outcomes[key];
    const timer = setTimeout(() => resolve(verdict), ms);
    this.#pending.add(pending);
    try {
      return await wire.wait(promise);
    } finally {
      clearTimeout(timer);
      this.#pending.delete(pending);
    }
  }

  #decide(verdict: Verdict, id?: string): number {
    const chosen = [...this.#pending].filter((one) => id === undefined || one.id === id);
    for (const one of chosen) one.decide(verdict);
    return chosen.length;
  }

  #find(id: string): Known | undefined {
    return this.#users.find(({ user }) => user.id === id || user.alias?.includes(id));
  }

  #violate(turn: Turn, fault: string): void {
    this.violations.push(`connection ${turn.connection}: ${fault}`);
  }

  #hosts(): Set<string> {
    const names = this.#options.names ?? [];
    const local = ["localhost", "127.0.0.1", "[::1]", ...names].map((name) =>
      `${name}:${this.port}`
    );
    return new Set([...local, ...names]);
  }
}

const granted: Verdict = { code: 200, status: "success", reason: "" };

function refused(reason: string): Verdict {
  return { code: 200, status: "failed", reason };
}

function certify(authority: Authority, options: Options): Promise<Identity> {
  const now = Date.now();
  const subject: Subject = {
    names: ["localhost", ...(options.names ?? [])],
    addresses: ["127.0.0.1", "::1"],
  };
  const makers: Record<Certificate, () => Promise<Identity>> = {
    "good": () => authority.issue(subject),
    "other-ca": async () => (await Authority.create("Other Authority")).issue(subject),
    "wrong-name": () => authority.issue({ names: ["wrong.example"] }),
    "common-name": () => authority.issue({ commonName: "localhost" }),
    "expired": () =>
      authority.issue({
        ...subject,
        notBefore: new Date(now - 2 * day),
        notAfter: new Date(now - day),
      }),
    "not-yet-valid": () =>
      authority.issue({
        ...subject,
        notBefore: new Date(now + day),
        notAfter: new Date(now + 2 * day),
      }),
    "ends-soon": () => authority.issue({ ...subject, notAfter: new Date(now + 10 * day) }),
    "ends-now": () => authority.issue({ ...subject, notAfter: new Date(now + 2 * day) }),
    "self-signed": () => selfSign(subject),
    "self-signed-ca": () => selfSign(subject, true),
    "authority": () => selfSign(subject, true),
    "called-authority": () => authority.issue({ ...subject, authority: true }),
    // Netscape's and Microsoft's step-up, for servers of last century.
    "other-use": () => authority.issue({ ...subject, use: "1.3.6.1.4.1.311.10.3.3" }),
  };
  return makers[options.certificate ?? "good"]();
}

type Message = Pick<Request, "method" | "path" | "headers" | "body" | "faults">;

async function receive(
  wire: Wire,
  hosts: ReadonlySet<string>,
): Promise<Message & { length: number }> {
  const head = await wire.find((received) => {
    const text = new TextDecoder("latin1").decode(received);
    const end = text.indexOf("\r\n\r\n");
    return end < 0 ? undefined : text.slice(0, end);
  });
  const faults: string[] = [];
  const expect = (kept: boolean, fault: string) => {
    if (!kept) faults.push(fault);
  };

  const [first = "", ...fields] = head.split("\r\n");
  const [method = "", path = ""] = first.split(" ");
  expect(first === "POST /auth/agent/nix HTTP/1.1", `request line "${first}"`);
  const headers = new Headers();
  for (const field of fields) {
    const [, name, value = ""] = /^([\w-]+):[ \t]*([\t -~]*?)[ \t]*$/.exec(field) ?? [];
    expect(name !== undefined, "a header line that is malformed");
    if (name === undefined) continue;
    expect(!headers.has(name), `header ${name} sent twice`);
    headers.append(name, value);
  }
  const host = headers.get("host");
  expect(hosts.has(host ?? ""), `host "${host}"`);
  const type = headers.get("content-type");
  expect(type === "application/json", `content-type "${type}"`);
  expect(!headers.has("transfer-encoding"), "transfer-encoding instead of a length");
  const size = headers.get("content-length") ?? "";
  expect(/^\d+$/.test(size), `content-length "${size}"`);

  const start = head.length + 4;
  const length = start + (Number.parseInt(size) || 0);
  const bytes = await wire.find((received) =>
    received.length >= length ? received.slice(start, length) : undefined
  );
  const body = parseBody(bytes, expect);
  return { method, path, headers, body, faults, length };
}

function parseBody(
  bytes: Uint8Array<ArrayBuffer>,
  expect: (kept: boolean, fault: string) => void,
): Body | undefined {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    expect(false, "a body that is not JSON");
    return undefined;
  }
  if (!isBody(value)) {
    expect(false, `a body that is not an object of the strings ${keys.join(", ")}`);
    return undefined;
  }
  const { tfaMethod, totpCode, user, userIP, wID } = value;
  const code = { totp: /^[0-9]{6}$/, U2F: /^$/ }[tfaMethod];
  expect(code?.test(totpCode) ?? false, `tfaMethod "${tfaMethod}" and totpCode do not fit`);
  expect(user !== "", "an empty user");
  expect(userIP !== "", "an empty userIP");
  const size = new TextEncoder().encode(wID).length;
  // deno-lint-ignore no-control-regex
  const plain = !/[\x00-\x1f\x7f-\x9f]/.test(wID) && wID === wID.trim();
  expect(plain && size >= 1 && size <= 254, "a wID that is not well-formed");
  return value;
}

function isBody(value: unknown): value is Body {
  return typeof value === "object" && value !== null &&
    Object.keys(value).sort().join() === [...keys].sort().join() &&
    Object.values(value).every((one) => typeof one === "string");
}

function fail(message: string): never {
  throw new Error(message);
}
