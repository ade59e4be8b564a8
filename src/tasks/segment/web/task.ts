import { readPixels } from "../../../data/web/decode-image.ts";
import type { WebTask } from "../../web/web-task.ts";
import type { Raster } from "../data/raster.ts";
import type { SegmentTypes } from "../task.ts";

/** Colours of a page's pixels; transparency is left out. */
function toRaster({ width, height, data }: ImageData): Raster {
  const samples = new Uint8Array(width * height * 3);
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let channel = 0; channel < 3; channel++) samples[3 * pixel + channel] = data[4 * pixel + channel];
  }
  return { width, height, channels: 3, samples };
}

/** What segmentation does in a page. */
export const webTask: WebTask<SegmentTypes> = {
  readInput: async (image, _, where) => toRaster(await readPixels(image, where)),
  trainOptions: [],
  startTraining: null,
};
