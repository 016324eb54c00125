/**
 * One connection over loopback between a client and a server that is started as inetd would start it: with
 * the connection as its standard input and output.
 *
 * Deno can hand no socket to a child, so libc opens the server's end. What the two say is carried from one
 * connection to the other here: when this program dies, however it dies, both see theirs closed and end too.
 * It opens no file and listens to nobody but loopback. Called by canary.ts.
 */
import { spawn, type StdioOptions } from "node:child_process";
import process from "node:process";

/** What a meeting needs besides the two command lines. */
export interface MeetOptions {
  /** The client's environment, besides a PATH; the server has none but that. */
  readonly env?: Readonly<Record<string, string>>;
  /** The client may talk to the person at our terminal; else it has none. */
  readonly terminal?: boolean;
  /** The time limit. */
  readonly seconds: number;
  readonly signal?: AbortSignal;
}

const PATH = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin";
const HOST = "127.0.0.1";
const AF_INET = 2;
const SOCK_STREAM = 1;
/** The size of a sockaddr_in. */
const ADDRESS = 16;
/** The exit code of ssh itself when a login fails, and here of what has none. */
const FAILED = 255;
/** How long a server may go on when its connection is closed, in ms. */
const GRACE = 3000;

/**
 * Runs a client, and a server on the other end of its connection, until the client ends; then ends the server.
 *
 * Returns the client's exit code, 255 when a signal ended it, or undefined when the time was over. Throws a sentence when one of them cannot be started or no socket is to be had, and the signal's reason.
 */
export async function meet(
  server: readonly string[],
  client: (port: number) => readonly string[],
  { env = {}, terminal = false, seconds, signal }: MeetOptions,
): Promise<number | undefined> {
  signal?.throwIfAborted();
  const { promise: stopped, resolve: stop, reject: abort } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => stop(undefined), seconds * 1000);
  const interrupt = () => abort(signal!.reason);
  signal?.addEventListener("abort", interrupt);
  const ends: Deno.TcpConn[] = [];
  const running: Running[] = [];
  const carried: Promise<void>[] = [];
  try {
    using door = Deno.listen({ hostname: HOST, port: 0 });
    const stdio = terminal ? "inherit" : "ignore";
    const visitor = start(client(door.addr.port), { stdio, env, detached: !terminal });
    running.push(visitor);
    const outside = await Promise.race([door.accept(), visitor.ended, visitor.failed, stopped]);
    if (typeof outside !== "object") return outside;
    ends.push(outside);
    using pair = await connect();
    ends.push(pair.conn);
    const attendant = start(server, {
      stdio: [pair.fd, pair.fd, "ignore"],
      env: {},
      detached: true,
    });
    running.push(attendant);
    pair[Symbol.dispose]();
    carried.push(carry(outside, pair.conn), carry(pair.conn, outside));
    return await Promise.race([visitor.ended, attendant.failed, stopped]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", interrupt);
    stopped.catch(() => {});
    for (const end of ends) end.close();
    running[0]?.kill();
    const last = setTimeout(() => running[1]?.kill(), GRACE);
    await Promise.all([...running.map(({ ended }) => ended), ...carried]);
    clearTimeout(last);
  }
}

interface Running {
  readonly ended: Promise<number>;
  /** Rejects when the program cannot be started. */
  readonly failed: Promise<never>;
  kill(): void;
}

function start(
  [program = "", ...args]: readonly string[],
  options: { stdio: StdioOptions; env: Readonly<Record<string, string>>; detached: boolean },
): Running {
  const env = { PATH, LC_ALL: "C", ...options.env };
  const child = spawn(program, args, { ...options, cwd: "/", env });
  const { promise: ended, resolve: end } = Promise.withResolvers<number>();
  const { promise: failed, reject: fail } = Promise.withResolvers<never>();
  let over = false;
  child.once("exit", (code) => {
    over = true;
    end(code ?? FAILED);
  });
  child.once("error", () => {
    over = true;
    fail(new Error(`${program} cannot be started: is it installed?`));
    end(FAILED);
  });
  failed.catch(() => {});
  const kill = () => {
    if (over || child.pid === undefined) return;
    try {
      // Alone in its session, it takes along what it has started.
      process.kill(options.detached ? -child.pid : child.pid, "SIGKILL");
    } catch {
      // It has just ended by itself.
    }
  };
  return { ended, failed, kill };
}

/** Carries bytes until one end has no more of them, and says so to the other; an end that is gone has none. */
async function carry(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(16384);
  try {
    for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
      for (let at = 0; at < count;) at += await to.write(buffer.subarray(at, count));
    }
  } catch {
    // Reset, or closed here.
  }
  await to.closeWrite().catch(() => {});
}

/** libc by the names of the systems that Deno runs on. */
const LIBRARIES = [
  "libc.so.6",
  `libc.musl-${Deno.build.arch}.so.1`,
  "libc.so.7",
  "libSystem.B.dylib",
];
const FUNCTIONS = {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
} as const;

/** A connection of which a child can have one end, by its number, until this is disposed. */
interface Pair extends Disposable {
  readonly fd: number;
  readonly conn: Deno.TcpConn;
}

async function connect(): Promise<Pair> {
  const { symbols, close } = openLibrary();
  const fd = symbols.socket(AF_INET, SOCK_STREAM, 0);
  let open = true;
  const dispose = () => {
    if (!open) return;
    open = false;
    symbols.close(fd);
    close();
  };
  try {
    using door = Deno.listen({ hostname: HOST, port: 0 });
    const own = makeAddress(0);
    const length = new Uint8Array(Uint32Array.of(ADDRESS).buffer);
    if (
      symbols.connect(fd, makeAddress(door.addr.port), ADDRESS) !== 0 ||
      symbols.getsockname(fd, own, length) !== 0
    ) {
      throw new Error(`No connection to ${HOST} comes about: is the loopback interface up?`);
    }
    const port = new DataView(own.buffer).getUint16(2);
    for (;;) {
      const conn = await door.accept();
      if (conn.remoteAddr.port === port) return { fd, conn, [Symbol.dispose]: dispose };
      // Somebody else of this machine was faster.
      conn.close();
    }
  } catch (error) {
    dispose();
    throw error;
  }
}

function openLibrary() {
  for (const name of LIBRARIES) {
    try {
      const library = Deno.dlopen(name, FUNCTIONS);
      return { symbols: library.symbols, close: () => library.close() };
    } catch {
      // Another system's.
    }
  }
  throw new Error("No libc that wpam knows is here, so sshd cannot be given a connection.");
}

/** Makes a sockaddr_in for loopback. */
function makeAddress(port: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(ADDRESS);
  const isLinux = Deno.build.os === "linux";
  // BSDs have the length first.
  if (isLinux) new DataView(bytes.buffer).setUint16(0, AF_INET, true);
  else bytes.set([ADDRESS, AF_INET]);
  new DataView(bytes.buffer).setUint16(2, port);
  bytes.set(HOST.split(".").map(Number), 4);
  return bytes;
}
