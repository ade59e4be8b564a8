import { describeChoices } from "../tensor/choices.ts";
import { OptionError } from "../tensor/errors.ts";
import { type Dataset, type Images, imageSize, isInMemory, sharedBytes } from "./image-set.ts";

/** @throws {OptionError} unless they are two at least, each named once: figures of classes are kept by their names */
export function requireDifferentClasses(names: readonly string[]): void {
  if (names.length < 2 || new Set(names).size < names.length)
    throw new OptionError("classes", `must name two or more different classes, got ${names.join(", ")}`);
}

/**
 * Selects the images of some classes and relabels them 0, 1, 2 … in the order given. All classes in their original
 * order give the data set itself.
 *
 * @throws {OptionError} naming a class that is unknown or repeated, or if there are fewer than two
 */
export function selectClasses<I extends Images>(dataset: Dataset<I>, names: readonly string[]): Dataset<I> {
  const { classes } = dataset;
  const unknown = names.find((name) => !classes.includes(name));
  if (unknown !== undefined)
    throw new OptionError(
      "classes",
      `"${unknown}" is not a class of ${dataset.name}; ${describeChoices(unknown, classes)}`,
    );
  requireDifferentClasses(names);
  if (names.length === classes.length && names.every((name, index) => name === classes[index])) return dataset;
  return relabel(dataset, names);
}

/** The images whose class is one of these names, with its place among them as their label. */
export function relabel<I extends Images>(dataset: Dataset<I>, names: readonly string[]): Dataset<I> {
  const places = new Map(names.map((name, label) => [name, label]));
  const labels = new Map(dataset.classes.map((name, index) => [index, places.get(name)]));
  return { ...dataset, classes: names, train: select(dataset.train, labels), test: select(dataset.test, labels) };
}

function select<I extends Images>(set: I, labels: ReadonlyMap<number, number | undefined>): I {
  const places = Array.from(set.labels.keys()).filter((place) => labels.get(set.labels[place]) !== undefined);
  const chosen = { count: places.length, labels: Int32Array.from(places, (place) => labels.get(set.labels[place])!) };
  if (!isInMemory(set)) return { ...set, ...chosen, files: places.map((place) => set.files[place]) };
  const size = imageSize(set);
  const images = sharedBytes(places.length * size);
  places.forEach((place, index) => images.set(set.images.subarray(place * size, (place + 1) * size), index * size));
  return { ...set, ...chosen, images };
}
