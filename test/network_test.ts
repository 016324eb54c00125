// Networks that lose packets in ways that only a machine of one's own can be made to: names that are
// never answered, an address that swallows everything, a link that goes down. Only inside
// test/sandbox.sh. Called by `deno test`.

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { Plug } from "./fake/behaviour.ts";
import { explainNoModule, findParts, makeTest, SANDBOX } from "./installed.ts";
import { playOnPam } from "./rung_pam.ts";
import type { Stage } from "./stage.ts";
import { parseStory } from "./story.ts";

const test = makeTest(
  explainNoModule() ?? (SANDBOX ? null : "networks are broken only inside test/sandbox.sh"),
);

/** Writes a story about a login on a broken network. */
function tell(
  server: string,
  settings: string,
  login: string,
  pause: string,
  ending: string,
): string {
  return `# A broken network.
[config]
server_url = ${server}
service_id = {id}
service_key = {key}
${settings}
[login]
${login}
[dialogue]
echo "Enter your Werbot ID (email or username): " <- "alice@example.com"
echo "Enter your totp code (submit empty for U2F): " <- ${pause}"{code}"
${ending}`;
}

async function play(source: string, prepare?: (stage: Stage) => Promise<void>): Promise<void> {
  await playOnPam(parseStory("network", source), findParts(), prepare);
}

/** Swallows every question for an address while `run` runs. */
async function withDeafNames(run: () => Promise<void>): Promise<void> {
  const socket = createSocket("udp4");
  await new Promise<void>((done) => socket.bind(53, "127.0.0.53", done));
  const before = await Deno.readTextFile("/etc/resolv.conf").catch(() => "");
  await Deno.remove("/etc/resolv.conf").catch(() => {});
  await Deno.writeTextFile("/etc/resolv.conf", "nameserver 127.0.0.53\n");
  try {
    await run();
  } finally {
    await Deno.writeTextFile("/etc/resolv.conf", before);
    await new Promise<void>((done) => socket.close(done));
  }
}

const UNREACHABLE = `[outcome]
unreachable
[log]
ERROR: login unreachable {...} reason="no connection within 1 s"
`;

test("a name that is never answered is unreachable after the time-out", () =>
  withDeafNames(() => play(tell("werbot.example", "timeout = 1", "waits = 1 s", "", UNREACHABLE))));

test("a name that is never answered is a way in for a listed user with a key, after the time-out", () =>
  withDeafNames(() =>
    play(tell(
      "werbot.example",
      "timeout = 1\noffline_users = alice",
      "waits = 1 s\nfactor = publickey",
      "after 2 s ",
      "[outcome]\nallowed\n[log]\nWARN: login allowed {...}\n",
    ))
  ));

test("an address that swallows every packet does not hide the next one", async () => {
  let plug: Plug | undefined;
  try {
    await play(
      tell(
        "localhost:{port}",
        "",
        "within = 8 s",
        "",
        "[outcome]\nallowed\n[log]\nINFO: login allowed {...}\n[requests]\nrequests = 1\n",
      ),
      async ({ werbot }) => void (plug = await Plug.start("::1", werbot.port)),
    );
  } finally {
    plug?.[Symbol.dispose]();
  }
});

async function turnLink(state: "up" | "down"): Promise<void> {
  const { success } = await new Deno.Command("ip", { args: ["link", "set", "lo", state] }).output();
  assert.ok(success, `ip link set lo ${state}`);
}

test("a link that goes down while the user types leaves the login undecided after the time-out", async () => {
  let down: Promise<void> | undefined;
  try {
    await play(
      tell(
        "{server}",
        "timeout = 1",
        "waits = 1 s",
        "after 1 s ",
        '[outcome]\nundecided\n[log]\nERROR: login undecided {...} reason="no answer within 1 s"\n' +
          "[requests]\nhandshakes = 1\nrequests = 0\n",
      ),
      ({ werbot }) => {
        down = werbot.until(() => werbot.handshakes === 1).then(() => turnLink("down"));
        return Promise.resolve();
      },
    );
    await down;
  } finally {
    await turnLink("up");
  }
});
