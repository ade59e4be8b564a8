import { builtFile } from "../../files/node.ts";
import { createBatchWriter, type ImageBatches, labelledShapes, requireBatches } from "../batches.ts";
import { isInMemory } from "../image-set.ts";
import type { SampleSource } from "../sample-source.ts";

/** A batch of large photographs may take long to decode. */
const PATIENCE_WITH_FILES = 600;

/**
 * A loader's source of labelled images, in memory or in files.
 * @throws {OptionError} if `requireBatches` does
 */
export function imageSource(images: ImageBatches): SampleSource<ImageBatches> {
  requireBatches(images);
  const { set, ...rest } = images;
  const source: SampleSource<ImageBatches> = {
    shapes: labelledShapes(set),
    plan: rest.plan,
    normalization: rest.normalization,
    writer: builtFile(import.meta.url, "./image-writer.js").href,
    data: images,
  };
  return isInMemory(set)
    ? { ...source, createWriter: () => createBatchWriter({ set, ...rest }) }
    : { ...source, patience: PATIENCE_WITH_FILES };
}
