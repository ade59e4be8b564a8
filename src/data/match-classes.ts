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

/** Whether names are numbers in their order, which say no more than that. */
const areNumbers = (names: readonly string[]): boolean => names.every((name, index) => name === String(index));

/**
 * Gives images the labels that a network has for their classes, by name: the data set may order them otherwise, have some of
 * them, or have others beside all of them, whose images are then left out. Where not one name is common, as where one side
 * has numbers, the order counts if there are as many, or if the network has no names and no fewer classes.
 *
 * @throws {OptionError} if only some of the names can be matched, or the counts do not fit
 */
export function matchClasses<I extends Images>(
  dataset: Dataset<I>,
  { count, names = numbersTo(count) }: NetworkClasses,
): MatchedClasses<I> {
  const { classes } = dataset;
  if (names.length === classes.length && names.every((name, index) => name === classes[index])) return { dataset };
  if (classes.every((name) => names.includes(name))) return { dataset: relabel(dataset, names) };
  if (names.every((name) => classes.includes(name))) {
    const note = `of the data's ${classes.length} classes the network has ${names.length}; images of the others are left out`;
    return { dataset: relabel(dataset, names), note };
  }
  const isNameless = areNumbers(names);
  const hasCommon = classes.some((name) => names.includes(name));
  if (isNameless && classes.length <= count) return { dataset };
  if (!hasCommon && classes.length === count) {
    return { dataset, note: "the data's classes have other names than the network's; they are taken in its order" };
  }
  if (isNameless || !hasCommon)
    throw new OptionError(
      "data",
      `has ${classes.length} classes, the network has ${count}; give data of its own classes`,
    );
  const other = classes.find((name) => !names.includes(name))!;
  throw new OptionError(
    "data",
    `has the class "${other}", which the network does not have; ${describeChoices(other, names)}`,
  );
}

const numbersTo = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => String(index));
