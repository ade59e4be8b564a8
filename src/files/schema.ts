import * as v from "valibot";
import { shorten } from "../tensor/printable.ts";

/** The first place where plain data departs from its schema. */
export interface SchemaFailure {
  /** Such as "recipe.epochs"; empty for the value as a whole. */
  readonly path: string;
  /** Such as "must be >=1, got 0". */
  readonly detail: string;
}

/** A failure in one text, such as "recipe.epochs must be >=1, got 0". */
export function describeFailure({ path, detail }: SchemaFailure): string {
  return path === "" ? detail : `${path} ${detail}`;
}

/** Checks plain data from outside. @throws what `refuse` makes of the first failure */
export function checkPlainData<T>(
  schema: v.GenericSchema<unknown, T>,
  value: unknown,
  refuse: (failure: SchemaFailure) => Error,
): T {
  if (hasHiddenKey(value)) throw refuse({ path: "__proto__", detail: "is not known" });
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (!result.success) {
    const [issue] = result.issues;
    throw refuse({ path: shorten(v.getDotPath(issue) ?? ""), detail: describeIssue(issue) });
  }
  const list = findListAsObject(value, result.output);
  if (list !== undefined) throw refuse({ path: shorten(list), detail: "must be Object, got Array" });
  return result.output;
}

const isPlainObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** To a schema of an object whose keys may all be left out, a list is one. @returns the path of the first */
function findListAsObject(value: unknown, checked: unknown): string | undefined {
  const left: (readonly [value: unknown, checked: unknown, path: string])[] = [[value, checked, ""]];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const [from, to, path] = next;
    if (!isPlainObject(to)) continue;
    if (Array.isArray(from)) return path;
    if (!isPlainObject(from)) continue;
    for (const [key, part] of Object.entries(to)) left.push([from[key], part, path === "" ? key : `${path}.${key}`]);
  }
  return undefined;
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

/** What is wrong, such as "must be >=1, got 0". */
export function describeIssue({ type, expected, received, message }: v.BaseIssue<unknown>): string {
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
