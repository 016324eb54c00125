/**
 * The manual pages: the text of packaging/man, with the lists that the code's own tables give in the place of
 * lines such as `@OPTIONS@`.
 *
 * Text in, text out, in mdoc(7). Called by main.ts.
 */
import { EXIT } from "../installer/change.ts";
import { wrap } from "../installer/report.ts";
import { SETTINGS } from "../src/config.ts";
import type { Outcome } from "../src/policy.ts";
import type { CommandLine, OptionLine, Value } from "./command_line.ts";

/** What the module returns after each outcome, in authenticate and in the account phase. */
export const OUTCOMES: Readonly<
  Record<Outcome, { when: string; authenticate: readonly string[]; account: readonly string[] }>
> = {
  allowed: {
    when: "Werbot let the user in, or an exception that the administrator chose did",
    authenticate: ["PAM_SUCCESS"],
    account: ["PAM_SUCCESS"],
  },
  denied: {
    when: "Werbot refused, a U2F request ended without an answer, or the attempts are used up",
    authenticate: ["PAM_AUTH_ERR", "PAM_MAXTRIES"],
    account: ["PAM_PERM_DENIED"],
  },
  unreachable: {
    when: "Werbot could not be reached, and nothing was sent",
    authenticate: ["PAM_AUTHINFO_UNAVAIL"],
    account: ["PAM_AUTHINFO_UNAVAIL"],
  },
  undecided: {
    when: "the question was sent, and no usable answer came",
    authenticate: ["PAM_AUTHINFO_UNAVAIL"],
    account: ["PAM_AUTHINFO_UNAVAIL"],
  },
  untrusted: {
    when: "the server could not prove that it is Werbot",
    authenticate: ["PAM_AUTH_ERR"],
    account: ["PAM_PERM_DENIED"],
  },
  misconfigured: {
    when: "a setting, a file or the helper is not as it must be",
    authenticate: ["PAM_SERVICE_ERR"],
    account: ["PAM_SERVICE_ERR"],
  },
};

const EXITS: Readonly<Record<keyof typeof EXIT, string>> = {
  done: "Done, or nothing to do.",
  failed: "Failed, and taken back.",
  usage: "Wrong usage, not root, or a risk not accepted. Nothing was changed.",
  impossible: "Not possible on this machine, or another wpam is at work. Nothing was changed.",
  proof: "A check or a test login failed. Nothing was changed.",
  interrupted: "Interrupted. Nothing was changed, or all of it was taken back.",
};

/** Makes the roff of sentences: `words between backquotes` are set apart, and nothing in it is a request. */
export function toRoff(text: string): string {
  return text.split(/\s*(`[^`]+`[.,:;)]*)\s*/).filter(Boolean).map((part) => {
    const [, quoted, marks = ""] = /^`(.+)`(.*)$/.exec(part) ?? [];
    if (quoted !== undefined) return [`.Ql "${escape(quoted)}"`, ...marks].join(" ");
    // A sentence begins on a line of its own: roff then puts the right space before it.
    return escape(wrap(part.replace(/\. (?=[A-Z])/g, ".\n"), ""));
  }).join("\n");
}

function escape(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("--", "\\-\\-").replaceAll('"', "\\(dq")
    .replace(/^[.']/gm, "\\&$&");
}

const list = (items: readonly string[]) =>
  items.length === 0 ? [] : [".Bl -tag -width Ds", ...items, ".El"];

function item(head: string, text: string): string {
  return `.It ${head}\n${toRoff(text)}`;
}

function writeValue({ name, many }: Value): string {
  return `Ar ${name}${many ? " ..." : ""}`;
}

function writeOption({ spellings, value, text }: OptionLine): string {
  const names = spellings.map((spelling) => `Fl ${spelling.slice(1)}`).join(" , ");
  return item(value ? `${names} ${writeValue(value)}` : names, text);
}

function writeCommand(command: CommandLine): string[] {
  const { words, text, operands, options, closing, commands } = command;
  if (commands.length > 0) return commands.flatMap(writeCommand);
  const usage = operands.map(({ name, required }) => ` ${required ? "" : "Op "}Ar ${name}`);
  return [
    `.Ss wpam ${words.join(" ")}${usage.join("")}`,
    toRoff(text),
    ...list([
      ...operands.map((operand) => item(writeValue(operand), operand.text)),
      ...options.map(writeOption),
    ]),
    ...closing.flatMap((paragraph) => [".Pp", toRoff(paragraph)]),
  ];
}

function writeKeys(): string[] {
  return list(
    Object.entries(SETTINGS).map(([key, { standard, range, meaning }]) =>
      `.It Sy ${key} No = Ar ${standard === undefined ? "must be set" : standard || "none"}\n` +
      `${toRoff(`${meaning[0]!.toUpperCase()}${meaning.slice(1)}.`)}\n` +
      toRoff(`May be: ${range}.`)
    ),
  );
}

function writeExits(): string[] {
  return list(
    Object.entries(EXITS).map(([name, text]) => item(`${EXIT[name as keyof typeof EXIT]}`, text)),
  );
}

function writeOutcomes(): string[] {
  const codes = (names: readonly string[]) => names.map((name) => `.Dv ${name}`).join("\nor\n");
  return list(
    Object.entries(OUTCOMES).map(([name, { when, authenticate, account }]) =>
      `${item(`Sy ${name}`, `${when[0]!.toUpperCase()}${when.slice(1)}.`)}\n` +
      `.br\nauth:\n${codes(authenticate)} ;\naccount:\n${codes(account)}`
    ),
  );
}

/** Fills the lists into the text of a page. Throws at a list that there is none of. */
export function writePage(template: string, program: CommandLine): string {
  const lists: Readonly<Record<string, () => string[]>> = {
    COMMANDS: () => writeCommand(program),
    EXITS: writeExits,
    KEYS: writeKeys,
    OUTCOMES: writeOutcomes,
  };
  return template.replace(/^@(\w+)@$/gm, (line, name) => {
    const write = lists[name];
    if (!write) throw new Error(`There is no list ${line}.`);
    return write().join("\n");
  });
}
