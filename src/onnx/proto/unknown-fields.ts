import type { Rest } from "../graph.ts";

/**
 * What a message holds besides the fields that `known` names, ready to be spread into what was made of it. Empty lists
 * say nothing and are left out.
 */
export function restOf(message: object, known: readonly string[]): { readonly rest?: Rest } {
  const entries = Object.entries(message).filter(
    ([name, value]) =>
      name !== "$typeName" &&
      value !== undefined &&
      !known.includes(name) &&
      !(Array.isArray(value) && value.length === 0),
  );
  return entries.length === 0 ? {} : { rest: Object.fromEntries(entries) };
}

/** Puts back what {@link restOf} kept, fields that the schema does not know included. */
export function withRest<M extends object>(message: M, rest: Rest | undefined): M {
  return rest === undefined ? message : Object.assign(message, rest);
}
