/**
 * installer/host.ts and what it is made of: every system that a tree stands for, the obstacles, and this machine.
 *
 * Trees are images here, or pretend to run with commands that answer what a test says. What asks a real sshd runs
 * only inside test/sandbox.sh. The numbers in brackets name traps of installers.
 */
import assert from "node:assert/strict";
import {
  askSshd,
  findLogin,
  type Host,
  listBusyPackageManagers,
  openView,
  type Output,
  probeHost,
  testSshd,
  toBytes,
  toText,
  uptime,
  type View,
} from "../../installer/host.ts";
import { makeElf } from "../elf.ts";
import { makeTest, SANDBOX } from "../installed.ts";
import { listTrees, makeTree, mountPrograms, openAsRunning, removeTree } from "../tree.ts";

const real = makeTest(
  SANDBOX ? null : "a real sshd runs only inside test/sandbox.sh: sudo make test",
);
const VISITOR = { user: "alice", host: "h", addr: "192.0.2.1", laddr: "192.0.2.2", lport: 22 };

async function withFolder(use: (folder: string) => unknown): Promise<void> {
  const folder = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "wpam-view-" }));
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function withTree(name: string, use: (root: string) => unknown): Promise<void> {
  const root = await makeTree(name);
  try {
    await use(root);
  } finally {
    await removeTree(root);
  }
}

Deno.test("View.read() gives back every byte, and undefined for what is not there", async () => {
  await withFolder((folder) => {
    const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    Deno.writeFileSync(`${folder}/bytes`, bytes);
    const view = openView(folder);
    assert.deepEqual(toBytes(view.read("/bytes")!), bytes);
    assert.equal(toText(bytes), view.read("/bytes"));
    assert.equal(view.read("/absent"), undefined);
    assert.equal(view.read("/bytes/below"), undefined);
    Deno.mkdirSync(`${folder}/folder`);
    assert.throws(
      () => view.read("/folder"),
      new Error(`${folder}/folder cannot be read, because it is a folder. Move it away.`),
    );
    new Deno.Command("mkfifo", { args: [`${folder}/pipe`] }).outputSync();
    assert.throws(() => view.read("/pipe"), /\/pipe is a pipe, .*: remove it\.$/);
  });
});

Deno.test("View: the links of an image never lead out of it", async () => {
  await withFolder((folder) => {
    const view = openView(folder);
    Deno.mkdirSync(`${folder}/etc/pam.d`, { recursive: true });
    Deno.writeTextFileSync(`${folder}/etc/target`, "inside");
    Deno.symlinkSync("/etc/target", `${folder}/etc/pam.d/absolute`);
    Deno.symlinkSync("../../../../../etc/target", `${folder}/etc/pam.d/above`);
    Deno.symlinkSync("/etc/passwd", `${folder}/etc/pam.d/outside`);
    Deno.symlinkSync("loop", `${folder}/loop`);
    Deno.symlinkSync("etc", `${folder}/folder`);
    assert.equal(view.read("/etc/pam.d/absolute"), "inside");
    assert.equal(view.read("/etc/pam.d/above"), "inside");
    assert.equal(view.resolve("/folder/pam.d/above"), "/etc/target");
    assert.equal(view.read("/etc/pam.d/outside"), undefined);
    assert.equal(view.resolve("/etc/pam.d/outside"), undefined);
    assert.equal(view.resolve("/loop"), undefined);
    assert.equal(view.resolve("/.."), "/");
    assert.equal(view.readLink("/folder/pam.d/outside"), "/etc/passwd");
    assert.equal(view.readLink("/etc/target"), undefined);
    assert.deepEqual(view.list("/folder/pam.d"), ["above", "absolute", "outside"]);
    assert.deepEqual(view.list("/absent"), []);
  });
});

Deno.test("View.status() tells what a path is, without following it", async () => {
  await withFolder((folder) => {
    const view = openView(folder);
    Deno.writeTextFileSync(`${folder}/file`, "1234");
    Deno.chmodSync(`${folder}/file`, 0o640);
    Deno.linkSync(`${folder}/file`, `${folder}/twin`);
    Deno.symlinkSync("file", `${folder}/link`);
    const { kind, mode, size, links, inode } = view.status("/file")!;
    assert.deepEqual([kind, mode, size, links], ["file", 0o640, 4, 2]);
    assert.equal(view.status("/twin")?.inode, inode);
    assert.equal(view.status("/link")?.kind, "link");
    assert.equal(view.status("/")?.kind, "folder");
    assert.equal(view.status("/absent"), undefined);
    assert.equal(openView().status("/dev/null")?.kind, "other");
  });
});

