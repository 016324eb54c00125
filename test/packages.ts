/**
 * What packaging/ ships, read by the programs that it is for, and the packages, read by those that judge packages.
 *
 * Not part of `make test`: it needs those programs. Run by test/packages.sh.
 */
import assert from "node:assert/strict";
import { REFUSALS } from "./refusals.ts";

const TOP = new URL("../", import.meta.url).pathname;
const SHARE = `${TOP}build/share`;
const PAGES = ["man8/wpam.8", "man8/pam_wpam.8", "man5/wpam.conf.5"];

/** A home for programs that write into one, as rpm does its database. */
const THROW_AWAY = Deno.makeTempDirSync();
addEventListener("unload", () => Deno.removeSync(THROW_AWAY, { recursive: true }));

/** Runs a program, which must end well; returns what it wrote. */
async function run(...[program, ...args]: string[]): Promise<{ out: string; err: string }> {
  const { success, stdout, stderr } = await new Deno.Command(program!, {
    args,
    stdin: "null",
    env: { HOME: THROW_AWAY, LC_ALL: "C.UTF-8", MANROFFSEQ: "", MANWIDTH: "80" },
  }).output();
  const out = new TextDecoder().decode(stdout);
  const err = new TextDecoder().decode(stderr);
  assert.ok(success, `${program} ${args.join(" ")}: ${out}${err}`);
  return { out, err };
}

Deno.test("mandoc and man have nothing to say about the manual pages", async () => {
  for (const page of PAGES) {
    await run("mandoc", "-T", "lint", "-W", "warning", `${SHARE}/man/${page}`);
    const args = ["--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", `${SHARE}/man/${page}`];
    assert.equal((await run("man", ...args)).err, "");
  }
});

Deno.test("zsh reads its completion", async () => {
  await run("zsh", "-n", `${SHARE}/zsh/site-functions/_wpam`);
});

Deno.test("fish offers subcommands, options and choices", async () => {
  const file = `${SHARE}/fish/vendor_completions.d/wpam.fish`;
  const ask = async (line: string) =>
    (await run("fish", "-c", `source ${file}; complete -C '${line}'`)).out.trim().split("\n")
      .map((offer) => offer.split("\t")[0]);
  assert.deepEqual(await ask("wpam inst"), ["install"]);
  assert.deepEqual(await ask("wpam install --log"), ["--login"]);
  assert.deepEqual(await ask("wpam uninstall --accept-risk "), ["lose-ssh"]);
  assert.deepEqual(await ask("wpam confirm --js"), ["--json"]);
});

Deno.test("fail2ban finds the address of each refusal, and no forged one", async () => {
  const filter = `${TOP}packaging/fail2ban/wpam.conf`;
  for (const [line, address] of REFUSALS) {
    // Without a match it tells so with its exit code; then nothing is written.
    const { stdout } = await new Deno.Command("fail2ban-regex", {
      args: ["--out", "ip", line, filter],
    }).output();
    assert.equal(new TextDecoder().decode(stdout).trim(), address ?? "", line);
  }
});

Deno.test("fail2ban and logrotate read the files that a package lays down", async () => {
  await run("logrotate", "--debug", `${TOP}packaging/logrotate/wpam`);
  const folder = await Deno.makeTempDir();
  await run("cp", "-r", "/etc/fail2ban/.", folder);
  await run("cp", `${TOP}packaging/fail2ban/wpam.conf`, `${folder}/filter.d/wpam.conf`);
  const jail = await Deno.readTextFile(`${TOP}packaging/fail2ban/jail.conf`);
  await Deno.writeTextFile(`${folder}/jail.d/wpam.conf`, jail.replace("false", "true"));
  await run("touch", `${folder}/wpam.log`);
  await Deno.writeTextFile(
    `${folder}/jail.d/zz.conf`,
    `[wpam]\nlogpath = ${folder}/wpam.log\n[sshd]\nenabled = false\n`,
  );
  assert.match((await run("fail2ban-client", "-c", folder, "-d")).out, /'add', 'wpam'/);
  await Deno.remove(folder, { recursive: true });
});

/** Lists what lies below a folder, with modes and where links point. */
async function list(folder: string): Promise<string[]> {
  const { out } = await run("find", folder, "-not", "-type", "d", "-printf", "%P %m %l\\n");
  return out.trim().split("\n").map((line) => line.trim()).sort();
}

