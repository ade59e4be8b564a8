import { type Measure, type Measured, type Measures, valueOf } from "../train/measure.ts";
import { joinWords, phrase, type Words } from "../report/words.ts";

/** What is said of a measure without a value. */
export const nothing: Words = { en: "nothing to measure", zh: "无可测量" };

/** A share in percent, and a measure of which there is nothing to measure in words. */
export const percent = (share: number | null): Words => (share === null ? nothing : `${(100 * share).toFixed(2)} %`);

/** The part of the data that a measure is of. */
const parts = {
  training: { en: " of training", zh: "训练" },
  validation: { en: " of validation", zh: "验证" },
} as const;

/** One measure under its name, such as "mean AP 24.20 %", or "mean AP of validation 24.20 %" with the part. */
export function describeMeasure(
  measured: Pick<Measured, "measures">,
  measure: Measure,
  part?: keyof typeof parts,
): Words {
  const { en, zh } = measure.words;
  const of = part === undefined ? { en: "", zh: "" } : parts[part];
  return phrase({ en: `${en}${of.en} `, zh: `${of.zh}${zh} ` }, percent(valueOf(measured, measure)));
}

/** Every measure under its name as a share, such as "mean AP 0.242, F1 at IoU 0.5 0.513". */
export function describeMeasures(measures: Measures, known: readonly Measure[]): Words {
  const words = known.map((measure) => {
    const value = valueOf({ measures }, measure);
    return phrase(measure.words, " ", value === null ? nothing : value.toFixed(3));
  });
  return joinWords(words);
}