Deno.test("View.glob() finds what glob(3) finds", async () => {
  await withFolder((folder) => {
    for (const name of ["b.conf", "a.conf", "[x].conf", ".hidden.conf", "c.conf.bak", "x+y"]) {
      Deno.writeTextFileSync(`${folder}/${name}`, "");
    }
    Deno.mkdirSync(`${folder}/sub`);
    Deno.writeTextFileSync(`${folder}/sub/d.conf`, "");
    Deno.symlinkSync("nowhere", `${folder}/dangling.conf`);
    const view = openView(folder);
    const all = ["/[x].conf", "/a.conf", "/b.conf", "/dangling.conf"];
    assert.deepEqual(view.glob("/*.conf"), all);
    assert.deepEqual(view.glob("/?.conf"), ["/a.conf", "/b.conf"]);
    assert.deepEqual(view.glob("/[!a].conf"), ["/b.conf"]);
    assert.deepEqual(view.glob("/[a-]*f"), ["/a.conf"]);
    assert.deepEqual(view.glob("/.*.conf"), ["/.hidden.conf"]);
    assert.deepEqual(view.glob("/s*/*"), ["/sub/d.conf"]);
    assert.deepEqual(view.glob("//sub/d.conf"), ["/sub/d.conf"]);
    assert.deepEqual(view.glob("/\\[x].c*"), ["/[x].conf"]);
    assert.deepEqual(view.glob("/x+*"), ["/x+y"]);
    assert.deepEqual(view.glob("/absent/*"), []);
  });
});

Deno.test("View.run() gives a command a PATH, a language and nothing else, and an end", async () => {
  const view = openView();
  assert.deepEqual(
    (await view.run(["env"])).out.split("\n").map((line) => line.split("=")[0]).sort(),
    ["", "LC_ALL", "PATH"],
  );
  const echo = await view.run(["cat"], { input: "a\xff" });
  assert.deepEqual(echo, { code: 0, out: "a\xff", err: "", timedOut: false });
  const absent = await view.run(["wpam-no-such-program"]);
  assert.deepEqual([absent.code, absent.err], [127, "wpam-no-such-program is not installed"]);
  const slow = await view.run(["sleep", "30"], { seconds: 0.1 });
  assert.equal(slow.timedOut, true);
});

Deno.test("openView() refuses what is no folder", () => {
  assert.throws(() => openView("/no/such"), /^Error: \/no\/such is no folder: name/);
});

Deno.test("uptime() counts seconds, and only up", async () => {
  const first = uptime();
  await new Promise((resolve) => setTimeout(resolve, 50));
  const passed = uptime() - first;
  assert.ok(passed >= 0 && passed < 10, String(passed));
});

/**
 * What is found in a tree that pretends to run: system, where modules go, services beside /etc/pam.d, sshd's
 * version, program and configuration where they are unusual, and who reloads it, or the obstacle.
 */