async function make(...words: string[]): Promise<{ success: boolean; err: string }> {
  const { success, stdout, stderr } = await new Deno.Command("make", {
    args: ["-s", "-C", TOP, ...words],
  }).output();
  return {
    success,
    err: [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join(""),
  };
}

const { version } = JSON.parse(Deno.readTextFileSync(`${TOP}deno.json`));
const HOME = `usr/lib/wpam/${version}`;

Deno.test("make install copies, and make uninstall removes it unless wpam is set up", async () => {
  const folder = await Deno.makeTempDir();
  const words = [`DESTDIR=${folder}`, "PAMDIR=/lib/security"];
  assert.ok((await make("install", ...words)).success);
  const files = await list(folder);
  for (
    const file of [
      "lib/security/pam_wpam.so 644",
      "usr/bin/wpam 777 ../lib/wpam/" + `${version}/wpam`,
      "usr/share/man/man8/wpam.8 644",
      `${HOME}/deno 711`,
      `${HOME}/pam_wpam.so 777 /lib/security/pam_wpam.so`,
      `${HOME}/wpam 755`,
      `${HOME}/wpam-auth 755`,
      `${HOME}/wpam.js 644`,
    ]
  ) assert.ok(files.includes(file), `${file} in ${files.join("\n")}`);

  await Deno.mkdir(`${folder}/etc/pam.d`, { recursive: true });
  await Deno.writeTextFile(`${folder}/etc/pam.d/sshd`, "auth required pam_wpam.so\n");
  const refused = await make("uninstall", ...words);
  assert.ok(!refused.success);
  assert.match(refused.err, /First, as root: wpam uninstall/);
  assert.deepEqual(await list(folder), [...files, "etc/pam.d/sshd 644"].sort());

  await Deno.remove(`${folder}/etc/pam.d/sshd`);
  assert.ok((await make("uninstall", ...words)).success);
  assert.deepEqual(await list(folder), [""]);
  await Deno.remove(folder, { recursive: true });
});

const DEB = /^wpam_.*\.deb$/;
const RPM = /^wpam-.*\.rpm$/;

/** Names the one package of a kind that was built. */
function findPackage(pattern: RegExp): string {
  const names = [...Deno.readDirSync(`${TOP}build`)].map(({ name }) => name);
  return `${TOP}build/${names.find((name) => pattern.test(name))}`;
}

Deno.test("lintian has nothing to say about the Debian package", async () => {
  const words = ["--allow-root", "--pedantic", "-E", "--display-info"];
  const fail = ["--fail-on", "error,warning,info,pedantic,experimental"];
  assert.equal((await run("lintian", ...words, ...fail, findPackage(DEB))).out, "");
});

Deno.test("rpmlint has nothing to say about the RPM package", async () => {
  const spec = `${TOP}packaging/rpm/wpam.spec`;
  const config = `${TOP}packaging/rpm/rpmlint.toml`;
  const { out } = await run("rpmlint", "-c", config, findPackage(RPM), spec);
  assert.match(out, / 0 errors, 0 warnings,/);
});

Deno.test({
  name: "both packages have the same files, and those of an RPM package are as it says",
  ignore: Deno.uid() !== 0,
  fn: async () => {
    const folder = await Deno.makeTempDir();
    const root = `${folder}/root`;
    await Deno.mkdir(root);
    const rpm = (...args: string[]) =>
      run("rpm", "--root", root, "--dbpath", "/var/lib/rpm", "--nodeps", ...args);
    await rpm("--install", "--noscripts", findPackage(RPM));
    assert.equal((await rpm("--verify", "wpam")).out, "");
    await run("dpkg-deb", "--extract", findPackage(DEB), `${folder}/deb`);

    const theirs = /^(var\/lib\/rpm|usr\/share\/(doc|licenses|lintian|pam-configs))\//;
    const ours = (files: string[]) => files.filter((file) => !theirs.test(file));
    const debian = (await list(`${folder}/deb`)).map((file) =>
      file.replace("vendor-completions", "site-functions")
        .replace(/^usr\/lib\/[a-z0-9_]+-linux-gnu/, "usr/lib64")
        .replace(/ \.\.\/\.\.\/[a-z0-9_]+-linux-gnu/, " ../../../lib64")
    );
    assert.deepEqual(ours(await list(root)), ours(debian).sort());
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test("the RPM package asks for what it needs, of any distribution", async () => {
  const query = async (...args: string[]) =>
    (await run("rpm", "--query", "--package", ...args, findPackage(RPM))).out;
  const needs = await query("--requires");
  for (const need of ["libpam.so.0()(64bit)", "/usr/sbin/useradd", "gawk", "/bin/sh"]) {
    assert.ok(needs.split("\n").includes(need), `${need} in ${needs}`);
  }
  assert.doesNotMatch(await query("--provides"), /\.so/);
  assert.match(await query("--configfiles"), /logrotate\.d\/wpam/);
  assert.doesNotMatch(await query("--dump", "--scripts", "--info"), /debian|DEBHELPER|build-id/i);
});
