import { type ImageSet, selectImages } from "../../../data/image-set.ts";
import type { Words } from "../../../report/words.ts";
import { describeChoices } from "../../../tensor/choices.ts";
import { FormatError, OptionError } from "../../../tensor/errors.ts";
import { digitCounts, fitDigits } from "../../digits.ts";
import { imageLimits } from "../../pictures/image-limits.ts";
import { type LeftOut, sortFiles } from "../../pictures/sort-files.ts";
import { loadDigits } from "../load-digits.ts";
import { openSource, readOne } from "../train/read-images.ts";
import type { ImageSource } from "../train/read-job.ts";
import type { StudyImages } from "./study-service.ts";

/** Images that a network is tried on. */
export interface TriedImages {
  readonly name: Words;
  readonly set: ImageSet;
  readonly given: number;
  readonly leftOut: readonly LeftOut[];
}

/** What must be known of a network to find images for it. */
export interface ImageTaker {
  readonly name: string;
  readonly imageShape: readonly [channels: number, height: number, width: number];
  readonly classes: number;
  /** In the order of the scores; numbers where the file does not name them. */
  readonly classNames: readonly string[];
  /** Whether the file names its classes. */
  readonly hasNames: boolean;
}

/** As many images as are seen within about a second. */
const mostImages = 500;

/** Places of so many labels, evenly over the classes. */
function spreadEvenly(labels: ArrayLike<number>, most: number): Uint32Array {
  const byClass = Uint32Array.from(labels, (_, place) => place).toSorted((a, b) => labels[a] - labels[b] || a - b);
  const count = Math.min(most, byClass.length);
  return Uint32Array.from({ length: count }, (_, at) => byClass[Math.floor((at * byClass.length) / count)]);
}

/** So many images of a set, evenly over its classes. */
export function someOf(set: ImageSet, most: number): ImageSet {
  return selectImages(set, spreadEvenly(set.labels, most));
}

/** Whether a network tells digits. */
function tellsDigits({ classNames, hasNames, classes, imageShape }: ImageTaker): boolean {
  if (classes !== digitCounts.classes) return false;
  return hasNames ? classNames.every((name, place) => name === String(place)) : imageShape[0] === 1;
}

async function takeDigits(taker: ImageTaker, address: string): Promise<TriedImages> {
  const { test } = await loadDigits(address);
  return {
    name: { en: "built-in digits", zh: "内置数字" },
    set: fitDigits(someOf(test, mostImages), taker.imageShape),
    given: test.count,
    leftOut: [],
  };
}

/** The place of each folder's class among the network's. @throws {OptionError} if it has none of that name */
function placeClasses({ name, classNames, hasNames, classes }: ImageTaker, folders: readonly string[]): number[] {
  if (!hasNames && folders.length === classes) return folders.map((_, place) => place);
  return folders.map((folder) => {
    const place = classNames.indexOf(folder);
    if (place >= 0) return place;
    if (!hasNames)
      throw new OptionError(
        "images",
        `are in ${folders.length} folders, must be in ${classes}, one per class: ${name} does not name its classes`,
      );
    throw new OptionError("images", `"${folder}" is no class of the network; ${describeChoices(folder, classNames)}`);
  });
}

async function takeOwn(taker: ImageTaker, source: ImageSource): Promise<TriedImages> {
  const { name, paths, open } = await openSource(source);
  if (paths.length > imageLimits.files)
    throw new FormatError(name, `has ${paths.length} files, must have at most ${imageLimits.files}`);
  const { classes: folders, files, leftOut: unsorted } = sortFiles(paths);
  if (files.length === 0)
    throw new FormatError(name, "has no images in folders; put the images of each class into a folder of its name");
  const places = placeClasses(taker, folders);
  const [channels, height, width] = taker.imageShape;
  const size = channels * height * width;
  const chosen = Array.from(
    spreadEvenly(
      files.map(({ label }) => label),
      mostImages,
    ),
    (at) => files[at],
  );
  const images = new Uint8Array(chosen.length * size);
  const labels: number[] = [];
  const leftOut: LeftOut[] = [...unsorted];
  for (const { place, label } of chosen) {
    const path = paths[place];
    const read = await readOne(() => open(place), path, { channels, height, width });
    if (read instanceof Uint8Array) images.set(read, labels.push(places[label]) * size - size);
    else leftOut.push({ path, why: read });
  }
  const count = labels.length;
  if (count === 0) throw new FormatError(name, `has no image that can be read: ${leftOut[0]?.path ?? ""}`);
  const set = { channels, height, width, count, images: images.subarray(0, count * size) };
  return { name, set: { ...set, labels: Int32Array.from(labels) }, given: files.length, leftOut };
}

/**
 * Images for a network: the site's digits, or those of the reader in folders named after its classes.
 *
 * @throws {OptionError} if the network does not tell digits, or a folder is no class of it
 * @throws {FormatError} if no image can be read
 */
export async function takeImages(taker: ImageTaker, wanted: StudyImages, isTrained: boolean): Promise<TriedImages> {
  if (wanted.kind === "own") return takeOwn(taker, wanted.source);
  // Before it has learnt, a network tells nothing: any images do.
  if (isTrained && !tellsDigits(taker))
    throw new OptionError(
      "images",
      `${taker.name} does not tell digits; drop images of its own classes, each class in a folder`,
    );
  return takeDigits(taker, wanted.address);
}
