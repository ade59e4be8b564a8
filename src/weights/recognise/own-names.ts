import { nameTableOf } from "./identify.ts";
import { layouts } from "../layouts/index.ts";

/** A network's own names by the common ones; undefined if none of the layouts fits its names. */
export function ownNames(names: readonly string[]): ReadonlyMap<string, string> | undefined {
  for (const layout of layouts) {
    const table = nameTableOf(layout);
    const pairs = names.map((name) => [table.toOurs(name), name] as const);
    if (pairs.every((pair): pair is readonly [string, string] => pair[0] !== undefined)) return new Map(pairs);
  }
  return undefined;
}