const FOUND = `
alpine-pam linux alpine /lib/security 10.0 /usr/sbin/sshd.pam /usr/lib/ssh/sshd-session.pam -o UseDNS=no openrc:sshd
arch-2025 linux arch /usr/lib/security 10.2 /usr/bin/sshd /usr/lib/ssh/sshd-session systemd:sshd.service
debian-13 linux debian /usr/lib/x86_64-linux-gnu/security 10.0 /usr/lib/openssh/sshd-session systemd:ssh.service
devuan-5 linux devuan,debian /lib/x86_64-linux-gnu/security 9.2 none:sshd
freebsd-15 freebsd freebsd /usr/local/lib 9.9 -o MaxAuthTries=3 rc.d:sshd
nixos-25 linux nixos /nix/store/x-linux-pam/lib/security 10.0 /run/current-system/sw/bin/sshd (nixos)
redhat-8 linux rhel,fedora /usr/lib64/security 8.0 -o GSSAPIAuthentication=no systemd:sshd.service
redhat-9 linux rocky,rhel,centos,fedora /usr/lib64/security 8.7 systemd:sshd.service
suse-15 linux opensuse-leap,suse,opensuse /lib64/security 9.6 systemd:sshd.service
suse-16 linux opensuse-tumbleweed,opensuse,suse /usr/lib64/security 10.0 /usr/libexec/ssh/sshd-session /usr/etc/ssh/sshd_config /usr/lib/pam.d systemd:sshd.service
ubuntu-24.04 linux ubuntu,debian /lib/x86_64-linux-gnu/security 9.6 -o LogLevel=VERBOSE systemd:ssh.service
almalinux-8 linux almalinux,rhel,centos,fedora /usr/lib64/security 8.0 systemd:sshd.service
almalinux-9 linux almalinux,rhel,centos,fedora /usr/lib64/security 8.7 systemd:sshd.service
alpine linux alpine /lib/security 10.0 /usr/sbin/sshd.pam /usr/lib/ssh/sshd-session.pam openrc:sshd
alpine-3.7 linux alpine - 9.2 (no-pam)
alpine-edge-2020 linux alpine - 9.2 (no-pam)
amazon-2 linux amzn,centos,rhel,fedora /usr/lib64/security 7.4 systemd:sshd.service
amazon-2022-preview linux amzn,fedora /usr/lib64/security 8.7 systemd:sshd.service
amazon-2023 linux amzn,fedora /usr/lib64/security 8.7 systemd:sshd.service
arch linux arch /usr/lib/security 10.2 /usr/bin/sshd /usr/lib/ssh/sshd-session systemd:sshd.service
arch-2023-01 linux arch /usr/lib/security 10.2 /usr/bin/sshd /usr/lib/ssh/sshd-session systemd:sshd.service
centos-7 linux centos,rhel,fedora /usr/lib64/security 7.4 systemd:sshd.service
centos-stream-8 linux centos,rhel,fedora /usr/lib64/security 8.0 systemd:sshd.service
centos-stream-9 linux centos,rhel,fedora /usr/lib64/security 8.7 systemd:sshd.service
debian-11 linux debian /lib/x86_64-linux-gnu/security 8.4 systemd:ssh.service
debian-12 linux debian /lib/x86_64-linux-gnu/security 9.2 systemd:ssh.service
fedora-36 linux rocky,rhel,centos,fedora /usr/lib64/security 8.8 systemd:sshd.service
fedora-41 linux fedora /usr/lib64/security 9.8 /usr/libexec/openssh/sshd-session systemd:sshd.service
freebsd-13 freebsd freebsd /usr/local/lib 9.9 rc.d:sshd
freebsd-14 freebsd freebsd /usr/local/lib 9.9 rc.d:sshd
gentoo linux gentoo /lib64/security 10.2 /usr/lib/ssh/sshd-session openrc:sshd
macos-14 darwin darwin /usr/local/lib/pam/pam_wpam.so 9.8 /usr/libexec/sshd-session launchd:com.openssh.sshd
macos-15 darwin darwin /usr/local/lib/pam/pam_wpam.so 9.8 /usr/libexec/sshd-session launchd:com.openssh.sshd
macos-26 darwin darwin /usr/local/lib/pam/pam_wpam.so 9.8 /usr/libexec/sshd-session launchd:com.openssh.sshd
netbsd-10 netbsd netbsd /usr/lib/security 9.9 rc.d:sshd
openbsd-7 openbsd openbsd - 9.9 (bsd-auth)
opensuse-leap-15.6 linux opensuse-leap,suse,opensuse /lib64/security 9.6 systemd:sshd.service
opensuse-tumbleweed linux opensuse-tumbleweed,opensuse,suse /usr/lib64/security 10.0 /usr/libexec/ssh/sshd-session /usr/etc/ssh/sshd_config /usr/lib/pam.d systemd:sshd.service
oracle-8 linux ol,fedora /usr/lib64/security 8.0 systemd:sshd.service
rhel-10 linux rhel,centos,fedora /usr/lib64/security 9.9 /usr/libexec/openssh/sshd-session systemd:sshd.service
rhel-7 linux rhel,fedora /usr/lib64/security 7.4 systemd:sshd.service
rhel-8 linux rhel,fedora /usr/lib64/security 8.0 systemd:sshd.service
rhel-9 linux rhel,fedora /usr/lib64/security 8.7 systemd:sshd.service
rocky-8 linux rocky,rhel,centos,fedora /usr/lib64/security 8.0 systemd:sshd.service
rocky-9 linux rocky,rhel,centos,fedora /usr/lib64/security 8.7 systemd:sshd.service
sle-micro-5 linux suse-microos,suse /lib64/security 9.6 systemd:sshd.service
sles-15 linux sles,suse /lib64/security 9.6 systemd:sshd.service
ubuntu-20.04 linux ubuntu,debian /lib/x86_64-linux-gnu/security 8.2 systemd:ssh.service
ubuntu-22.04 linux ubuntu,debian /lib/x86_64-linux-gnu/security 8.9 systemd:ssh.service
void linux void /usr/lib/security 10.2 /usr/bin/sshd /usr/lib/ssh/sshd-session runit:sshd
`;

