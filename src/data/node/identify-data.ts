import { findDatasetName } from "../dataset.ts";
import { type ImageFiles, type ImageFormat, takeFirst } from "../image-set.ts";
import { planFolder } from "./folder.ts";
import { identifyContent } from "./identify-source.ts";
import { requireFolder } from "./open.ts";

/** How much of the data is used. */
export interface UsedImages {
  /** The first so many images; all if left out. */
  readonly train?: number | undefined;
  readonly test?: number | undefined;
}

/**
 * Tells folders of images apart, wherever they lie: a hash of what is taken from them, without decoding an image. Files of up to
 * 256 MB together count by every byte, of more by their sizes and parts.
 *
 * @returns undefined for a known data set, whose name says what is in it
 * @throws {OptionError} if it is neither a data set nor a folder
 * @throws {EnvironmentError} if the folder cannot be read
 * @throws {FormatError} if it is none of images by class
 */
export async function identifyData(
  nameOrFolder: string,
  format: ImageFormat,
  used: UsedImages = {},
): Promise<string | undefined> {
  if (findDatasetName(nameOrFolder) !== undefined) return undefined;
  requireFolder(nameOrFolder);
  const { classes, train, test, measured } = await planFolder(nameOrFolder, format);
  const first = (set: ImageFiles, wanted = set.count): ImageFiles => takeFirst(set, Math.min(wanted, set.count));
  const [trained, tested] = [first(train, used.train), first(test, used.test)];
  return identifyContent({
    classes,
    train: trained.labels,
    test: tested.labels,
    // What images are normalised by is taken from more of them.
    files: [...new Set([trained, tested, measured].flatMap(({ files }) => files))],
  });
}
