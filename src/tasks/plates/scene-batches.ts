import { type BatchPlan, type BatchWriter, createBatchOrder, type SampleShapes } from "../../data/batches.ts";
import type { Normalization } from "../../data/image-set.ts";
import { writePlanes } from "./planes.ts";
import { locatorPlanes, STRIDE, writeLocatorTargets } from "./locator-targets.ts";
import { renderScene, type SceneOptions } from "./render/scene.ts";

/** What the locator's batches are made of. */
export interface SceneBatches extends SceneOptions {
  readonly normalization: Normalization;
  readonly plan: BatchPlan;
}

/** Shapes of one sample of the locator. */
export function sceneShapes(crop: number): SampleShapes {
  return { image: [3, crop, crop], labels: [locatorPlanes.labels, crop / STRIDE, crop / STRIDE] };
}

/** Writes batches of parts of scenes: each a function of (seed, epoch, index). */
export function createSceneWriter({ normalization, plan, ...options }: SceneBatches): BatchWriter {
  const order = createBatchOrder(plan);
  const { crop } = options;
  const size = 3 * crop * crop;
  const extent = { width: crop / STRIDE, height: crop / STRIDE };
  const points = locatorPlanes.labels * extent.width * extent.height;
  return (step, images, labels) => {
    const { epoch, indices } = order(step);
    indices.forEach((index, place) => {
      const { image, plates } = renderScene(options, { seed: plan.seed, epoch, index });
      writePlanes(image, normalization, images, place * size);
      writeLocatorTargets(plates, extent, labels.subarray(place * points, (place + 1) * points));
    });
  };
}
