import { identifyData } from "../../../data/node/identify-data.ts";
import type { CompareJob } from "../job.ts";

/** What the images of a folder become; data sets have their own format. */
export const folderFormat = { channels: 3, height: 32, width: 32 } as const;

/**
 * What tells the images that a comparison trains and tests on from others under the same name.
 *
 * @returns undefined for a known data set
 * @throws {OptionError} if the data are neither a data set nor a folder
 * @throws {EnvironmentError} if the folder cannot be read
 * @throws {FormatError} if it is none of images by class
 */
export function identifyImages({
  data,
  trainImages,
  testImages,
}: Pick<CompareJob, "data" | "trainImages" | "testImages">): Promise<string | undefined> {
  return identifyData(data, folderFormat, { train: trainImages, test: testImages });
}
