import * as v from "valibot";
import { shorten } from "../tensor/printable.ts";

/** The first place where plain data departs from its schema. */
export interface SchemaFailure {
  /** Such as "recipe.epochs"; empty for the value as a whole. */
  readonly path: string;
  /** Such as "must be >=1, got 0". */
  readonly detail: string;
}

/** Checks plain data from outside. @throws what `refuse` makes of the first failure */
export function checkPlainData<T>(
  schema: v.GenericSchema<unknown, T>,
  value: unknown,
  refuse: (failure: SchemaFailure) => Error,
): T {
  if (hasHiddenKey(value)) throw refuse({ path: "__proto__", detail: "is not known" });
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw refuse({ path: shorten(v.getDotPath(issue) ?? ""), detail: describeIssue(issue) });
}

/** JSON may have a key `__proto__`, which schemas pass over: what was checked would not be what is there. */
function hasHiddenKey(value: unknown): boolean {
  const left = [value];
  while (left.length > 0) {
    const next = left.pop();
    if (typeof next !== "object" || next === null || ArrayBuffer.isView(next)) continue;
    if (Object.hasOwn(next, "__proto__")) return true;
    for (const part of Object.values(next)) left.push(part);
  }
  return false;
}

function describeIssue({ type, expected, received, message }: v.BaseIssue<unknown>): string {
  if (received === "undefined") return "is missing";
  // An extra key in an object whose keys are fixed.
  if (expected === "never") return "is not known";
  if (type === "safe_integer") return `must be a whole number, got ${shorten(received)}`;
  // The message of a custom check says what it expects.
  return `must be ${expected ?? message}, got ${shorten(received)}`;
}

/** JSON has no NaN: a number that is not finite is written as null and read back as NaN. */
export const measuredNumber: v.GenericSchema<unknown, number> = v.pipe(
  v.nullable(v.number()),
  v.transform((value) => value ?? Number.NaN),
);

export const wholeNumber: v.GenericSchema<unknown, number> = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
export const countingNumber: v.GenericSchema<unknown, number> = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
