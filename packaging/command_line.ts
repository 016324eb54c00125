/**
 * The command line of `wpam` as plain data: what is written about it elsewhere cannot differ from what it takes.
 *
 * Values in, values out. Called by manual.ts and completions.ts.
 */
import type { Command } from "commander";

/** One word that follows an option or stands by itself: its name, and the only values it has, if they are known. */
export interface Value {
  readonly name: string;
  readonly choices: readonly string[];
  /** More of them may follow. */
  readonly many: boolean;
}

/** One option: all its spellings, the long one last. */
export interface OptionLine {
  readonly spellings: readonly string[];
  readonly value: Value | undefined;
  readonly text: string;
}

/** One command with all that it takes and all below it; `words` are empty for `wpam` itself. */
export interface CommandLine {
  readonly words: readonly string[];
  readonly summary: string;
  readonly text: string;
  readonly operands: readonly (Value & { readonly required: boolean; readonly text: string })[];
  readonly options: readonly OptionLine[];
  /** What its help says at the end, a paragraph each. */
  readonly closing: readonly string[];
  readonly commands: readonly CommandLine[];
}

/** Reads a command of commander's as its own help shows it; hidden ones are left out. */
export function describe(command: Command, above: readonly string[] = []): CommandLine {
  const help = command.createHelp();
  const words = command.parent ? [...above, command.name()] : [];
  return {
    words,
    summary: command.summary(),
    text: command.description(),
    operands: command.registeredArguments.map((argument) => ({
      name: argument.name().toUpperCase(),
      choices: argument.argChoices ?? [],
      many: argument.variadic,
      required: argument.required,
      text: help.argumentDescription(argument),
    })),
    options: help.visibleOptions(command).map((option) => ({
      spellings: [option.short, option.long].filter((spelling) => spelling !== undefined),
      value: option.required || option.optional
        ? {
          name: /<([A-Z]+)/.exec(option.flags)?.[1] ?? "VALUE",
          choices: option.argChoices ?? [],
          many: option.variadic,
        }
        : undefined,
      text: help.optionDescription(option),
    })),
    closing: readClosing(command),
    commands: help.visibleCommands(command).map((below) => describe(below, words)),
  };
}

/** Reads what `addHelpText("after", …)` was given: commander shows it, and tells it to nobody. */
function readClosing(command: Command): string[] {
  let shown = "";
  command.configureOutput({ writeOut: (text) => shown += text }).outputHelp();
  return shown.slice(command.helpInformation().length).split("\n\n")
    .map((paragraph) => paragraph.trim().replace(/\s+/g, " ")).filter(Boolean);
}
