import * as v from "valibot";

/** Where plain data first strays from its schema. */
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
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw refuse({ path: v.getDotPath(issue) ?? "", detail: describeIssue(issue) });
}

function describeIssue({ expected, received, message }: v.BaseIssue<unknown>): string {
  if (received === "undefined") return "is missing";
  // A key that an object of known keys has besides.
  if (expected === "never") return "is not known";
  // A check of one's own expects what its message says.
  return `must be ${expected ?? message}, got ${received}`;
}

/** JSON has no NaN: what is no finite number is written as null, and read back as NaN. */
export const measuredNumber: v.GenericSchema<unknown, number> = v.pipe(
  v.nullable(v.number()),
  v.transform((value) => value ?? Number.NaN),
);

export const wholeNumber: v.GenericSchema<unknown, number> = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
export const countingNumber: v.GenericSchema<unknown, number> = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
