/**
 * docs/offline.md against the stories of its table: the same rows, and each story what its row says.
 */
import assert from "node:assert/strict";
import { parseStory, type Rung, type Story } from "../story.ts";

const top = new URL("../../", import.meta.url);
const folder = new URL("test/scenarios/offline/table/", top);
const OFFLINE_PROMPT = "Werbot is unreachable. Enter an offline code: ";

const page = await Deno.readTextFile(new URL("docs/offline.md", top));
const [, table = ""] = /^\| Werbot \|.*\n.*\n((?:\|.*\n)*)/m.exec(page) ?? [];
const stories = [...Deno.readDirSync(folder)].map(({ name }) =>
  parseStory(name.replace(/\.story$/, ""), Deno.readTextFileSync(new URL(name, folder)))
);

/** What a Werbot of a story does to a login, as far as these stories have it. */
function readWerbot({ config, werbot, dialogue }: Story): string {
  if (config.includes("timeout = 0")) return "misconfigured";
  if (config.includes("{closed}")) return "unreachable";
  if (werbot.includes("behave = status 504")) return "undecided";
  if (werbot.includes("certificate = other-ca")) return "untrusted";
  const { reply } = dialogue![1]!;
  return reply.kind === "text" && reply.text === "{wrong}" ? "denied" : "allowed";
}

function readCode({ dialogue }: Story): string {
  const replies = dialogue!.filter(({ prompt }) => prompt.endsWith(OFFLINE_PROMPT))
    .map(({ reply }) => reply.kind === "text" ? reply.text : "");
  if (replies.length === 0) return "not asked for";
  if (replies.every((text) => text === "")) return "none given";
  return replies.includes("{offline_code}") ? "right" : "wrong";
}

function describe(story: Story): string {
  const { name, config, login, outcome } = story;
  const listed = /^offline_users = (.*)$/m.exec(config)?.[1] === login.user;
  const cells = [
    readWerbot(story),
    listed ? "yes" : "no",
    login.factor === "publickey" ? "key" : login.factor,
    readCode(story),
    outcome === "allowed" ? "**in**" : `refused: ${outcome}`,
    `\`${name}\``,
  ];
  return `| ${cells.join(" | ")} |`;
}

Deno.test("docs/offline.md tells what the stories of its table tell", () => {
  assert.deepEqual(table.trim().split("\n").sort(), stories.map(describe).sort());
});

Deno.test("the stories of the table are all outcomes, listed or not, with and without a key", () => {
  const rows = table.trim().split("\n").map((row) => row.split(" | ").slice(0, 3).join(" | "));
  const outcomes = ["allowed", "denied", "unreachable", "undecided", "untrusted", "misconfigured"];
  const wanted = outcomes.flatMap((outcome) =>
    ["yes", "no"].flatMap((listed) =>
      ["none", "key"].map((factor) => `| ${outcome} | ${listed} | ${factor}`)
    )
  );
  assert.deepEqual(wanted.filter((row) => !rows.includes(row)), []);
});

Deno.test("eight stories of the table or more go through sshd, and all through PAM", () => {
  const count = (rung: Rung) => stories.filter(({ rungs }) => rungs.includes(rung)).length;
  assert.ok(count("sshd") >= 8);
  assert.equal(count("pam"), stories.length);
});
