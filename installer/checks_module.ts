/**
 * The checks of what a login runs: the PAM module, the login helper, and the user that the helper is.
 *
 * The module is loaded by the very program that will load it, which only prints its version; the helper is started as
 * the module starts it, and connects to nobody.
 */
import { type Check, type Context, error, type Seen, Unchecked, warning } from "./check.ts";
import { type Elf, readElf } from "./elf.ts";
import type { Host } from "./host.ts";

const AGAIN = { mend: "Install it again.", run: ["wpam install"] };
const COPY_AGAIN = { mend: "Install the package of wpam again, or run `make install`." };

export const MODULE_CHECKS: readonly Check[] = [
  {
    id: "module-loads",
    title: "The PAM module loads into sshd",
    needs: [],
    run: checkModule,
  },
  {
    id: "module-current",
    title: "The PAM module is the one of this wpam",
    needs: ["module-loads"],
    run: ({ host: { view }, module, helper }) => {
      const own = view.read(helper.replace(/[^/]+$/, "pam_wpam.so"));
      return own === undefined || own === view.read(module)
        ? []
        : [warning(`${module} is not the module of this wpam.`, {
          where: module,
          why: "Module and helper of different versions refuse every login.",
          mend: "Put this one there.",
          run: ["wpam install"],
        })];
    },
  },
  {
    id: "module-elsewhere",
    title: "No other pam_wpam.so is in the way",
    needs: ["module-loads"],
    run: ({ host: { view }, module }) =>
      ["/lib/security", "/usr/lib/security", "/usr/local/lib/security", "/lib64/security"]
        .map((folder) => view.resolve(`${folder}/pam_wpam.so`))
        .filter((path) => path !== undefined && path !== view.resolve(module))
        .map((path) =>
          warning(`Another module of that name is ${path}.`, {
            where: path!,
            why: "It is of an earlier wpam, and a PAM line can run the wrong one.",
            mend: "Remove it.",
            run: [`rm ${path}`],
          })
        ),
  },
  {
    id: "helper-user",
    title: "The login helper has a user of its own",
    needs: [],
    run: checkUser,
  },
  {
    id: "helper-answers",
    title: "The login helper runs and answers",
    needs: [],
    run: checkHelper,
  },
  {
    id: "helper-confined",
    title: "The login helper may use the network, and nothing else",
    needs: ["helper-answers"],
    run: ({ host: { view }, helper }) => {
      const text = view.read(helper) ?? "";
      if (!text.startsWith("#!")) {
        throw new Unchecked("it is one program, built with its permissions");
      }
      const more = [...text.matchAll(/(?<= )(?:-A|--allow-(?!net\b)[a-z-]+)(?=[ =\n])/g)]
        .map(([flag]) => flag);
      return more.length === 0 ? [] : [error(`${helper} gives the helper ${more.join(" and ")}.`, {
        where: helper,
        why: "Whoever takes it over by the network could do more than it needs.",
        ...COPY_AGAIN,
      })];
    },
  },
];

/** What the dynamic loaders of glibc and musl say of a library that they cannot load. */
const LOADER =
  /^.*(?:cannot be preloaded|symbol lookup error|error while loading|version `.*' not found|Error (?:loading|relocating)).*$/m;

async function checkModule({ host, module }: Context): Promise<Seen[]> {
  const { view, sshd } = host;
  const why = "libpam then refuses each login whose stack runs it, those with keys as well.";
  const text = view.read(module);
  if (text === undefined) {
    return [error(`The PAM module ${module} is missing.`, { why, ...AGAIN })];
  }
  if (!["pam_sm_authenticate", "pam_sm_setcred"].every((name) => text.includes(name))) {
    return [error(`${module} is no PAM module for logins.`, { where: module, why, ...AGAIN })];
  }
  if (sshd === undefined) return [];
  const program = sshd.session ?? sshd.path;
  const reason = compare(text, view.read(program) ?? "") ?? await load(host, program, module);
  if (reason === undefined) return [];
  return [
    error(`${program} cannot load the PAM module (${reason}).`, {
      where: module,
      why,
      mend: "Install the wpam that is made for this system and its architecture.",
      run: AGAIN.run,
    }),
  ];
}

/** Says what makes a library unfit for a program, in words better than the loader's. */
function compare(library: string, program: string): string | undefined {
  const class64 = (text: string) => text[4] === "\x02";
  const theirs = readElf(program);
  if (theirs === undefined) return undefined;
  if (!library.startsWith("\x7fELF")) return "it is not an ELF file";
  if (class64(library) !== class64(program)) {
    const bits = (text: string) => class64(text) ? 64 : 32;
    return `wrong ELF class: it has ${bits(library)} bits, sshd ${bits(program)}`;
  }
  const ours = readElf(library);
  if (ours === undefined) return "it is cut short";
  if (ours.machine !== theirs.machine) {
    return `it is for another machine: its ELF number is ${ours.machine}, sshd's ${theirs.machine}`;
  }
  const musl = ({ needed }: Elf) => needed.some((name) => name.startsWith("libc.musl"));
  if (musl(ours) === musl(theirs)) return undefined;
  return musl(ours) ? "it is made for musl, sshd for glibc" : "it is made for glibc, sshd for musl";
}

