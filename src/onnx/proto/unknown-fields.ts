import type { Rest } from "../graph.ts";

/**
 * The fields of a message other than those in `known`, ready to be spread into its decoded form. Empty lists carry no
 * information and are left out.
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

/** Puts back what {@link restOf} kept, including fields unknown to the schema. */
export function withRest<M extends object>(message: M, rest: Rest | undefined): M {
  return rest === undefined ? message : Object.assign(message, rest);
}
