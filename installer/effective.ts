/**
 * What `sshd -T` says is in force, as values that can be looked up and compared.
 *
 * Text in, values out: it runs nothing. Called by the transaction (before and after), by the steps and by the
 * checks.
 */

/** What is in force for one login: keyword in lower case → its value, or its values joined by newlines. */
export type Effective = ReadonlyMap<string, string>;

/** A keyword whose value is not the same; undefined where sshd did not print it. */
export interface Difference {
  readonly keyword: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** Reads the output of `sshd -T`: a line per value, the keyword first, some keywords on several lines. */
export function parseEffective(text: string): Effective {
  const values = new Map<string, string>();
  for (const [, keyword, value] of text.matchAll(/^(\S+)[ \t]*(.*)$/gm)) {
    const name = keyword!.toLowerCase();
    const earlier = values.get(name);
    values.set(name, earlier === undefined ? value! : `${earlier}\n${value}`);
  }
  return values;
}

/** Lists the keywords whose values differ, in alphabetical order. */
export function compareEffective(before: Effective, after: Effective): Difference[] {
  return [...new Set([...before.keys(), ...after.keys()])].sort()
    .map((keyword) => ({ keyword, before: before.get(keyword), after: after.get(keyword) }))
    .filter((each) => each.before !== each.after);
}
