import { builtFile } from "../../../files/node.ts";
import type { SampleSource } from "../../../data/sample-source.ts";
import { createCropWriter, type CropBatches, cropShapes } from "../data/batches.ts";

/** Crops of masked images, as a loader makes batches of them. */
export function cropSource(crops: CropBatches): SampleSource<CropBatches> {
  return {
    shapes: cropShapes(crops),
    plan: crops.plan,
    normalization: crops.normalization,
    writer: builtFile(import.meta.url, "./crop-writer.js").href,
    data: crops,
    createWriter: () => createCropWriter(crops),
  };
}
