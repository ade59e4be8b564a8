import { normalizationTables, writeVaried } from "../augmentation.ts";
import { type ImageBatches, createBatchOrder, requireBatches } from "../batches.ts";
import { type ImageFiles, type ImageFormat, imageSize } from "../image-set.ts";
import type { ReadOptions } from "../image/read.ts";
import type { SampleWriter } from "../sample-source.ts";
import { decodeImage } from "./image.ts";

/** How many files are open, and images decoded, at once. */
const DECODED_AT_ONCE = 8;

/**
 * Decodes several files at once, and passes on each image as soon as it is ready.
 * @throws {FormatError} naming the file that is not an image
 */
export async function decodeFiles(
  files: readonly string[],
  format: ImageFormat & ReadOptions,
  take: (pixels: Uint8Array, place: number) => void,
): Promise<void> {
  let next = 0;
  const decodeInTurn = async (): Promise<void> => {
    while (next < files.length) {
      const place = next++;
      try {
        take(await decodeImage(files[place], format), place);
      } catch (error) {
        next = files.length;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(DECODED_AT_ONCE, files.length) }, decodeInTurn));
}

/**
 * Prepares batches of images from files.
 * @throws {OptionError} if `requireBatches` does
 */
export function createFileBatchWriter(source: ImageBatches<ImageFiles>): SampleWriter {
  requireBatches(source);
  const { set, normalization, augmentation, plan } = source;
  const tables = normalizationTables(normalization);
  const order = createBatchOrder(plan);
  const size = imageSize(set);
  return async (step, images, labels) => {
    const { epoch, indices } = order(step);
    const files = Array.from(indices, (index) => set.files[index]);
    const { channels, height, width } = set;
    await decodeFiles(files, { channels, height, width }, (pixels, place) => {
      const index = indices[place];
      const key = { seed: plan.seed, epoch, index };
      writeVaried({ pixels, format: set, tables }, { augmentation, key }, images, place * size);
      labels[place] = BigInt(set.labels[index]);
    });
  };
}
