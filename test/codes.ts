// Offline codes on the disk, as `wpam offline codes` leaves them: one for alice, one for bob; the ways in which people
// type them; and the module's side of spending one, for the rung that has no module. Called by test/stage.ts,
// test/rung_helper.ts and test/pam_test.ts.

import assert from "node:assert/strict";
import { formatCode, makeCode, nameCode } from "../src/offline.ts";
import type { Placeholders } from "./story.ts";

/** The most that a login may try to spend. */
const SPENDS_MAX = 3;

/** The codes of one story, in a folder of their own. */
export class Codes {
  #spends = 0;

  private constructor(readonly folder: string, readonly values: Placeholders) {}

  /** Makes a code for each of two users below a folder that is not there yet. */
  static async make(folder: string): Promise<Codes> {
    const own = await putCode(folder, "alice");
    const others = await putCode(folder, "bob");
    const wrong = own.endsWith("0") ? "1" : "0";
    return new Codes(folder, {
      offline_code: own,
      sloppy_code: own.toLowerCase().replaceAll("-", "  ").replaceAll("1", "l").replaceAll(
        "0",
        "o",
      ),
      mistyped_code: own.slice(0, -1) + wrong,
      others_code: others,
      unknown_code: formatCode(makeCode()),
    });
  }

  /** Counts the codes that a user has left. */
  count(user: string): number {
    return [...Deno.readDirSync(`${this.folder}/${user}`)].length;
  }

  /**
   * Spends a code as the module would, and refuses what the protocol does not allow. Returns the module's line for
   * the log, too, without user, host and reference.
   */
  spend(user: string, name: string): { spent: boolean; line: string } {
    assert.match(name, /^[0-9a-f]{64}$/, "the name of a code");
    assert.ok(++this.#spends <= SPENDS_MAX, "more codes than a login may try");
    try {
      Deno.removeSync(`${this.folder}/${user}/${name}`);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      const reason = "no such code: a wrong one, or spent before";
      return { spent: false, line: `WARN: offline code refused reason="${reason}"` };
    }
    const left = this.count(user);
    return { spent: true, line: `WARN: offline code spent reason="codes left: ${left}"` };
  }
}

/** Makes a code for a user and returns it as people get it. */
export async function putCode(folder: string, user: string): Promise<string> {
  const code = makeCode();
  await Deno.mkdir(`${folder}/${user}`, { recursive: true, mode: 0o700 });
  await Deno.writeTextFile(`${folder}/${user}/${await nameCode(code)}`, "", { mode: 0o600 });
  return formatCode(code);
}
