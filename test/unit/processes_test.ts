/**
 * installer/processes.ts: command lines of sshd, and processes as /proc, ps and sockstat show them.
 *
 * The numbers in brackets name traps of installers: A22, an sshd with options; A23, several of them.
 */
import assert from "node:assert/strict";
import { openView, type View } from "../../installer/host.ts";
import {
  findListeners,
  findSession,
  listProcesses,
  parseOptions,
  readCommandLine,
} from "../../installer/processes.ts";

Deno.test("readCommandLine() reads options from arguments and from titles (A22)", () => {
  const options = [["D", undefined], ["f", "/etc/ssh/two"], ["o", "Banner=/etc/a b"], ["p", "22"]];
  const words = ["-D", "-f/etc/ssh/two", "-o", "Banner=/etc/a b", "-p", "22"];
  const expected = { program: "/usr/sbin/sshd", options };
  assert.deepEqual(readCommandLine(["/usr/sbin/sshd", ...words]), expected);
  const title = `sshd: /usr/sbin/sshd ${words.join(" ")} [listener] 0 of 10-100 startups`;
  assert.deepEqual(readCommandLine([title]), expected);
  assert.deepEqual(readCommandLine([`${title} (sshd)`]), expected);
  assert.deepEqual(readCommandLine(["/usr/sbin/sshd.pam"])?.program, "/usr/sbin/sshd.pam");
});

Deno.test("readCommandLine() tells a listener from every other sshd", () => {
  const others = [
    ["sshd: alice [priv]"],
    ["sshd: alice@pts/0"],
    ["sshd: [accepted]"],
    ["sshd-session: alice [priv]"],
    ["/usr/sbin/sshd", "-D", "-R"],
    ["/usr/sbin/sshd", "-i"],
    ["/usr/sbin/sshd", "-DT"],
    ["/usr/sbin/sshd", "-t"],
    ["/usr/bin/ssh", "host"],
    [""],
  ];
  for (const argv of others) assert.equal(readCommandLine(argv), undefined, argv[0]);
});

Deno.test("parseOptions() cuts clusters as getopt does", () => {
  const words = ["-4Dp2222", "-De", "-o", "UsePAM=yes", "-E", "/var/log/x", "-g"];
  assert.deepEqual(parseOptions(words), [
    ["4", undefined],
    ["D", undefined],
    ["p", "2222"],
    ["D", undefined],
    ["e", undefined],
    ["o", "UsePAM=yes"],
    ["E", "/var/log/x"],
    ["g", ""],
  ]);
});

/** A machine whose /proc is what a test says: paths to texts, or to the targets of links. */
function fakeProc(files: Record<string, string>, links: Record<string, string> = {}): View {
  const paths = [...Object.keys(files), ...Object.keys(links)];
  return {
    ...openView(),
    read: (path) => files[path],
    readLink: (path) => links[path],
    status: (path) => path in files ? openView().status("/proc/self/stat") : undefined,
    list: (folder) => [
      ...new Set(
        paths.filter((path) => path.startsWith(`${folder}/`))
          .map((path) => path.slice(folder.length + 1).split("/")[0]!),
      ),
    ],
    run: () => Promise.resolve({ code: 127, out: "", err: "", timedOut: false }),
  };
}

function stat(name: string, parent: number, started: number): string {
  const fields = Array.from({ length: 17 }, () => "0");
  return `1 (${name}) S ${parent} ${fields.join(" ")} ${started * 100} 0 0`;
}

const HEAD =
  "  sl  local_address rem_address st tx_queue:rx_queue tr:when retrnsmt uid timeout inode\n";
const row = (address: string, state: string, inode: number) =>
  ` 0: ${address} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000 0 0 ${inode} 1 0\n`;
const ANY6 = "0".repeat(32);

