// Shows what wpam does: four logins by the real ssh client into a real sshd, against the fake Werbot.
// Where that is not possible it plays the same stories on the next lower rung and says so. It never
// leaves the sandbox, and with KEEP=1 it stays open for the reader's own ssh. Called by `make demo`.

import { Werbot } from "./fake/werbot.ts";
import { explainNoModule, explainNoSshd, findMissing, findParts } from "./installed.ts";
import { playOnHelper } from "./rung_helper.ts";
import { playOnPam } from "./rung_pam.ts";
import { Sshd } from "./rung_sshd.ts";
import { readStories } from "./story.ts";

const ALICE = "alice@example.com";
const SCRATCH = "/run/wpam-test";

interface Scene {
  readonly title: string;
  readonly replies: readonly string[];
  readonly withKey?: boolean;
  readonly granted: boolean;
}

const refusal = explainNoSshd();
if (refusal === null) await showWithSshd();
else await showWithout(refusal);

async function showWithSshd(): Promise<void> {
  await using werbot = await Werbot.start({
    users: [{ id: ALICE, alias: ["alice"], key: "approve", after: 1000 }],
  });
  const config = await configure(werbot);
  await using sshd = await Sshd.start([`config=${config}`, `helper=${findParts().helper}`], [
    "LogLevel VERBOSE",
  ]);
  const hostKey = await Deno.readTextFile(`${SCRATCH}/host_key.pub`);
  await Deno.writeTextFile(`${sshd.folder}/known_hosts`, `[127.0.0.1]:${sshd.port} ${hostKey}`);
  const scenes: Scene[] = [
    { title: "A code from the app", replies: [ALICE, werbot.code(ALICE)], granted: true },
    { title: "A wrong code", replies: [ALICE, werbot.code(ALICE, 100)], granted: false },
    {
      title: "No code: the U2F key, touched a second later",
      replies: [ALICE, ""],
      granted: true,
    },
    {
      title: "A public key, checked in the account phase (the same touch, no question)",
      replies: [],
      withKey: true,
      granted: true,
    },
  ];
  console.log(`fake Werbot on ${werbot.address}, sshd on 127.0.0.1:${sshd.port}\n`);
  let good = true;
  for (const scene of scenes) good = await show(sshd, scene) && good;
  if (Deno.env.get("KEEP") === "1") await keepOpen(sshd, werbot);
  if (!good) {
    console.log("A login did not end as it should have.");
    Deno.exitCode = 1;
  }
}

/** Writes the machine's configuration, as `wpam install` will. */
async function configure(werbot: Werbot): Promise<string> {
  await Deno.mkdir("/etc/wpam", { mode: 0o700 });
  await Deno.writeTextFile("/etc/wpam/ca.pem", werbot.ca);
  const path = "/etc/wpam/wpam.conf";
  await Deno.writeTextFile(
    path,
    `server_url = ${werbot.address}\nservice_id = ${werbot.serviceID}\n` +
      `service_key = ${werbot.serviceKey}\n`,
    { mode: 0o600 },
  );
  return path;
}

/** Shows one login: what is on the screen, how long the verdict took, and the line in the log. */
async function show(sshd: Sshd, scene: Scene): Promise<boolean> {
  const earlier = (await sshd.readWpamLog()).length;
  console.log(`--- ${scene.title}`);
  console.log("$ ssh alice@server 'echo \"Hello from $(id -un)\"'");
  const { granted, waited } = await typeLogin(sshd, scene);
  const since = scene.withKey ? "start to verdict" : "last key to verdict";
  const delay = granted ? "" : ", about 2 s of it PAM's delay after a refusal";
  console.log(`    ${since}: ${Math.round(waited)} ms${delay}`);
  for (const line of (await sshd.readWpamLog()).slice(earlier)) console.log(`    log: ${line}`);
  console.log();
  return granted === scene.granted;
}