async function load(
  { view }: Host,
  program: string,
  module: string,
): Promise<string | undefined> {
  const loader = [`LD_PRELOAD=${module}`, "LD_BIND_NOW=1"];
  const { err } = await view.run(["env", ...loader, program, "-V"]);
  return LOADER.exec(err)?.[0].trim();
}

function checkUser({ host: { view } }: Context): Seen[] {
  const line = /^wpam:[^:]*:(\d+):(\d+):[^:]*:[^:]*:(.*)$/m.exec(view.read("/etc/passwd") ?? "");
  const why = "The helper runs as it, and every login is refused without.";
  if (!line) return [error("There is no user wpam in /etc/passwd.", { why, ...AGAIN })];
  const [, uid, gid, shell] = line;
  if (uid === "0" || gid === "0") {
    return [error("The user wpam has uid or gid 0, so the helper would be root.", {
      where: "/etc/passwd",
      why,
      mend: "Give it ids of its own with usermod and groupmod.",
    })];
  }
  if (/\/(nologin|false|true)$/.test(shell!)) return [];
  return [warning(`The user wpam has the shell ${shell || "/bin/sh"}.`, {
    where: "/etc/passwd",
    why: "It is for the helper, and nobody needs to log in with it.",
    mend: "Take the shell away.",
    run: ["usermod -s /usr/sbin/nologin wpam"],
  })];
}

const NONCE = "0".repeat(32);
/** A login that asks again at once and connects to nobody. */
const HELLO = [
  ["V", "1"],
  ["P", "authenticate"],
  ["N", NONCE],
  ["I", "selftest"],
  ["U", "nobody"],
  ["S", "wpam"],
  ["F", "no"],
  ["W", ""],
  ["C", "server_url = localhost\nservice_id = none\nservice_key = none\nattempts = 1\n"],
  ["B", ""],
].map(([type, text]) => type + frameLength(text!) + text).join("");
/** Answers every question with nothing until the helper has had enough of it, and ends one that hangs. */
const DRIVE = 'command -v timeout >/dev/null && set -- timeout -s KILL 15 "$@"; ' +
  'i=0; { cat; while [ "$((i += 1))" -le 450 ]; do sleep 0.03; ' +
  'printf "R\\0\\0\\0\\0" || break; done; } 2>/dev/null | "$@"';
/** The environment in which the module starts it. */
const ENVIRONMENT = {
  HOME: "/nonexistent",
  DENO_DIR: "/dev/null/x",
  DENO_NO_UPDATE_CHECK: "1",
  MALLOC_ARENA_MAX: "1",
  DENO_TLS_CA_STORE: "system",
  NO_COLOR: "1",
};
/** The exit code of a command that is not there. */
const ABSENT = 127;

/** Writes a length as four bytes, the first one the highest. */
function frameLength(text: string): string {
  return String.fromCharCode(...[24, 16, 8, 0].map((shift) => (text.length >> shift) & 255));
}

async function checkHelper({ host, helper }: Context): Promise<Seen[]> {
  const { view } = host;
  const why = "The module has nobody to ask Werbot, and refuses every login.";
  if (view.resolve(helper) === undefined) {
    return [error(`The login helper ${helper} is missing.`, { why, ...COPY_AGAIN })];
  }
  for (const prefix of listWaysDown(host)) {
    const argv = ["sh", "-c", DRIVE, "sh", ...prefix, helper];
    const { code, out, err } = await view.run(argv, { input: HELLO, env: ENVIRONMENT });
    if (out.includes(`exhausted ${NONCE} WARN: login denied `)) return [];
    if (code === ABSENT && prefix.length > 0 && !err.includes(helper)) continue;
    const reason = new RegExp(`${NONCE} .* reason="(.*)"`).exec(out)?.[1] ??
      err.trim().split("\n").at(-1);
    const what = reason ? ` (${reason})` : ` (exit code ${code})`;
    const seen = `The login helper ${helper} does not answer as it should${what}.`;
    return [error(seen, { where: helper, why, ...COPY_AGAIN })];
  }
  throw new Unchecked("neither setpriv nor su is here to start it without privileges");
}

/** Lists the ways to run a program as the user that the module takes, or as nobody while there is none. */
function listWaysDown({ view, operator }: Host): string[][] {
  if (operator.uid !== 0) return [[]];
  const users = (view.read("/etc/passwd") ?? "").split("\n").map((line) => line.split(":"));
  const found = ["wpam", "nobody"].map((name) => users.find((user) => user[0] === name));
  const [name = "nobody", , uid = "65534", gid = "65534"] = found.find((user) => user) ?? [];
  const privileges = ["--clear-groups", "--no-new-privs"];
  return [
    ["setpriv", "--reuid", uid, "--regid", gid, ...privileges],
    ["su", "-s", "/bin/sh", name, "-c", 'exec "$0"'],
    ["su", "-m", name, "-c", 'exec "$0"'],
  ];
}