/** Makes the signs of the init system by which a tree pretends to be run, and returns the answers of its commands. */
function start(root: string, name: string): (command: string) => string | undefined {
  const put = (...paths: string[]) => {
    for (const path of paths) {
      Deno.mkdirSync(root + path.replace(/[^/]*$/, ""), { recursive: true });
      Deno.writeTextFileSync(root + path, "");
    }
  };
  const kernel = /^(freebsd|netbsd|openbsd)/.exec(name)?.[1] ??
    (name.startsWith("macos") ? "darwin" : "linux");
  if (kernel.endsWith("bsd")) put("/etc/rc.subr", "/etc/rc.d/sshd");
  else if (/^(alpine|gentoo)/.test(name)) put("/run/openrc/softlevel", "/etc/init.d/sshd");
  else if (name === "void") put("/run/runit/x", "/var/service/sshd/run");
  else if (kernel === "linux" && name !== "devuan-5") put("/run/systemd/system/x");
  const unit = /^(debian|ubuntu)/.test(name) ? "ssh" : "sshd";
  const names = {
    freebsd: "FreeBSD 14",
    netbsd: "NetBSD 10.0",
    openbsd: "OpenBSD 7.8",
    darwin: "Darwin 24",
  };
  return (command) => {
    if (command === "uname -sr") return names[kernel as keyof typeof names] ?? "Linux 6.1";
    if (!command.startsWith("systemctl show")) return undefined;
    return `Id=${unit}.service\nLoadState=loaded\nActiveState=active\nCanReload=yes\n`;
  };
}

Deno.test("probeHost() knows every system of the trees", async (test) => {
  const expected = new Map(
    FOUND.trim().split("\n").map((line) => [line.split(" ")[0]!, line]),
  );
  for (const name of listTrees()) {
    await test.step(name, () =>
      withTree(name, async (root) => {
        const view = openAsRunning(root, start(root, name));
        const host = await probeHost(view);
        const line = [name, ...describe(host)].join(" ");
        assert.equal(line, expected.get(name));
      }));
  }
});

function describe(
  { system, moduleFolder, moduleName, serviceFolders, sshd, service, ...host }: Host,
) {
  const unusual = [
    sshd?.path,
    sshd?.session,
    sshd?.config,
    ...serviceFolders,
    ...sshd?.options ?? [],
  ]
    .filter((it) => it && !["/usr/sbin/sshd", "/etc/ssh/sshd_config", "/etc/pam.d"].includes(it));
  const [obstacle] = host.obstacles;
  return [
    system,
    host.ids.join(),
    moduleName.startsWith("/") ? moduleName : moduleFolder ?? "-",
    sshd?.version.join(".") ?? "-",
    ...unusual,
    obstacle ? `(${obstacle.id})` : `${service.manager}:${service.unit}`,
  ];
}

/** Changes a tree's files before it is looked at as a system that runs. */
async function probeChanged(
  name: string,
  change: (root: string) => unknown,
  view: (view: View) => View = (view) => view,
): Promise<Host> {
  let host: Host | undefined;
  await withTree(name, async (root) => {
    change(root);
    host = await probeHost(view(openAsRunning(root, start(root, name))));
  });
  return host!;
}

