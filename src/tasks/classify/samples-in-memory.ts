import { evaluationBatches } from "../../data/batches.ts";
import { type LabelledImages, toImageSet } from "../../data/labelled-images.ts";
import type { NetworkCard } from "../../networks/card.ts";
import { OptionError, ShapeError } from "../../tensor/errors.ts";
import type { LabeledBatch } from "../../train/batch.ts";
import { evaluationBatchSize } from "../../train/evaluation.ts";

/**
 * Batches to judge a network by: of the test part if there is one, of all images otherwise.
 *
 * @throws {ShapeError} if the images are of another shape than the network takes
 * @throws {OptionError} if a label is not a class of the network, or classes have other names than the network's
 */
export function batchesInMemory(
  { channels, height, width, classes, test, images, labels }: LabelledImages,
  { imageShape, normalization, classes: own }: NetworkCard,
): Iterable<LabeledBatch> {
  const [ownChannels, ownHeight, ownWidth] = imageShape;
  if (channels !== ownChannels || height !== ownHeight || width !== ownWidth)
    throw new ShapeError(
      "data",
      `has images of ${channels}×${height}×${width}, the network takes ${ownChannels}×${ownHeight}×${ownWidth}`,
    );
  const other = classes?.find((name, label) => name !== own[label]);
  if (other !== undefined)
    throw new OptionError("classes", `have "${other}" where the network has other classes: ${own.join(", ")}`);
  const set = toImageSet(test ?? { images, labels }, { channels, height, width }, own.length);
  return evaluationBatches(set, normalization, evaluationBatchSize(imageShape));
}
