// Plays an HTTP proxy on loopback that knows CONNECT and nothing else.
// It never looks into a tunnel and never opens one that was not asked for with the right password.
// Called by the tests of the http_proxy setting.

import { connect, createServer, type Server, type Socket } from "node:net";
import { type Behaviour, Gone, parseBehaviour, response, Wire } from "./behaviour.ts";

/** Sets up the proxy; everything has a default. */
export interface Options {
  readonly hostname?: string;
  readonly port?: number;
  /** Asks for these credentials, written user:password. */
  readonly credentials?: string;
  /** Maps a target to the host:port that is really reached, so that names need no DNS. */
  readonly routes?: Readonly<Record<string, string>>;
}

/** Runs a fake CONNECT proxy until disposed. */
export class Proxy implements AsyncDisposable {
  /** Counts TCP connections accepted. */
  connections = 0;
  /** Counts tunnels opened. */
  tunnels = 0;
  /** Lists the targets asked for with CONNECT, refused ones too. */
  readonly targets: string[] = [];
  /** Lists what clients sent that is no proper CONNECT. */
  readonly violations: string[] = [];
  readonly hostname: string;

  readonly #options: Options;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #serving = new Set<Promise<void>>();
  #behaviour: Behaviour | undefined;
  #port = 0;

  private constructor(options: Options) {
    this.#options = options;
    this.hostname = options.hostname ?? "127.0.0.1";
    this.#server = createServer((raw) => {
      const serving = this.#serve(raw);
      this.#serving.add(serving);
      serving.finally(() => this.#serving.delete(serving));
    });
  }

  /** Starts a proxy on loopback. */
  static async start(options: Options = {}): Promise<Proxy> {
    const proxy = new Proxy(options);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once("error", reject);
      proxy.#server.listen(options.port ?? 0, proxy.hostname, resolve);
    });
    const address = proxy.#server.address();
    if (address !== null && typeof address === "object") proxy.#port = address.port;
    return proxy;
  }

  /** Gives the port it listens on. */
  get port(): number {
    return this.#port;
  }

  /** Gives the credentials that it asks for, written user:password. */
  get credentials(): string | undefined {
    return this.#options.credentials;
  }

  /** Gives the URL for `http_proxy`, with the credentials that it asks for. */
  get url(): string {
    const { credentials } = this.#options;
    const host = this.hostname.includes(":") ? `[${this.hostname}]` : this.hostname;
    return `http://${credentials === undefined ? "" : `${credentials}@`}${host}:${this.port}`;
  }

  /** Sets the behaviour of all following connections, or the normal one. */
  behave(line?: string): void {
    const behaviour = line === undefined ? undefined : parseBehaviour(line);
    if (behaviour?.stage === "listen" || behaviour?.stage === "tls") {
      throw new Error(`"${line}" is nothing that a proxy can do`);
    }
    this.#behaviour = behaviour;
  }

  /** Closes the port and every tunnel. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#serving);
    await closed;
  }

  async #serve(raw: Socket): Promise<void> {
    this.connections++;
    raw.setNoDelay(true);
    const closed = this.#track(raw);
    try {
      const wire = new Wire(raw, raw);
      await this.#play(wire, raw, this.#behaviour);
      await wire.hold();
    } catch (error) {
      raw.destroy();
      if (!(error instanceof Gone)) throw error;
    } finally {
      await closed;
    }
  }

  async #play(wire: Wire, raw: Socket, behaviour: Behaviour | undefined): Promise<void> {
    let target = "";
    let allowed = false;
    const read = async () => {
      const head = await wire.find((received) => {
        const text = new TextDecoder("latin1").decode(received);
        return text.includes("\r\n\r\n") ? text : undefined;
      });
      target = /^CONNECT (\S+:\d+) HTTP\/1\.1\r\n/.exec(head)?.[1] ?? "";
      if (!head.toLowerCase().includes(`\r\nhost: ${target.toLowerCase()}\r\n`)) target = "";
      if (target === "") this.violations.push(`no CONNECT: ${head.split("\r\n")[0]}`);
      else this.targets.push(target);
      const sent = /\r\nproxy-authorization: Basic (\S+)\r\n/i.exec(head)?.[1] ?? "";
      allowed = atob(sent) === (this.#options.credentials ?? "");
    };
    const answer = async () => {
      if (target === "") return await refuse(wire, 400);
      if (!allowed) return await refuse(wire, 407, "Proxy-Authenticate: Basic realm=fake");
      const upstream = await this.#reach(this.#options.routes?.[target] ?? target);
      if (upstream === undefined) return await refuse(wire, 502);
      this.tunnels++;
      await wire.send("HTTP/1.1 200 Connection established\r\n\r\n");
      upstream.pipe(raw).pipe(upstream);
      raw.once("close", () => upstream.destroy());
      upstream.once("close", () => raw.destroy());
    };
    if (behaviour?.stage !== "accept") await read();
    await (behaviour?.run(wire, { read, answer }) ?? answer());
  }

  async #reach(target: string): Promise<Socket | undefined> {
    const colon = target.lastIndexOf(":");
    const host = target.slice(0, colon).replace(/^\[|\]$/g, "");
    const upstream = connect({ host, port: Number(target.slice(colon + 1)), noDelay: true });
    void this.#track(upstream);
    return await new Promise((resolve) => {
      upstream.once("connect", () => resolve(upstream));
      upstream.on("error", () => resolve(undefined));
    });
  }

  async #track(socket: Socket): Promise<void> {
    this.#sockets.add(socket);
    await new Promise((resolve) => socket.once("close", resolve));
    this.#sockets.delete(socket);
  }
}

async function refuse(wire: Wire, status: number, ...headers: string[]): Promise<void> {
  await wire.send(response({ status, type: "text/plain", headers, body: "refused\n" }));
  wire.end();
}
