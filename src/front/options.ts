import { OptionError } from "../tensor/errors.ts";

/**
 * Refuses unknown options, so that a misspelt one is not ignored.
 *
 * @param what is given the options, such as "train"
 */
export function requireKnown(what: string, options: object, known: readonly string[]): void {
  const unknown = Object.entries(options).find(([name, value]) => value !== undefined && !known.includes(name));
  if (unknown === undefined) return;
  throw new OptionError(unknown[0], `is not an option of ${what}; there are ${known.join(", ")}`);
}

/** The entries that are set. */
export function onlyGiven<T extends object>(options: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}