const OBSTACLES: [id: string, sentence: RegExp, host: () => Promise<Host>][] = [
  [
    "unknown-system",
    /^wpam does not know SunOS 5.11: follow `wpam install --print-manual`/,
    () =>
      probeChanged("debian-13", (root) => Deno.removeSync(`${root}/etc/os-release`), (view) => ({
        ...view,
        run: () => Promise.resolve({ code: 0, out: "SunOS 5.11\n", err: "", timedOut: false }),
      })),
  ],
  [
    "bsd-auth",
    /^OpenBSD 7.8 logs people in by BSD Auth, not by PAM, so wpam cannot run here; a login style/,
    () =>
      probeChanged("debian-13", (root) => Deno.removeSync(`${root}/etc/os-release`), (view) => ({
        ...view,
        run: () => Promise.resolve({ code: 0, out: "OpenBSD 7.8\n", err: "", timedOut: false }),
      })),
  ],
  ["nixos", /^NixOS writes .*: put what .* prints into /, () => probeChanged("nixos-25", () => {})],
  [
    "no-sshd",
    /^No sshd was found in \/tmp\/\S+: install the OpenSSH server, then try again\.$/,
    () => probeChanged("redhat-9", (root) => Deno.removeSync(`${root}/usr/sbin/sshd`)),
  ],
  [
    "not-openssh",
    /^\/usr\/sbin\/sshd is not OpenSSH: start OpenSSH's own sshd/,
    () =>
      probeChanged(
        "redhat-9",
        (root) => Deno.writeTextFileSync(`${root}/usr/sbin/sshd`, "#!/bin/sh\nexec dropbear\n"),
      ),
  ],
  [
    "no-pam",
    /^\/usr\/sbin\/sshd was built without PAM: install openssh-server-pam, write command=/,
    () =>
      probeChanged("alpine-pam", (root) => {
        Deno.removeSync(`${root}/etc/conf.d/sshd`);
        Deno.writeTextFileSync(`${root}/usr/sbin/sshd`, "\0OpenSSH_10.0p1\0");
      }),
  ],
  [
    "no-modules",
    /^The PAM library of \/usr\/lib\/openssh\/sshd-session, or its module pam_unix\.so, was not found/,
    () =>
      probeChanged(
        "debian-13",
        (root) => Deno.removeSync(`${root}/usr/lib/x86_64-linux-gnu/security`, { recursive: true }),
      ),
  ],
  [
    "read-only",
    /^\/etc\/pam\.d is on a file system that is mounted read-only: mount it writable/,
    () =>
      probeChanged("debian-13", () => {}, (view) => ({
        ...view,
        isReadOnly: (path) => path.startsWith("/etc"),
      })),
  ],
];
for (const [id, sentence, probe] of OBSTACLES) {
  Deno.test(`probeHost() names what stands in the way, and the mend: ${id}`, async () => {
    const { obstacles } = await probe();
    assert.deepEqual(obstacles.map((obstacle) => obstacle.id), [id]);
    assert.match(obstacles[0]!.text, sentence);
    assert.doesNotMatch(obstacles[0]!.text, /\. [A-Z]|\n/);
  });
}

Deno.test("probeHost() puts the module elsewhere where the system is sealed (C19)", async () => {
  const seal = (view: View) => ({
    ...view,
    isReadOnly: (path: string) => /^\/usr\/(?!local)/.test(path),
  });
  const sealed = await probeChanged("redhat-9", () => {}, seal);
  assert.equal(sealed.moduleFolder, "/usr/local/lib/security");
  assert.equal(sealed.moduleName, "/usr/local/lib/security/pam_wpam.so");
  assert.deepEqual(sealed.obstacles, []);
  const carried = await probeChanged(
    "redhat-9",
    (root) => Deno.writeTextFileSync(`${root}/usr/lib64/security/pam_wpam.so`, ""),
    seal,
  );
  assert.equal(carried.moduleName, "pam_wpam.so");
});

Deno.test("probeHost() writes the whole path where libpam would not look", async () => {
  const host = await probeChanged("redhat-9", (root) => {
    Deno.mkdirSync(`${root}/usr/lib64/x/security`, { recursive: true });
    Deno.renameSync(`${root}/usr/lib64/security`, `${root}/usr/lib/security`);
  });
  assert.equal(host.moduleFolder, "/usr/lib/security");
  assert.equal(host.moduleName, "/usr/lib/security/pam_wpam.so");
});

Deno.test("probeHost() takes no libpam of another machine's (C20)", async () => {
  const host = await probeChanged("debian-13", (root) => {
    Deno.mkdirSync(`${root}/opt/lib`, { recursive: true });
    const other = makeElf({ bits: 32, machine: 3, strings: ["/opt/security/"] });
    Deno.writeFileSync(`${root}/opt/lib/libpam.so.0`, other);
    Deno.writeTextFileSync(`${root}/etc/ld.so.conf`, "include ld.so.conf.d/*.conf\n");
    Deno.mkdirSync(`${root}/etc/ld.so.conf.d`);
    Deno.writeTextFileSync(`${root}/etc/ld.so.conf.d/a.conf`, "# first\n/opt/lib\n");
    Deno.mkdirSync(`${root}/opt/security`);
    Deno.writeTextFileSync(`${root}/opt/security/pam_unix.so`, "");
  });
  assert.equal(host.moduleFolder, "/usr/lib/x86_64-linux-gnu/security");
});

Deno.test("probeHost() of an image has no service to reload (C17)", async () => {
  await withTree("debian-13", async (root) => {
    const { service, sshd, view } = await probeHost(openView(root));
    assert.deepEqual([service.manager, service.reload, service.running], ["none", [], false]);
    assert.deepEqual([view.live, view.root, sshd?.listeners], [false, root, []]);
  });
});

