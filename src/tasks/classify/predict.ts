import { noAugmentation, normalizationTables, writeSample } from "../../data/augmentation.ts";
import { type ImageFormat, imageSize } from "../../data/image-set.ts";
import type { TrainedNetwork } from "../../networks/open.ts";
import { ShapeError } from "../../tensor/errors.ts";
import { float32 } from "../../tensor/tensor.ts";
import { requirePredictionOptions } from "./classify-options.ts";
import { scoreClasses } from "./score-classes.ts";
import { softmax } from "./softmax.ts";

/** One image of the network's size. */
export interface ImagePixels extends ImageFormat {
  /** `[channels, height, width]`, 0 to 255. */
  readonly pixels: Uint8Array;
}

/** A class with its probability. */
export interface Prediction {
  readonly class: string;
  readonly probability: number;
}

/** Classes, the most probable first: one at least, so that `const [best] = …` is there under the strictest of compilers. */
export type RankedClasses = readonly [Prediction, ...(readonly Prediction[])];

/** Options of a prediction. */
export interface ClassifyOptions {
  /** How many of the most probable classes; all if left out. */
  readonly top?: number;
}

/**
 * The classes of one image, the most probable first.
 *
 * @throws {ShapeError} if the image is not of the network's size
 * @throws {OptionError} if `top` is not a whole number above 0, or another option is named
 * @throws {WeightsError} if the network gives scores that have no softmax, such as NaN
 */
export async function classifyImage(
  { card, session }: TrainedNetwork,
  image: ImagePixels,
  options: ClassifyOptions = {},
): Promise<RankedClasses> {
  requirePredictionOptions(options);
  const { top = card.classes.length } = options;
  const { channels, height, width, pixels } = image;
  const [ownChannels, ownHeight, ownWidth] = card.imageShape;
  if (channels !== ownChannels || height !== ownHeight || width !== ownWidth)
    throw new ShapeError(
      "image",
      `is ${channels}×${height}×${width}, the network takes ${ownChannels}×${ownHeight}×${ownWidth}; bring it to that`,
    );
  const input = new Float32Array(imageSize(image));
  if (pixels.length !== input.length)
    throw new ShapeError("image", `has ${pixels.length} pixels of all channels, must have ${input.length}`);
  const set = { channels, height, width, images: pixels, labels: new Int32Array(1), count: 1 };
  writeSample(set, normalizationTables(card.normalization), noAugmentation, { seed: 0, epoch: 0, index: 0 }, input, 0);
  const { data } = await scoreClasses(session, float32([1, channels, height, width], input));
  const [best, ...others] = softmax(data)
    .map((probability, label) => ({ class: card.classes[label], probability }))
    .toSorted((a, b) => b.probability - a.probability);
  return [best, ...others.slice(0, top - 1)];
}
