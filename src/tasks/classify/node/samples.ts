import { takeFirst } from "../../../data/image-set.ts";
import { openEvaluation } from "../../../data/node/evaluation.ts";
import { openMatching } from "../../../data/node/open-matching.ts";
import type { NetworkCard } from "../../../networks/card.ts";
import type { LabeledBatch } from "../../../train/batch.ts";
import { evaluationBatchSize } from "../../../train/evaluation.ts";
import type { OpenedSamples, SamplesChoice } from "../../node/node-task.ts";

/**
 * Opens a data set's test images, which no training on it has seen: `heldBack` changes nothing.
 *
 * @throws {OptionError} if no data are named, or they have classes that the network does not have
 * @throws {ShapeError} if the images are of another shape than the network takes
 */
export async function openTestImages(
  { card }: { readonly card: NetworkCard },
  { data: wanted, limit, cache, onNote }: SamplesChoice,
): Promise<OpenedSamples<LabeledBatch>> {
  const needs = {
    imageShape: card.imageShape,
    data: card.data,
    classes: { count: card.classes.length, names: card.classes },
  };
  const { test, name } = await openMatching(needs, wanted, { cache, ...(onNote === undefined ? {} : { onNote }) });
  const images = limit === undefined ? test : takeFirst(test, limit);
  return {
    data: name,
    count: images.count,
    samples: openEvaluation(images, card.normalization, evaluationBatchSize(card.imageShape)),
  };
}