/** Two sshds, a login of alice below the first with a shell under sudo, a container with an sshd of its own. */
const BUSY = fakeProc({
  "/proc/self/stat": "",
  "/proc/10/stat": stat("sshd", 1, 50),
  "/proc/10/cmdline": "sshd: /usr/sbin/sshd -D -p 2222 [listener] 1 of 10-100 startups\0\0\0",
  "/proc/10/net/tcp": HEAD + row("0100007F:08AE", "0A", 501) + row("0100007F:0016", "01", 502),
  "/proc/20/stat": stat("sshd", 1, 60),
  "/proc/20/cmdline": "/usr/sbin/sshd\0-f\0/etc/ssh/two\0",
  "/proc/20/net/tcp": HEAD + row("00000000:0016", "0A", 601),
  "/proc/20/net/tcp6": HEAD + row(`${ANY6}:0016`, "0A", 602) +
    row("B80D0120000000000000000001000000:0016", "0A", 603),
  "/proc/30/stat": stat("sshd", 10, 100),
  "/proc/30/cmdline": "sshd: alice [priv]",
  "/proc/31/stat": stat("sshd", 30, 101),
  "/proc/31/cmdline": "sshd: alice@pts/0",
  "/proc/31/net/tcp": HEAD + row("0100007F:177A", "0A", 701),
  "/proc/32/stat": stat("sh) R 1 (x", 31, 102),
  "/proc/32/environ": "A=1\0SSH_CONNECTION=203.0.113.7 5 192.0.2.1 22\0",
  "/proc/33/stat": stat("sudo", 32, 103),
  "/proc/34/stat": stat("deno", 33, 104),
  "/proc/40/stat": stat("sshd", 1, 70),
  "/proc/40/cmdline": "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups",
  "/proc/50/stat": stat("sshd", 1, 71),
  "/proc/50/cmdline": "/usr/sbin/sshd\0-f\0/tmp/x\0",
  "/proc/60/stat": stat("tmux: server", 1, 90),
  "/proc/61/stat": stat("deno", 60, 91),
}, {
  "/proc/self/ns/pid": "pid:[1]",
  "/proc/10/ns/pid": "pid:[1]",
  "/proc/10/root": "/",
  "/proc/10/exe": "/usr/sbin/sshd (deleted)",
  "/proc/10/fd/3": "socket:[501]",
  "/proc/10/fd/4": "socket:[502]",
  "/proc/20/exe": "/opt/sbin/sshd",
  "/proc/20/fd/3": "socket:[601]",
  "/proc/20/fd/4": "socket:[602]",
  "/proc/20/fd/5": "socket:[603]",
  "/proc/31/fd/9": "socket:[701]",
  "/proc/40/ns/pid": "pid:[2]",
  "/proc/50/fd/0": "/dev/null",
});

Deno.test("findListeners() lists all sshds of this machine, the one on the given port first (A23)", async () => {
  const processes = await listProcesses(BUSY, 1000);
  const listeners = await findListeners(BUSY, processes, 22);
  assert.deepEqual(
    listeners.map(({ pid, program, stale, started, addresses }) => [
      pid,
      program,
      stale,
      started,
      addresses.map(([host, port]) => `${host} ${port}`).join(", "),
    ]),
    [
      [20, "/opt/sbin/sshd", false, 60, "0.0.0.0 22, :: 22, 2001:db8::1 22"],
      [10, "/usr/sbin/sshd", true, 50, "127.0.0.1 2222"],
    ],
  );
  assert.equal((await findListeners(BUSY, processes, 2222))[0]?.pid, 10);
});

Deno.test("findSession() finds the connection above sudo, with its client and its start", async () => {
  const processes = await listProcesses(BUSY, 1000);
  const login = { pid: 30, started: 100, client: "203.0.113.7" };
  assert.deepEqual(findSession(BUSY, processes, 34), login);
  assert.deepEqual(findSession(BUSY, processes, 61), undefined);
  assert.deepEqual(findSession(BUSY, processes, 10), undefined);
});

Deno.test("where there is no /proc, ps and sockstat tell the same", async () => {
  const ps = [
    "  812     1    10-00:00:10 sshd: /usr/sbin/sshd [listener] 0 of 10-100 startups (sshd)",
    "  900   812       02:00 sshd: alice [priv] (sshd)",
    "  901   900       01:58 sshd: alice@pts/1 (sshd)",
    "  902   901       01:58.50 -sh (sh)",
    "  903   902    00:00:05 /usr/local/bin/deno run wpam.js",
  ].join("\n");
  const sockstat = [
    "USER     COMMAND    PID   FD  PROTO  LOCAL ADDRESS         FOREIGN ADDRESS",
    "root     sshd         812 3   tcp6   *:22                  *:*",
    "root     sshd         812 4   tcp4   192.0.2.1:2222        *:*",
    "root     ntpd         700 4   udp4   *:123                 *:*",
  ].join("\n");
  const view: View = {
    ...fakeProc({}),
    run: ([program]) => {
      const out = program === "ps" ? ps : program === "sockstat" ? sockstat : "";
      return Promise.resolve({ code: 0, out, err: "", timedOut: false });
    },
  };
  const processes = await listProcesses(view, 900_000);
  const [listener] = await findListeners(view, processes, 22);
  assert.deepEqual(listener?.addresses, [["::", 22], ["192.0.2.1", 2222]]);
  assert.equal(listener.program, "/usr/sbin/sshd");
  assert.equal(listener.started, 35_990);
  assert.deepEqual(findSession(view, processes, 903), {
    pid: 900,
    started: 899_880,
    client: undefined,
  });
});
