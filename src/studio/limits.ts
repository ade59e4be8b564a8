import * as v from "valibot";

/** The limits of a number. */
export interface Limits {
  readonly least: number;
  readonly most: number;
  /** Whether it may have a fraction. */
  readonly isReal?: boolean;
}

/** Whether a number is within its limits. */
export function isWithin({ least, most, isReal = false }: Limits, value: number): boolean {
  return Number.isFinite(value) && value >= least && value <= most && (isReal || Number.isInteger(value));
}

/** A number within its limits. */
export function numberWithin(limits: Limits): v.GenericSchema<unknown, number> {
  const { least, most, isReal = false } = limits;
  const kind = isReal ? "a number" : "a whole number";
  return v.pipe(
    v.number(),
    v.check((value) => isWithin(limits, value), `${kind} from ${least} to ${most}`),
  );
}
