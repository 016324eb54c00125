/**
 * What main.ts hands to a subcommand: where to show, whom to ask, when to stop. Types only.
 */
import type { Report } from "./report.ts";
import type { Terminal } from "./wishes.ts";

/** The surroundings of one run. */
export interface World {
  readonly report: Report;
  /** Undefined where nobody can or may be asked. */
  readonly terminal: Terminal | undefined;
  /** Asks on the terminal while everything else waits; undefined where nobody is. The answer is undefined after Ctrl-C. */
  readonly ask: ((prompt: string, echo: boolean) => string | undefined) | undefined;
  /** Aborted by Ctrl-C, by TERM and by a terminal that hangs up. */
  readonly signal: AbortSignal;
  /** The folder of this very command. */
  readonly home: string;
  /** The user who runs this. */
  readonly uid: number;
  /** Reads the standard input to its end, as Latin-1. */
  readInput(): Promise<string>;
  /** Reads a file that the person named, a pipe too; undefined when it is not there. */
  readFile(path: string): Promise<string | undefined>;
}
