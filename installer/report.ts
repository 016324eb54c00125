/**
 * What the command shows: lines with marks for people, or one JSON object for programs.
 *
 * It writes through the screen that main.ts gives it and knows no terminal itself. Colours and redrawing only
 * where the screen has them; what it is given to show holds no secrets. Called by every subcommand.
 */

/** The place to write to, and what it can do. */
export interface Screen {
  readonly write: (text: string) => void;
  /** A terminal, on which a line can be drawn again. */
  readonly terminal: boolean;
  readonly colour: boolean;
  /** Whether the locale can show more than ASCII. */
  readonly utf8: boolean;
}

export type Mark = "done" | "note" | "warning" | "problem" | "work";

/** What a subcommand came to, for `--json`: docs/install.md tells the fields. */
export type Facts = Readonly<Record<string, unknown>>;

const MARKS: Record<Mark, readonly [utf8: string, ascii: string, colour: number]> = {
  done: ["✓", "[ok]", 32],
  note: ["·", "[-]", 36],
  warning: ["!", "[!]", 33],
  problem: ["✗", "[x]", 31],
  work: ["…", "[..]", 36],
};
const WIDTH = 80;
const SECOND = 1000;

/** Why a subcommand ends early: the exit code, and the sentence for it. */
export class Stop extends Error {
  constructor(readonly exit: number, text: string) {
    super(text);
  }
}

/** One run of a subcommand, as it is shown. */
export class Report {
  readonly #messages: { readonly mark: Mark; readonly text: string }[] = [];

  constructor(readonly screen: Screen, readonly json = false) {}

  /** Shows a line above a group of others. */
  title(text: string): void {
    this.#write(`\n${this.#paint(1, text)}\n`);
  }

  /** Shows sentences, wrapped; an empty text is an empty line. */
  say(text: string): void {
    this.#write(`${wrap(text, "")}\n`);
  }

  /** Shows a text as it is, but for control characters; lines of a diff get their colours. */
  quote(text: string): void {
    const colours: Record<string, number> = { "+": 32, "-": 31, "@": 36 };
    const safe = text.replace(/\n$/, "").replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, "?");
    for (const line of safe.split("\n")) {
      const colour = colours[line[0] ?? ""];
      this.#write(`${colour === undefined ? line : this.#paint(colour, line)}\n`);
    }
  }

  /** Shows a sentence with a mark, and keeps it for `--json`. */
  mark(mark: Mark, text: string): void {
    this.#messages.push({ mark, text });
    this.#write(this.#format(mark, text));
  }

  /** Shows that something is under way, and marks its end; the text says what is true when it went well. */
  async during<T>(text: string, work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    const result = await this.wait(text, work);
    const seconds = Math.floor((performance.now() - start) / SECOND);
    this.mark("done", seconds > 0 ? `${text} (${seconds} s)` : text);
    return result;
  }

  /** Shows on a terminal that something is under way, with the seconds it takes, and then nothing of it. */
  async wait<T>(text: string, work: () => Promise<T>): Promise<T> {
    const live = this.screen.terminal && !this.json;
    if (!live) return await work();
    let seconds = 0;
    const draw = () => {
      const time = seconds > 0 ? ` (${seconds} s)` : "";
      const line = this.#format("work", clip(text, WIDTH - 12) + time);
      this.#write(`\r${line.replace(/\n/g, " ")}`);
    };
    draw();
    const clock = setInterval(() => {
      seconds++;
      draw();
    }, SECOND);
    try {
      return await work();
    } finally {
      clearInterval(clock);
      this.#write("\r\x1b[K");
    }
  }

  /** Ends the run: with `--json` the one object is written here, with the exit code in it. */
  finish(command: string, exit: number, facts: Facts): number {
    if (this.json) {
      const problems = this.#list("problem");
      const warnings = this.#list("warning");
      const object = { schema: 1, command, exit, ...facts, warnings, problems };
      this.screen.write(`${JSON.stringify(object, null, 2)}\n`);
    }
    return exit;
  }

  #list(wanted: Mark): string[] {
    return this.#messages.filter(({ mark }) => mark === wanted).map(({ text }) => text);
  }

  #format(mark: Mark, text: string): string {
    const [utf8, ascii, colour] = MARKS[mark];
    const sign = this.screen.utf8 ? utf8 : ascii;
    const indent = " ".repeat(sign.length + 1);
    return `${this.#paint(colour, sign)} ${wrap(text, indent)}\n`;
  }

  #paint(colour: number, text: string): string {
    return this.screen.colour ? `\x1b[${colour}m${text}\x1b[0m` : text;
  }

  #write(text: string): void {
    if (this.json || text === "") return;
    this.screen.write(this.screen.utf8 ? text : text.replace(/[^\x00-\x7f]/g, toAscii));
  }
}

/** Breaks a text into lines of at most 80 characters, the later ones indented; a long word stays whole. */
export function wrap(text: string, indent: string): string {
  const lines: string[] = [];
  for (const paragraph of text.split("\n")) {
    // A line that begins with blanks keeps them.
    const [, blanks, rest] = /^( *)(.*)$/s.exec(paragraph)!;
    let line = "";
    for (const word of rest!.split(" ")) {
      const longer = line === "" ? blanks + word : `${line} ${word}`;
      if (line !== "" && longer.length > WIDTH - indent.length) {
        lines.push(line);
        line = word;
      } else line = longer;
    }
    lines.push(line);
  }
  return lines.join(`\n${indent}`);
}

/** Says how long a number of seconds is: "5 minutes", "90 seconds", "1 hour". */
export function tellDuration(seconds: number): string {
  const [amount, unit] = seconds % 3600 === 0 && seconds > 0
    ? [seconds / 3600, "hour"]
    : seconds % 60 === 0 && seconds > 0
    ? [seconds / 60, "minute"]
    : [seconds, "second"];
  return `${amount} ${unit}${amount === 1 ? "" : "s"}`;
}

function clip(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 3)}...` : text;
}

function toAscii(character: string): string {
  return ({ "…": "...", "→": "->", "–": "-", "’": "'" })[character] ?? "?";
}
