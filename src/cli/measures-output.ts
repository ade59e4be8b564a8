import { type Measure, type Measured, type Measures, valueOf } from "../train/measure.ts";

/** A share in percent, and a measure of which there is nothing to measure in words. */
export const percent = (share: number | null): string =>
  share === null ? "nothing to measure" : `${(100 * share).toFixed(2)} %`;

/** One measure under its name, such as "mean AP 24.20 %"; `of` is put between the two. */
export function describeMeasure(measured: Pick<Measured, "measures">, measure: Measure, of = ""): string {
  return `${measure.words.en}${of} ${percent(valueOf(measured, measure))}`;
}

/** Every measure under its name as a share, such as "mean AP 0.242, F1 at IoU 0.5 0.513". */
export function describeMeasures(measures: Measures, known: readonly Measure[]): string {
  const words = known.map((measure) => {
    const value = valueOf({ measures }, measure);
    return `${measure.words.en} ${value === null ? "nothing to measure" : value.toFixed(3)}`;
  });
  return words.join(", ");
}
