/**
 * Databases disagree on NaN and the infinities: MariaDB refuses them, SQLite keeps NaN as NULL. A real is therefore kept
 * in two columns: its value, empty if it is not finite, and a state that says what it is.
 */
export type RealState = 0 | 1 | 2 | 3;

/** The name of the column beside a real one. */
export const stateColumn = (name: string): string => `${name}_state`;

/** Encodes a number into the two columns. −0 becomes 0, which databases do not keep apart. */
export function encodeReal(value: number): readonly [number | null, RealState] {
  if (Number.isFinite(value)) return [value + 0, 0];
  return [null, Number.isNaN(value) ? 1 : value > 0 ? 2 : 3];
}

/** The number encoded by two columns; null if both are empty. */
export function decodeReal(value: number | null, state: number | null): number | null {
  switch (state) {
    case 1:
      return Number.NaN;
    case 2:
      return Number.POSITIVE_INFINITY;
    case 3:
      return Number.NEGATIVE_INFINITY;
    default:
      return value;
  }
}
