/**
 * The completions against the command line: each shell is offered every subcommand and option, and bash really offers
 * them.
 */
import assert from "node:assert/strict";
import type { Command } from "commander";
import { type Actions, buildProgram } from "../../installer/command.ts";
import { describe } from "../../packaging/command_line.ts";
import { writeBash, writeFish, writeZsh } from "../../packaging/completions.ts";

const idle = { out: () => {}, err: () => {} };
const program = buildProgram("1.2.3", {} as Actions, idle, () => {});
const table = describe(program);
// One that has others below it, and whose help is as long.
const nested = describe(addNested(buildProgram("1.2.3", {} as Actions, idle, () => {})));

function addNested(command: Command): Command {
  command.command("box").summary("a box's lids").helpCommand(false)
    .command("open").summary("open it").argument("<user>", "whose").option("--wide <DIR>", "how");
  return command;
}

/** Asks bash what it offers for each line, whose last word is the one to complete. */
async function complete(script: string, ...lines: string[][]): Promise<string[][]> {
  const asks = lines.map((words) => {
    const list = words.map((word) => `'${word}'`).join(" ");
    return `COMP_WORDS=(${list}) COMP_CWORD=${words.length - 1}; _wpam; echo "\${COMPREPLY[*]}"`;
  });
  const { code, stdout, stderr } = await new Deno.Command("bash", {
    args: ["-eu", "-c", `${script}\ncompopt() { :; }\n${asks.join("\n")}`],
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trimEnd().split("\n")
    .map((line) => line.split(" ").filter(Boolean));
}

function listCommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(listCommands)];
}

function wordsOf(command: Command): string[] {
  return command.parent ? [...wordsOf(command.parent), command.name()] : [];
}

const visible = (command: Command) => command.options.filter(({ hidden }) => !hidden);

Deno.test("bash offers every subcommand, option and choice", async () => {
  const commands = listCommands(program);
  const offered = await complete(
    writeBash(table),
    ...commands.map((command) => ["wpam", ...wordsOf(command), ""]),
    ...commands.map((command) => ["wpam", ...wordsOf(command), "--"]),
  );
  commands.forEach((command, at) => {
    for (const below of command.commands) assert.ok(offered[at]!.includes(below.name()));
    for (const { long } of visible(command)) {
      assert.ok(offered[commands.length + at]!.includes(long!), `${wordsOf(command)} ${long}`);
    }
  });
  for (const command of commands) {
    for (const { long, argChoices } of visible(command)) {
      if (!argChoices) continue;
      const words = ["wpam", ...wordsOf(command), long!];
      const ways = [[...words, ""], [...words, "="], [...words, "=", argChoices[0]!.slice(0, 2)]];
      const [plain, equals, begun] = await complete(writeBash(table), ...ways);
      assert.deepEqual([plain, equals], [argChoices, argChoices]);
      assert.ok(begun!.includes(argChoices[0]!));
    }
  }
});

Deno.test("bash offers what is below a subcommand, users and folders where they belong", async () => {
  const [box, open, wide, twice] = await complete(
    writeBash(nested),
    ["wpam", "box", "o"],
    ["wpam", "box", "open", "roo"],
    ["wpam", "box", "open", "--wide", "/us"],
    ["wpam", "install", "--service", "box", "--dry"],
  );
  assert.deepEqual([box, open, wide, twice], [["open"], ["root"], ["/usr"], ["--dry-run"]]);
});

Deno.test("zsh and fish are given every subcommand, option and choice", () => {
  for (
    const { text, spell } of [
      { text: writeZsh(table), spell: (long: string) => `'${long}` },
      { text: writeFish(table), spell: (long: string) => ` -l ${long.slice(2)} ` },
    ]
  ) {
    for (const command of listCommands(program)) {
      for (const { long, argChoices } of visible(command)) {
        assert.ok(text.includes(spell(long!)), `${wordsOf(command)} ${long}`);
        if (argChoices) assert.ok(text.includes(argChoices.join(" ")));
      }
      for (const below of command.commands) {
        assert.ok(text.includes(below.summary().split("'")[0]!));
      }
    }
  }
});
