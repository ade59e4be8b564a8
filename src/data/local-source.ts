import { createBatchWriter, type ImageBatches, labelledShapes, requireBatches } from "./batches.ts";
import type { ImageSet } from "./image-set.ts";
import type { LocalSource } from "./sample-source.ts";

/**
 * A source of batches from labelled in-memory images, in the calling thread.
 * @throws {OptionError} if `requireBatches` does
 */
export function localImageSource(images: ImageBatches<ImageSet>): LocalSource {
  requireBatches(images);
  const { set, normalization, plan } = images;
  return { shapes: labelledShapes(set), plan, normalization, createWriter: () => createBatchWriter(images) };
}
