/**
 * The one way to a server without checking its certificate, for `insecure_skip_verify` alone.
 *
 * Deno's own TLS cannot be told not to verify, so this loads `node:tls`, which costs a login 30 ms; that
 * is why nothing else does, and why it is loaded when it is called for: in a bundle, an import at the top
 * of this file would be one at the top of all. Used by api.ts.
 */
import type { Line } from "./api.ts";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";

async function asDuplex(conn: Deno.TcpConn): Promise<Duplex> {
  const { Duplex } = await import("node:stream");
  return new Duplex({
    read() {
      const buffer = new Uint8Array(16384);
      conn.read(buffer).then(
        (count) => this.push(count === null ? null : buffer.subarray(0, count)),
        (error) => this.destroy(error),
      );
    },
    async write(chunk: Uint8Array, _encoding, done) {
      try {
        for (let at = 0; at < chunk.length;) at += await conn.write(chunk.subarray(at));
        done();
      } catch (error) {
        done(error as Error);
      }
    },
    destroy(error, done) {
      try {
        conn.close();
      } catch {
        // The connection was closed before.
      }
      done(error);
    },
  });
}

function asLine(socket: TLSSocket): Line {
  const pieces = socket[Symbol.asyncIterator]();
  let rest = new Uint8Array(0);
  return {
    async read(into) {
      if (rest.length === 0) {
        const next = await pieces.next();
        if (next.done) return null;
        rest = new Uint8Array(next.value as Uint8Array);
      }
      const count = Math.min(into.length, rest.length);
      into.set(rest.subarray(0, count));
      rest = rest.slice(count);
      return count;
    },
    write: (bytes) =>
      new Promise((done, fail) =>
        socket.write(bytes.slice(), (error) => error ? fail(error) : done(bytes.length))
      ),
    close: () => void socket.destroy(),
  };
}

/** Speaks TLS 1.2 or newer on `conn` with whatever certificate the server shows. */
export async function openUnverified(conn: Deno.TcpConn, host: string): Promise<Line> {
  const [{ isIP }, { connect }] = await Promise.all([import("node:net"), import("node:tls")]);
  const name = isIP(host) ? {} : { servername: host };
  const socket = connect({
    socket: await asDuplex(conn),
    ...name,
    rejectUnauthorized: false,
    // Without a list of its own, an empty DENO_TLS_CA_STORE makes Deno verify all the same.
    ca: [],
    minVersion: "TLSv1.2",
    ALPNProtocols: ["http/1.1"],
  });
  return await new Promise((done, fail) => {
    socket.once("secureConnect", () => done(asLine(socket)));
    socket.once("error", fail);
    // A connection that ends inside the handshake may close without an error of its own.
    socket.once("close", () => fail(new Deno.errors.UnexpectedEof("unexpected end of file")));
  });
}
