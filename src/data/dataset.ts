import type { Augmentation } from "./augmentation.ts";
import { noAugmentation } from "./augmentation.ts";
import { catalog, type DatasetEntry, type DatasetName, datasetNames, type StandardAugmentation } from "./catalog.ts";

/** The name of the catalogue that a text is; undefined if it is none. */
export function findDatasetName(text: string): DatasetName | undefined {
  return datasetNames.find((known) => known === text);
}

/** Images in a folder may be anything: a mirror could change their class. */
const folderAugmentation: StandardAugmentation = { cropPadding: 4, flip: false, byDefault: false };

/**
 * How the images of a data set are varied.
 *
 * @param data a name of the catalogue, or a folder
 * @param wanted whether to vary them; the data set's own custom if left out
 */
export function augmentationOf(data: string, wanted?: boolean): Augmentation {
  const name = findDatasetName(data);
  const { byDefault, ...own } = name === undefined ? folderAugmentation : catalog[name].augmentation;
  return (wanted ?? byDefault) ? own : noAugmentation;
}

/** How many images of which kind a data set has, in one line. */
export function describeImages({ counts, image, classes }: DatasetEntry): string {
  const [train, test] = [counts.train, counts.test].map((count) => count.toLocaleString("en-US"));
  const colours = image.channels === 1 ? "grey" : "colour";
  return `${train} + ${test} images of ${image.height}×${image.width}, ${colours}, ${classes.length} classes`;
}
