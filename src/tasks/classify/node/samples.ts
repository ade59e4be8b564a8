import { takeFirst } from "../../../data/image-set.ts";
import { openEvaluation } from "../../../data/node/evaluation.ts";
import { openDataset } from "../../../data/node/open.ts";
import type { NetworkCard } from "../../../networks/card.ts";
import { OptionError, ShapeError } from "../../../tensor/errors.ts";
import type { LabeledBatch } from "../../../train/batch.ts";
import { evaluationBatchSize } from "../../../train/evaluation.ts";
import type { OpenedSamples, SamplesChoice } from "../../node/node-task.ts";

/**
 * Opens a data set's test images, which no training on it has seen: `heldBack` changes nothing.
 *
 * @throws {OptionError} if no data are named, or they have more classes than the network
 * @throws {ShapeError} if the images are of another shape than the network takes
 */
export async function openTestImages(
  { card }: { readonly card: NetworkCard },
  { data: wanted, limit, cache, onNote }: SamplesChoice,
): Promise<OpenedSamples<LabeledBatch>> {
  const named = wanted ?? card.data;
  if (named === "") throw new OptionError("data", "is needed: the network's file does not say what it was trained on");
  const [channels, height, width] = card.imageShape;
  const { test, classes, name } = await openDataset(
    named,
    cache,
    { channels, height, width },
    onNote === undefined ? {} : { onNote },
  );
  if (test.channels !== channels || test.height !== height || test.width !== width) {
    throw new ShapeError(
      "data",
      `has images of ${test.channels}×${test.height}×${test.width}, the network takes ${channels}×${height}×${width}`,
    );
  }
  if (classes.length > card.classes.length) {
    throw new OptionError(
      "data",
      `has ${classes.length} classes, the network has ${card.classes.length}; give data of its own classes`,
    );
  }
  const images = limit === undefined ? test : takeFirst(test, limit);
  return {
    data: name,
    count: images.count,
    samples: openEvaluation(images, card.normalization, evaluationBatchSize(card.imageShape)),
  };
}
