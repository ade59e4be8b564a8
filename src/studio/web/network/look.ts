import { evaluationBatches } from "../../../data/batches.ts";
import { imageSize } from "../../../data/image-set.ts";
import { computeGradCam } from "../../../lab/network/grad-cam.ts";
import { overlayMap } from "../../../lab/network/overlay.ts";
import { withInference } from "../../../networks/inference.ts";
import type { Runtime } from "../../../runtime/runtime.ts";
import { scoreClasses } from "../../../tasks/classify/score-classes.ts";
import { softmax } from "../../../tasks/classify/softmax.ts";
import { float32 } from "../../../tensor/tensor.ts";
import type { Study } from "./study.ts";
import { someOf } from "./study-images.ts";
import type { LookedAt } from "./study-service.ts";

/** Images that are looked into. */
const shownImages = 8;
const session = { executionProviders: ["wasm"] };

/** The likeliest class of each image, with its probability. */
function judge(scores: Float32Array, classes: number): readonly { readonly place: number; readonly share: number }[] {
  return Array.from({ length: scores.length / classes }, (_, index) => {
    const own = scores.subarray(index * classes, (index + 1) * classes);
    const probabilities = softmax(own);
    const share = Math.max(...probabilities);
    return { place: probabilities.indexOf(share), share };
  });
}

/**
 * Where the network looks in some of its images, for the class that it finds in each.
 *
 * @throws {UnsupportedError} if the network has no feature maps
 */
export async function lookAt(study: Study, runtime: Runtime): Promise<readonly LookedAt[]> {
  const { network, normalization, classNames, images } = study;
  const { module, state, imageShape, classes } = network;
  const set = someOf(images.set, shownImages);
  const [batch] = evaluationBatches(set, normalization, set.count);
  const scores = await withInference({ runtime, module, imageShape, state, session }, async (open) => {
    const { data } = await scoreClasses(open, batch.images);
    return data;
  });
  const judged = judge(scores, classes);
  const taken = float32(batch.images.shape, batch.images.data);
  const maps = await computeGradCam(
    { runtime, module, state, classes, session },
    taken,
    judged.map(({ place }) => place),
  );
  const size = imageSize(set);
  return maps.map((map, index): LookedAt => {
    const pixels = Float32Array.from(set.images.subarray(index * size, (index + 1) * size));
    const image = { channels: set.channels, height: set.height, width: set.width, pixels };
    const { height, width, samples } = overlayMap(image, map);
    const { place, share } = judged[index];
    return {
      height,
      width,
      map: new Uint8ClampedArray(samples.buffer),
      label: classNames[set.labels[index]] ?? String(set.labels[index]),
      found: classNames[place] ?? String(place),
      probability: share,
    };
  });
}
