// What the module says to syslog: the lines of the log, each with its priority, and also where there can
// be no log file. Only inside test/sandbox.sh, where /dev/log is a test's own. Called by `deno test`.

import assert from "node:assert/strict";
import { compile } from "./compile.ts";
import { explainNoModule, findParts, makeTest, SANDBOX } from "./installed.ts";
import { playOnPam, PRIORITIES } from "./rung_pam.ts";
import { readStories } from "./story.ts";

const test = makeTest(
  explainNoModule() ?? (SANDBOX ? null : "syslog is listened to only inside test/sandbox.sh"),
);

const MESSAGE = /^<(\d+)>\S+ +\d+ \S+ pam_app: pam_wpam\(wpam-test:auth\): ((\w+): .*)$/;
const ALLOWED = /^INFO: login allowed user=alice .* ref=\w{8}$/;

/** Starts what stands for syslogd and returns a function that reads its next line. */
async function listen(folder: string): Promise<[Deno.ChildProcess, () => Promise<string>]> {
  await compile("syslogd.c", `${folder}/syslogd`);
  const sink = new Deno.Command(`${folder}/syslogd`, { args: ["/dev/log"], stdout: "piped" })
    .spawn();
  const reader = sink.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  const next = async () => {
    while (!rest.includes("\n")) {
      const { value, done } = await reader.read();
      if (done) assert.fail(`no line, but ${JSON.stringify(rest)}`);
      rest += value;
    }
    const end = rest.indexOf("\n");
    const line = rest.slice(0, end);
    rest = rest.slice(end + 1);
    return line;
  };
  assert.equal(await next(), "ready");
  return [sink, next];
}

test("log_line() tells syslog every line, with or without a log file", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "wpam-" });
  const [sink, next] = await listen(folder);
  // Stops a wait for a line that does not come.
  const alarm = setTimeout(() => sink.kill("SIGKILL"), 60_000);
  try {
    const stories = readStories(new URL("scenarios/", import.meta.url), "pam")
      .filter(({ name }) => name.startsWith("log/"));
    for (const story of stories) {
      await t.step(story.name, async () => {
        const log = await playOnPam(story, findParts());
        // Where no file can be written, the login's one line is in syslog alone.
        const count = Math.max(log.length, 1);
        const lines: string[] = [];
        while (lines.length < count) {
          const message = await next();
          // libpam has its own complaints, of a service folder with one file.
          if (message.includes(" pam_app: PAM ")) continue;
          const [, priority, line, level] = MESSAGE.exec(message) ?? assert.fail(message);
          assert.equal(Number(priority), PRIORITIES[level!], line);
          lines.push(line!);
        }
        if (log.length > 0) assert.deepEqual(lines, log);
        else assert.match(lines[0]!, ALLOWED);
      });
    }
  } finally {
    clearTimeout(alarm);
    sink.kill("SIGTERM");
    await sink.status;
    await Deno.remove("/dev/log");
    await Deno.remove(folder, { recursive: true });
  }
  await assert.rejects(next(), /no line, but ""/);
});
