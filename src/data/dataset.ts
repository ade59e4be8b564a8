import type { Augmentation } from "./augmentation.ts";
import { noAugmentation } from "./augmentation.ts";
import { catalog, type DatasetEntry, type DatasetName, datasetNames, type StandardAugmentation } from "./catalog.ts";

/** The catalogue name that a text denotes; undefined if none. */
export function findDatasetName(text: string): DatasetName | undefined {
  return datasetNames.find((known) => known === text);
}

/** Images in a folder may show anything: mirroring could change their class. */
const folderAugmentation: StandardAugmentation = { cropPadding: 4, flip: false, byDefault: false };

/**
 * The augmentation of a data set.
 *
 * @param data a catalogue name or a folder
 * @param wanted whether to augment; by default, as usual for the data set
 */
export function augmentationOf(data: string, wanted?: boolean): Augmentation {
  const name = findDatasetName(data);
  const { byDefault, ...own } = name === undefined ? folderAugmentation : catalog[name].augmentation;
  return (wanted ?? byDefault) ? own : noAugmentation;
}

/** Summarises the size and kind of a data set in one line. */
export function describeImages({ counts, image, classes }: DatasetEntry): string {
  const [train, test] = [counts.train, counts.test].map((count) => count.toLocaleString("en-US"));
  const colours = image.channels === 1 ? "grey" : "colour";
  return `${train} + ${test} images of ${image.height}×${image.width}, ${colours}, ${classes.length} classes`;
}
