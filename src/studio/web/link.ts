import * as v from "valibot";
import { isWithin, type Limits } from "../limits.ts";

/** What the parts of a link's query may be, one row each. */
export type LinkFields<Value> = { readonly [Name in keyof Value]: v.GenericSchema<unknown, Value[Name]> };

/** What a link says, and the parts of it that were not understood. */
export interface ReadLink<Value> {
  readonly value: Value;
  /** Names of the link's parts that are not known or out of their limits; the standard holds in their place. */
  readonly ignored: readonly string[];
}

/** Reads the query of a link; what it leaves out is standard. */
export function readLink<Value extends object>(
  query: string,
  fields: LinkFields<Value>,
  standard: Value,
): ReadLink<Value> {
  const names = Object.keys(fields) as (keyof Value & string)[];
  const given = new URLSearchParams(query);
  const ignored = [...new Set(given.keys())].filter((name) => !names.includes(name as never));
  const read: Record<string, unknown> = {};
  for (const name of names) {
    const text = given.get(name);
    if (text === null) continue;
    const parsed = v.safeParse(fields[name], text);
    if (parsed.success) read[name] = parsed.output;
    else ignored.push(name);
  }
  return { value: { ...standard, ...read }, ignored };
}

/** A number of a link, within its limits. */
export function linkNumber(limits: Limits): v.GenericSchema<unknown, number> {
  return v.pipe(
    v.string(),
    v.regex(/^\d+(\.\d+)?$/),
    v.transform(Number),
    v.check((value) => isWithin(limits, value)),
  );
}
