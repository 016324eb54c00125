/**
 * The completions of `wpam` for bash, zsh and fish, from its own table of commands and options.
 *
 * Values in, text out. Called by main.ts.
 */
import type { CommandLine, OptionLine, Value } from "./command_line.ts";

const TITLE = "# Completion of wpam; made from its own table of commands and options.";

/** What a value's name says about what it may be. */
type Kind = "file" | "folder" | "user";
const KINDS: Readonly<Record<string, Kind>> = {
  FILE: "file",
  DIR: "folder",
  USER: "user",
  USERS: "user",
};

/** Lists a command and all below it. */
function flatten(command: CommandLine): CommandLine[] {
  return [command, ...command.commands.flatMap(flatten)];
}

function actionOf({ name }: Value, actions: Readonly<Record<Kind, string>>): string | undefined {
  const kind = KINDS[name];
  return kind && actions[kind];
}

const nameOf = ({ words }: CommandLine) => words.at(-1)!;
const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** Writes the completion for bash 4 or later; it needs no other package. */
export function writeBash(program: CommandLine): string {
  const commands = flatten(program);
  const how = (value: Value) => {
    if (value.choices.length > 0) return ` words=${quote(value.choices.join(" "))}`;
    const action = actionOf(value, { file: "file", folder: "directory", user: "user" });
    return action === undefined ? "" : ` action=${action}`;
  };
  const values = commands.flatMap(({ words, options }) =>
    options.flatMap(({ spellings, value }) => {
      const places = spellings.map((spelling) => `"${[...words, spelling].join(" ")}"`);
      return value ? [`  ${places.join(" | ")}) value=1${how(value)} ;;`] : [];
    })
  );
  const others = commands.map(({ words, options, operands, commands: below }) => {
    const all = [...below.map(nameOf), ...options.flatMap(({ spellings }) => spellings)];
    const operand = operands[0] ? how(operands[0]) : "";
    return `  "${words.join(" ")}") words=${quote(all.join(" "))}${operand} ;;`;
  });
  const paths = commands.slice(1).map(({ words }) => `"${words.join(" ")}"`);
  return `${TITLE}
_wpam() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} path= word words= action= value=
  # bash takes --option=value for three words.
  if [[ $cur == = ]]; then cur=
  elif [[ $prev == = ]]; then prev=\${COMP_WORDS[COMP_CWORD - 2]}; fi
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "\${path:+$path }$word" in
    ${paths.join(" | ")}) path=\${path:+$path }$word ;;
    esac
  done
  case "\${path:+$path }$prev" in
${values.join("\n")}
  esac
  [[ $value ]] || case "$path" in
${others.join("\n")}
  esac
  [[ $action != @(file|directory) ]] || compopt -o filenames
  mapfile -t COMPREPLY < <(compgen \${action:+-A "$action"} -W "$words" -- "$cur")
}
complete -F _wpam wpam
`;
}

/** Writes the completion for zsh. */
export function writeZsh(program: CommandLine): string {
  const escape = (text: string) => text.replace(/[[\]:\\]/g, "\\$&");
  const how = (value: Value) => {
    if (value.choices.length > 0) return `(${value.choices.join(" ")})`;
    return actionOf(value, { file: "_files", folder: "_files -/", user: "_users" }) ?? " ";
  };
  const option = ({ spellings, value, text }: OptionLine) =>
    spellings.map((spelling) =>
      quote(
        `${spelling}${value && spelling.startsWith("--") ? "=" : ""}[${escape(text)}]` +
          (value ? `:${value.name}:${how(value)}` : ""),
      )
    );
  const write = (command: CommandLine): string[] => {
    const { words, options, operands, commands } = command;
    const name = ["_wpam", ...words].join("_");
    const below = commands.map((each) => quote(`${nameOf(each)}:${escape(each.summary)}`));
    const rest = commands.length > 0
      ? ["'1: :->command'", "'*:: :->rest'"]
      : operands.map((operand) => quote(`:${operand.name}:${how(operand)}`));
    return [
      `${name}() {`,
      ...commands.length > 0
        ? ["  local state line", `  local -a commands=(${below.join(" ")})`]
        : [],
      `  _arguments -S ${commands.length > 0 ? "-C " : ""}\\`,
      ...[...options.flatMap(option), ...rest].map((word, at, all) =>
        `    ${word}${at < all.length - 1 ? " \\" : ""}`
      ),
      ...commands.length > 0
        ? [
          "  case $state in",
          "  command) _describe command commands ;;",
          "  rest)",
          "    case $words[1] in",
          ...commands.map((each) => `    ${nameOf(each)}) ${name}_${nameOf(each)} ;;`),
          "    esac ;;",
          "  esac",
        ]
        : [],
      "}",
      "",
      ...commands.flatMap(write),
    ];
  };
  return ["#compdef wpam", TITLE, "", ...write(program), '_wpam "$@"', ""].join("\n");
}

/** Writes the completion for fish 3 or later. */
export function writeFish(program: CommandLine): string {
  const actions = {
    file: " -r -F",
    folder: " -x -a '(__fish_complete_directories)'",
    user: " -x -a '(__fish_complete_users)'",
  };
  const how = (value: Value) => {
    if (value.choices.length > 0) return ` -x -a ${quote(value.choices.join(" "))}`;
    return actionOf(value, actions) ?? " -x";
  };
  const write = ({ words, options, operands, commands }: CommandLine): string[] => {
    const inside = words.map((word) => `__fish_seen_subcommand_from ${word}`);
    const outside = commands.length > 0
      ? [`not __fish_seen_subcommand_from ${commands.map(nameOf).join(" ")}`]
      : [];
    const line = `complete -c wpam -n ${quote([...inside, ...outside].join("; and "))}`;
    return [
      ...commands.map((each) => `${line} -a ${nameOf(each)} -d ${quote(each.summary)}`),
      ...operands.map((operand) => `${line}${how(operand)} -d ${quote(operand.text)}`),
      ...options.map(({ spellings, value, text }) => {
        const names = spellings.map((spelling) =>
          spelling.startsWith("--") ? ` -l ${spelling.slice(2)}` : ` -s ${spelling.slice(1)}`
        );
        return `${line}${names.join("")}${value ? how(value) : ""} -d ${quote(text)}`;
      }),
      ...commands.flatMap(write),
    ];
  };
  return [TITLE, "complete -c wpam -f", ...write(program), ""].join("\n");
}
