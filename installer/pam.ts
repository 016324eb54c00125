/**
 * One login through libpam, without a program that people log in to: authenticate, then account.
 *
 * The service lies in a private folder where libpam can read one (Linux-PAM from 1.4), which is gone when the login
 * is over. It decides nothing, opens no session and changes no password. Called by test_login.ts.
 */

/** Who asks the person; it works while nothing else does, because libpam waits for the answer. */
export interface Conversation {
  /** Asks; undefined when the person has had enough. */
  ask(prompt: string, echo: boolean): string | undefined;
  tell(text: string): void;
}

/** What to log in to, and as whom. */
export interface Attempt {
  readonly service: string;
  /** Writes the service for its folder, which may hold a wpam.log too; undefined: it is where libpam looks. */
  readonly write: ((folder: string) => string) | undefined;
  readonly user: string;
  readonly rhost: string;
  readonly conversation: Conversation;
}

/** How far a login came. */
export interface Ending {
  /** PAM's numbers, 0 for success; undefined where it did not come as far. */
  readonly authenticate: number;
  readonly account: number | undefined;
  /** What each took, in ms, people included. */
  readonly ms: { readonly authenticate: number; readonly account: number };
  /** What was logged in the folder of the service. */
  readonly log: string;
}

/** libpam by the names of the systems that Deno runs on. */
const LIBRARIES = ["libpam.so.0", "libpam.so.6", "libpam.so.4", "libpam.2.dylib"];
const FUNCTIONS = {
  pam_start: { parameters: ["buffer", "buffer", "buffer", "buffer"], result: "i32" },
  pam_start_confdir: {
    parameters: ["buffer", "buffer", "buffer", "buffer", "buffer"],
    result: "i32",
    optional: true,
  },
  pam_set_item: { parameters: ["pointer", "i32", "pointer"], result: "i32" },
  // On a thread of their own: only so can a Ctrl-C be heard while Werbot is asked.
  pam_authenticate: { parameters: ["pointer", "i32"], result: "i32", nonblocking: true },
  pam_acct_mgmt: { parameters: ["pointer", "i32"], result: "i32", nonblocking: true },
  pam_end: { parameters: ["pointer", "i32"], result: "i32" },
  // libc's own, which libpam brings along.
  calloc: { parameters: ["usize", "usize"], result: "pointer" },
  strdup: { parameters: ["buffer"], result: "pointer" },
} as const;
type Library = Deno.DynamicLibrary<typeof FUNCTIONS>;

const ITEM = { rhost: 4, failDelay: 10 };
const STYLE = { hidden: 1, echo: 2 };
const SUCCESS = 0;
const CONV_ERR = Deno.build.os === "linux" ? 19 : 6;
const POINTER = 8;
/** A pam_response: a pointer and a number, padded. */
const RESPONSE = 16;

/** Tells whether a service can lie in a folder of its own. Throws a sentence where there is no libpam. */
export function canUseFolder(): boolean {
  const library = open();
  const found = library.symbols.pam_start_confdir !== null;
  library.close();
  return found;
}

/** Logs in; the person is asked by the conversation. Throws a sentence when libpam does not even begin. */
export async function logIn(attempt: Attempt): Promise<Ending> {
  const library = open();
  const { symbols } = library;
  const converse = new Deno.UnsafeCallback(
    { parameters: ["i32", "pointer", "pointer", "pointer"], result: "i32" },
    (count, messages, out) => answer(library, attempt.conversation, count, messages, out),
  );
  // A refusal is slow for strangers only.
  const hurry = new Deno.UnsafeCallback(
    { parameters: ["i32", "u32", "pointer"], result: "void" },
    () => {},
  );
  const conversation = new BigUint64Array([address(converse.pointer), 0n]);
  const handle = new BigUint64Array(1);
  const folder = attempt.write && makeFolder(attempt.service, attempt.write);
  try {
    const [service, user] = [encode(attempt.service), encode(attempt.user)];
    const conv = new Uint8Array(conversation.buffer);
    const into = new Uint8Array(handle.buffer);
    const begun = folder === undefined
      ? symbols.pam_start(service, user, conv, into)
      : symbols.pam_start_confdir!(service, user, conv, encode(folder), into);
    if (begun !== SUCCESS) throw new Error(`libpam does not begin a login (its number ${begun}).`);
    const pam = Deno.UnsafePointer.create(handle[0]!);
    const rhost = encode(attempt.rhost);
    symbols.pam_set_item(pam, ITEM.rhost, Deno.UnsafePointer.of(rhost));
    if (Deno.build.os === "linux") symbols.pam_set_item(pam, ITEM.failDelay, hurry.pointer);
    let at = performance.now();
    const lap = () => -(at - (at = performance.now()));
    const authenticate = await symbols.pam_authenticate(pam, 0);
    const first = lap();
    const account = authenticate === SUCCESS ? await symbols.pam_acct_mgmt(pam, 0) : undefined;
    const second = lap();
    symbols.pam_end(pam, account ?? authenticate);
    const log = folder === undefined ? "" : readLog(`${folder}/wpam.log`);
    return { authenticate, account, ms: { authenticate: first, account: second }, log };
  } finally {
    if (folder !== undefined) Deno.removeSync(folder, { recursive: true });
    converse.close();
    hurry.close();
    library.close();
  }
}

function open(): Library {
  for (const name of LIBRARIES) {
    try {
      return Deno.dlopen(name, FUNCTIONS);
    } catch {
      // Another system's.
    }
  }
  throw new Error("No libpam that wpam knows is here, so nobody can log in on trial.");
}

function makeFolder(service: string, write: (folder: string) => string): string {
  const folder = Deno.makeTempDirSync({ prefix: "wpam-test-" });
  Deno.writeTextFileSync(`${folder}/${service}`, write(folder), { mode: 0o600 });
  return folder;
}

function readLog(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}

function address(pointer: Deno.PointerValue): bigint {
  return BigInt(Deno.UnsafePointer.value(pointer));
}

/** Answers libpam's messages; what it gets is its own to free. */
function answer(
  { symbols }: Library,
  conversation: Conversation,
  count: number,
  messages: Deno.PointerValue,
  out: Deno.PointerValue,
): number {
  if (messages === null || out === null || count < 1) return CONV_ERR;
  const responses = symbols.calloc(BigInt(count), BigInt(RESPONSE));
  if (responses === null) return CONV_ERR;
  const memory = Deno.UnsafePointerView.getArrayBuffer(responses, count * RESPONSE);
  new BigUint64Array(Deno.UnsafePointerView.getArrayBuffer(out, POINTER))[0] = address(responses);
  for (let at = 0; at < count; at++) {
    const message = new Deno.UnsafePointerView(messages).getPointer(at * POINTER)!;
    const view = new Deno.UnsafePointerView(message);
    const style = view.getInt32(0);
    const text = Deno.UnsafePointerView.getCString(view.getPointer(POINTER)!);
    if (style !== STYLE.hidden && style !== STYLE.echo) {
      conversation.tell(text);
      continue;
    }
    const reply = conversation.ask(text, style === STYLE.echo);
    // Nothing is free to be freed but the answers, which libpam leaves to the heap of a program about to end.
    if (reply === undefined) return CONV_ERR;
    const bytes = encode(reply);
    new BigUint64Array(memory)[at * RESPONSE / POINTER] = address(symbols.strdup(bytes));
    bytes.fill(0);
  }
  return SUCCESS;
}