const COMPLAINTS: [name: string, uid: number, output: Partial<Output>, expected: object][] = [
  ["C1", 0, { code: 255, err: "Missing privilege separation directory: /run/sshd\r\n" }, {
    text: "Missing privilege separation directory: /run/sshd",
    cause: "privsep-folder",
    folder: "/run/sshd",
  }],
  ["C2", 0, {
    code: 1,
    err: "Unable to load host key: /x\nsshd: no hostkeys available -- exiting.\n",
  }, {
    text: "sshd: no hostkeys available -- exiting.",
    cause: "host-keys",
  }],
  ["C3", 1000, { code: 1, err: "/etc/ssh/sshd_config: Permission denied\n" }, {
    text: "/etc/ssh/sshd_config: Permission denied",
    cause: "not-root",
  }],
  ["A20", 0, {
    code: 255,
    err: "c: line 1: Bad configuration option: Foo\nc: terminating, 1 bad\n",
  }, {
    text: "c: line 1: Bad configuration option: Foo",
    cause: "configuration",
  }],
  ["no program", 0, { code: 127, err: "chroot: failed to run command '/usr/sbin/sshd'\n" }, {
    text: "/usr/sbin/sshd could not be asked: chroot: failed to run command '/usr/sbin/sshd'",
    cause: "other",
  }],
  ["no answer", 0, { code: 137, timedOut: true }, {
    text: "/usr/sbin/sshd did not answer",
    cause: "other",
  }],
];
for (const [name, uid, output, expected] of COMPLAINTS) {
  Deno.test(`testSshd() and askSshd() tell why sshd refuses: ${name}`, async () => {
    await withTree("debian-13", async (root) => {
      const asked: string[] = [];
      const run = (argv: readonly string[]) => {
        asked.push(argv.join(" "));
        return Promise.resolve({ code: 0, out: "", err: "", timedOut: false, ...output });
      };
      const host = await probeHost(openView(root));
      const fake = { ...host, view: { ...host.view, run }, operator: { ...host.operator, uid } };
      assert.deepEqual(await testSshd(fake, "/tmp/c"), expected);
      assert.deepEqual(await askSshd(fake, VISITOR), expected);
      const who = "user=alice,host=h,addr=192.0.2.1,laddr=192.0.2.2,lport=22";
      assert.deepEqual(asked, [
        "/usr/sbin/sshd -f /tmp/c -t",
        `/usr/sbin/sshd -f /etc/ssh/sshd_config -T -C ${who}`,
      ]);
    });
  });
}

Deno.test("listBusyPackageManagers() names who holds a lock, and nobody else (C11)", async () => {
  await withTree("debian-13", (root) => {
    Deno.mkdirSync(`${root}/var/lib/dpkg`);
    Deno.writeTextFileSync(`${root}/var/lib/dpkg/lock-frontend`, "");
    Deno.mkdirSync(`${root}/proc/7`, { recursive: true });
    Deno.writeTextFileSync(`${root}/proc/7/comm`, "apt-get\n");
    const view = openView(root);
    const { inode } = view.status("/var/lib/dpkg/lock-frontend")!;
    const write = (kind: string, inode: number) =>
      Deno.writeTextFileSync(
        `${root}/proc/locks`,
        `1: POSIX  ADVISORY  ${kind} 7 fe:00:${inode} 0 EOF\n`,
      );
    write("READ ", inode);
    assert.deepEqual(listBusyPackageManagers(view), []);
    write("WRITE", inode + 1);
    assert.deepEqual(listBusyPackageManagers(view), []);
    write("WRITE", inode);
    assert.deepEqual(listBusyPackageManagers(view), [
      "apt-get (7) holds /var/lib/dpkg/lock-frontend: wait until it has finished.",
    ]);
    const link = (pid: string, parent: number) => {
      Deno.mkdirSync(`${root}/proc/${pid}`, { recursive: true });
      Deno.writeTextFileSync(`${root}/proc/${pid}/stat`, `1 (x) S ${parent} 1 1 0 -1\n`);
    };
    link("self", 8);
    link("8", 0);
    assert.equal(listBusyPackageManagers(view).length, 1);
    // The package manager that has started us waits for us.
    link("8", 7);
    link("7", 0);
    assert.deepEqual(listBusyPackageManagers(view), []);
    Deno.removeSync(`${root}/proc`, { recursive: true });
    Deno.mkdirSync(`${root}/var/lib/pacman`);
    Deno.writeTextFileSync(`${root}/var/lib/pacman/db.lck`, "");
    assert.equal(listBusyPackageManagers(view).length, 1);
  });
});