/** Types the replies into ssh on a terminal of its own and copies what it shows. */
async function typeLogin(
  sshd: Sshd,
  { replies, withKey }: Scene,
): Promise<{ granted: boolean; waited: number }> {
  const method = withKey ? `publickey -i ${SCRATCH}/user_key` : "keyboard-interactive";
  const command = `${sshCommand(sshd)} -o NumberOfPasswordPrompts=1 ` +
    `-o PreferredAuthentications=${method} alice@127.0.0.1 'echo "Hello from $(id -un)"'`;
  await using script = new Deno.Command("script", {
    args: ["--quiet", "--return", "--command", command, "/dev/null"],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const keyboard = script.stdin.getWriter();
  const left = [...replies];
  let last = performance.now();
  let waited: number | undefined;
  let shown = "";
  for await (const text of script.stdout.pipeThrough(new TextDecoderStream())) {
    shown += text;
    await Deno.stdout.write(new TextEncoder().encode(text.replaceAll("\r\n", "\n")));
    if (left.length === 0 && waited === undefined && /Authenticated to|denied/.test(text)) {
      waited = performance.now() - last;
    }
    if (left.length > 0 && /: $/.test(text)) {
      await keyboard.write(new TextEncoder().encode(`${left.shift()}\n`));
      last = performance.now();
    }
  }
  await script.status;
  return { granted: shown.includes("Hello from alice"), waited: waited ?? NaN };
}

function sshCommand(sshd: Sshd): string {
  return `ssh -F none -o UserKnownHostsFile=${sshd.folder}/known_hosts -o LogLevel=VERBOSE ` +
    `-p ${sshd.port}`;
}

async function keepOpen(sshd: Sshd, werbot: Werbot): Promise<void> {
  const holder = Deno.env.get("WPAM_SANDBOX_PID");
  const interrupted = new Promise<void>((done) => Deno.addSignalListener("SIGINT", done));
  console.log(`Both are still running. From another terminal, as root:

  nsenter --target ${holder} --mount --net -- ${sshCommand(sshd)} alice@127.0.0.1

  Werbot ID    ${ALICE}
  code         ${werbot.code(ALICE)} now, or empty: the key is touched after a second
  secret       ${werbot.url(ALICE)}

Ctrl-C ends it.`);
  let code = werbot.code(ALICE);
  const clock = setInterval(() => {
    if (code !== werbot.code(ALICE)) console.log(`  code         ${code = werbot.code(ALICE)}`);
  }, 1000);
  await interrupted;
  clearInterval(clock);
}

/** Plays the same four stories without sshd: under libpam, or the helper alone. */
async function showWithout(why: string): Promise<void> {
  console.log(`Left out: sshd and ssh (${why}).`);
  const noModule = explainNoModule();
  const noHelper = findMissing("wpam-auth");
  if (noHelper !== null) throw new Error(noHelper);
  console.log(
    noModule === null
      ? "Shown instead: the same logins through libpam, in a small PAM application.\n"
      : `Left out too: the module (${noModule}).\nShown instead: the same logins in the helper alone.\n`,
  );
  const wanted = ["answers/good", "answers/wrong", "answers/approved", "account/check"];
  const stories = readStories(new URL("scenarios/", import.meta.url), "helper");
  for (const name of wanted) {
    const story = stories.find((story) => story.name === name);
    if (!story) throw new Error(`no story ${name}`);
    const parts = findParts();
    const log = noModule === null
      ? await playOnPam(story, parts)
      : await playOnHelper(story, parts.helper);
    console.log(`--- ${story.summary}`);
    for (const { prompt, reply } of story.dialogue ?? []) {
      const typed = reply.kind === "text" ? reply.text : "";
      console.log(
        prompt + typed.replace("{code}", "(the right code)").replace("{wrong}", "(a wrong one)"),
      );
    }
    for (const line of log) console.log(`    log: ${line}`);
    console.log();
  }
}
