/** A measure of a network's performance. */
export interface Measure {
  /** The name in JSON, run stores and other tools' metrics, such as "meanAp". */
  readonly name: string;
  /** The display name, such as "mean AP". */
  readonly words: { readonly en: string; readonly zh: string };
  readonly better: "higher" | "lower";
  /** Whether it is the share of correct images, so that its sampling error follows from their number alone. */
  readonly isShareOfImages?: boolean;
}

/** Values by measure; null if there is nothing to measure. */
export type Measures = Readonly<Record<string, number | null>>;

/** A loss with its measures. */
export interface Measured {
  readonly loss: number;
  readonly measures: Measures;
}

/** The measures of a training run. */
export interface TrainingMeasures {
  /** The share that steps count as correct. */
  readonly training: Measure;
  /** The task's main measure: it chooses the best epoch. */
  readonly main: Measure;
}

/** Top-1 accuracy: the share of images whose label has the highest score. */
export const accuracy: Measure = {
  name: "accuracy",
  words: { en: "accuracy", zh: "准确率" },
  better: "higher",
  isShareOfImages: true,
};

/** A measure's value; null where it was not measured. */
export function valueOf({ measures }: Pick<Measured, "measures">, { name }: Pick<Measure, "name">): number | null {
  const value = Object.hasOwn(measures, name) ? measures[name] : null;
  return value === null || Number.isNaN(value) ? null : value;
}

/** The measured values, without the nulls. */
export function knownMeasures(measures: Measures): readonly (readonly [name: string, value: number])[] {
  return Object.entries(measures).filter((entry): entry is [string, number] => entry[1] !== null);
}

/** Whether one epoch is better than another: by the main measure; ties and missing values are broken by the loss. */
export function isBetter(main: Measure, one: Measured, than: Measured | undefined): boolean {
  if (than === undefined) return true;
  const [own, other] = [valueOf(one, main), valueOf(than, main)];
  if (own === other) return one.loss < than.loss;
  if (own === null || other === null) return other === null;
  return main.better === "higher" ? own > other : own < other;
}