/** Starts a real sshd, and ends it and all that is below it afterwards. */
async function withSshd(args: string[], use: (pid: number) => Promise<void>): Promise<void> {
  const key = ["-h", "/run/wpam-test/host_key", "-E", "/dev/null"];
  const child = new Deno.Command("/usr/sbin/sshd", { args: ["-D", ...key, ...args] }).spawn();
  try {
    for (let tries = 0; tries < 100; tries++) {
      const { sshd } = await probeHost(openView(), 2222);
      if (sshd?.listeners.some(({ pid }) => pid === child.pid)) return await use(child.pid);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.fail("sshd does not listen");
  } finally {
    child.kill("SIGTERM");
    await child.status;
  }
}

real("on this machine: the real sshd, with the modules of its libpam, and no init", async () => {
  const host = await probeHost(openView());
  assert.equal(host.system, "linux");
  assert.equal(host.sshd?.path, "/usr/sbin/sshd");
  const { err } = await host.view.run([host.sshd.path, "-V"]);
  assert.match(err, new RegExp(`OpenSSH_${host.sshd.version.join("\\.")}[p,]`));
  assert.ok(host.view.status(`${host.moduleFolder}/pam_permit.so`));
  assert.match(host.moduleFolder!, /^\/(usr\/)?lib.*\/security$/);
  assert.equal(host.moduleName, "pam_wpam.so");
  assert.deepEqual(host.serviceFolders.slice(0, 1), ["/etc/pam.d"]);
  assert.deepEqual([host.service.manager, host.service.reload], ["none", []]);
  assert.deepEqual(host.obstacles, []);
  assert.equal(host.operator.uid, 0);
  assert.equal(host.operator.ssh?.client, Deno.env.get("SSH_CONNECTION")?.split(" ")[0]);
  assert.equal(await testSshd(host), undefined);
  const effective = await askSshd(host, VISITOR);
  assert.ok(!("text" in effective));
  assert.equal(effective.get("usepam"), "yes");
});

real(
  "on this machine: a listener with options of its own, which are passed on (A22, A23, C7)",
  async () => {
    const folder = "/run/wpam-test/other";
    Deno.mkdirSync(folder);
    Deno.writeTextFileSync(`${folder}/config`, "Port 2222\nUsePAM yes\nMaxAuthTries 5\n");
    const options = ["-f", `${folder}/config`, "-o", "AcceptEnv=A B", "-oBanner=none", "-4"];
    await withSshd(options, async (pid) => {
      const view = openView();
      const host = await probeHost(view, 2222);
      const [listener] = host.sshd!.listeners;
      assert.deepEqual([listener?.pid, listener?.program, listener?.stale], [
        pid,
        "/usr/sbin/sshd",
        false,
      ]);
      assert.deepEqual(listener?.addresses, [["0.0.0.0", 2222]]);
      assert.ok(Math.abs(uptime() - listener!.started) < 30);
      assert.equal(host.sshd?.config, `${folder}/config`);
      const passed = [
        "-h",
        "/run/wpam-test/host_key",
        "-o",
        "AcceptEnv=A B",
        "-o",
        "Banner=none",
        "-4",
      ];
      assert.deepEqual(host.sshd.options, passed);
      const effective = await askSshd(host, VISITOR);
      assert.ok(!("text" in effective));
      assert.deepEqual([effective.get("maxauthtries"), effective.get("acceptenv")], ["5", "A\nB"]);
      assert.deepEqual(host.service.reload, [["kill", "-HUP", String(pid)]]);
      assert.equal(host.service.manager, "signal");

      await withSshd(["-p", "2223"], async () => {
        const pids = (await probeHost(view, 2222)).sshd?.listeners.map((each) => each.pid);
        assert.equal(pids?.length, 2);
        assert.equal(pids[0], pid);
      });

      Deno.copyFileSync("/usr/sbin/sshd", "/usr/sbin/sshd.new");
      Deno.renameSync("/usr/sbin/sshd.new", "/usr/sbin/sshd");
      const replaced = await probeHost(view, 2222);
      assert.deepEqual([replaced.sshd?.path, replaced.sshd?.listeners[0]?.stale], [
        "/usr/sbin/sshd",
        true,
      ]);
    });
  },
);

real("on this machine: what stops sshd is named (A20, C1)", async () => {
  const host = await probeHost(openView());
  Deno.writeTextFileSync("/run/wpam-test/bad", "UsePAM maybe\n");
  assert.deepEqual(await testSshd(host, "/run/wpam-test/bad"), {
    text: '/run/wpam-test/bad line 1: unsupported option "maybe".',
    cause: "configuration",
  });
  assert.equal((await testSshd(host, "/run/wpam-test/none"))?.cause, "configuration");
  Deno.removeSync("/run/sshd");
  try {
    const complaint = await testSshd(host);
    assert.deepEqual([complaint?.cause, complaint?.folder], ["privsep-folder", "/run/sshd"]);
  } finally {
    Deno.mkdirSync("/run/sshd", { mode: 0o755 });
  }
});

real(
  "on this machine: an ssh login is found from below, sudo's clean environment or not (C13)",
  async () => {
    await withSshd(["-p", "2222", "-o", "UsePAM=no"], async (sshd) => {
      const args = "-F none -i /run/wpam-test/user_key -o BatchMode=yes -o LogLevel=ERROR " +
        "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -p 2222 alice@127.0.0.1";
      const before = uptime();
      const command = "env -i /bin/sleep 20 & echo $!; wait";
      const child = new Deno.Command("ssh", {
        args: [...args.split(" "), command],
        stdin: "null",
        stdout: "piped",
      }).spawn();
      const reader = child.stdout.getReader();
      const pid = parseInt(new TextDecoder().decode((await reader.read()).value));
      const login = await findLogin(openView(), pid);
      child.kill("SIGTERM");
      await reader.cancel();
      await child.status;
      assert.ok(login !== undefined && login.pid !== sshd && login.pid !== pid);
      assert.ok(login.started >= before - 0.02 && login.started <= uptime(), String(login.started));
      assert.equal(login.client, "127.0.0.1");
      assert.equal(await findLogin(openView(), sshd), undefined);
    });
  },
);

real("on this machine: systemd, where there is one", async () => {
  Deno.mkdirSync("/run/systemd/system", { recursive: true });
  const answer = "Id=ssh.service\nLoadState=loaded\nActiveState=active\nCanReload=yes\n";
  const path = "/usr/bin/systemctl";
  const kept = openView().status(path) !== undefined;
  if (kept) Deno.renameSync(path, `${path}.real`);
  Deno.writeTextFileSync(path, `#!/bin/sh\necho '${answer}'\n`, { mode: 0o755 });
  try {
    const { service } = await probeHost(openView());
    assert.equal(service.manager, "systemd");
    assert.deepEqual(service.reload, [["systemctl", "reload", "ssh.service"]]);
  } finally {
    if (kept) Deno.renameSync(`${path}.real`, path);
    else Deno.removeSync(path);
    Deno.removeSync("/run/systemd", { recursive: true });
  }
});

real(
  "on this machine: mounts are seen, those of single files and read-only ones (C8)",
  async () => {
    await withTree("debian-13", async (root) => {
      const view = openView(root);
      assert.deepEqual([view.mounts(), view.isReadOnly("/etc/pam.d/sshd")], [[], false]);
      const file = `${root}/etc/pam.d/sshd`;
      await openView().run(["mount", "--bind", file, file]);
      assert.deepEqual(view.mounts(), ["/etc/pam.d/sshd"]);
      await openView().run(["mount", "-o", "remount,bind,ro", file]);
      assert.deepEqual([view.isReadOnly("/etc/pam.d/sshd"), view.isReadOnly("/etc/pam.d")], [
        true,
        false,
      ]);
      await openView().run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", `${root}/etc/ssh`]);
      assert.equal(view.isReadOnly("/etc/ssh/sshd_config.d/00-wpam.conf"), true);
      assert.deepEqual((await probeHost(view)).obstacles.map(({ id }) => id), ["read-only"]);
    });
  },
);

real("on this machine: the lock of a real package manager is seen (C11)", async () => {
  const path = "/var/lib/dpkg/lock-frontend";
  const file = Deno.openSync(path, { write: true, create: true });
  assert.deepEqual(listBusyPackageManagers(openView()), []);
  await file.lock(true);
  const [busy] = listBusyPackageManagers(openView());
  file.close();
  assert.match(busy ?? "", new RegExp(`\\(${Deno.pid}\\) holds ${path}: wait`));
});

real("an image with programs is asked in its own root", async () => {
  for (const name of ["suse-16", "freebsd-15"]) {
    await withTree(name, async (root) => {
      assert.ok(await mountPrograms(root));
      const host = await probeHost(openView(root));
      assert.deepEqual(host.obstacles, []);
      assert.equal(await testSshd(host), undefined);
      const effective = await askSshd(host, VISITOR);
      assert.ok(!("text" in effective));
      assert.equal(effective.get("x11forwarding"), name === "suse-16" ? "yes" : "no");
      assert.deepEqual(host.view.list("/usr/bin"), openView().list("/usr/bin"));
    });
  }
});
