import { describeChoices } from "../tensor/choices.ts";
import { OptionError } from "../tensor/errors.ts";
import type { Dataset, Images } from "./image-set.ts";
import { relabel } from "./select-classes.ts";

/** What a network says of its classes. */
export interface NetworkClasses {
  readonly count: number;
  /** In the order of its scores; none if left out, or if they are the numbers from 0. */
  readonly names?: readonly string[];
}

/** A data set whose labels are those of a network. */
export interface MatchedClasses<I extends Images> {
  readonly dataset: Dataset<I>;
  /** What the user should know. */
  readonly note?: string;
}

/**
 * Gives images the labels that a network has for their classes, by name: the data set may order them otherwise, have some of
 * them, or have others beside all of them, whose images are then left out. Names that are numbers from 0 on stand for none;
 * without names, the order counts.
 *
 * @throws {OptionError} if the names cannot be matched, or there are none and more classes than the network has
 */
export function matchClasses<I extends Images>(
  dataset: Dataset<I>,
  { count, names }: NetworkClasses,
): MatchedClasses<I> {
  const { classes } = dataset;
  if (names?.length === classes.length && names.every((name, index) => name === classes[index])) return { dataset };
  if (names !== undefined && names.every((name) => classes.includes(name))) {
    const matched = relabel(dataset, names);
    if (names.length === classes.length) return { dataset: matched };
    const note = `of the data's ${classes.length} classes the network has ${names.length}; images of the others are left out`;
    return { dataset: matched, note };
  }
  if (names === undefined || names.every((name, index) => name === String(index))) {
    if (classes.length <= count) return { dataset };
    throw new OptionError(
      "data",
      `has ${classes.length} classes, the network has ${count}; give data of its own classes`,
    );
  }
  const other = classes.find((name) => !names.includes(name));
  if (other === undefined) return { dataset: relabel(dataset, names) };
  throw new OptionError(
    "data",
    `has the class "${other}", which the network does not have; ${describeChoices(other, names)}`,
  );
}
