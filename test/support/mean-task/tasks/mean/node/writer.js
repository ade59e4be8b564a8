import { createBatchOrder } from "residua/data";

/**
 * Writes batches of images with their levels. A loader's thread imports it.
 *
 * @param {{
 *   readonly images: readonly import("../types.ts").LevelledImage[];
 *   readonly plan: import("residua/data").BatchPlan;
 * }} data
 * @returns {import("residua/data").SampleWriter}
 */
export function createWriter({ images, plan }) {
  const order = createBatchOrder(plan);
  return (step, out, labels) =>
    order(step).indices.forEach((index, place) => {
      const { pixels, level } = images[index];
      for (let at = 0; at < pixels.length; at++) out[place * pixels.length + at] = pixels[at] / 255 - 0.5;
      labels[place] = BigInt(Math.round(255 * level));
    });
}
