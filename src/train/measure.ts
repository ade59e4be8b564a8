/** What a network's work is measured by. */
export interface Measure {
  /** In JSON, in run stores and in metrics of other tools, such as "meanAp". */
  readonly name: string;
  /** As people read it, such as "mean AP". */
  readonly words: { readonly en: string; readonly zh: string };
  readonly better: "higher" | "lower";
  /** Whether it is the share of images that are right, so that their number alone tells how far chance moves it. */
  readonly isShareOfImages?: boolean;
}

/** Values under the names of their measures; null where there is nothing to measure. */
export type Measures = Readonly<Record<string, number | null>>;

/** A loss, with what is measured beside it. */
export interface Measured {
  readonly loss: number;
  readonly measures: Measures;
}

/** What a training says by name. */
export interface TrainingMeasures {
  /** What its steps count as right, as a share. */
  readonly training: Measure;
  /** The task's main measure: it chooses the best epoch. */
  readonly main: Measure;
}

/** The share of images whose highest score is their label's. */
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

/** What was measured, without what there was nothing to measure of. */
export function knownMeasures(measures: Measures): readonly (readonly [name: string, value: number])[] {
  return Object.entries(measures).filter((entry): entry is [string, number] => entry[1] !== null);
}

/**
 * Whether one epoch is better than another: by the main measure; where it is equal or says nothing, by the loss, which goes
 * on telling epochs apart.
 */
export function isBetter(main: Measure, one: Measured, than: Measured | undefined): boolean {
  if (than === undefined) return true;
  const [own, other] = [valueOf(one, main), valueOf(than, main)];
  if (own === other) return one.loss < than.loss;
  if (own === null || other === null) return other === null;
  return main.better === "higher" ? own > other : own < other;
}
