import { scoreImages } from "../../networks/scores.ts";
import type { Session } from "../../runtime/runtime.ts";
import { OptionError } from "../../tensor/errors.ts";
import type { LabeledBatch } from "../../train/batch.ts";
import type { Evaluation } from "../../train/evaluation.ts";
import { areScores, crossEntropy } from "./softmax.ts";
import { requireEvaluationOptions } from "./classify-options.ts";
import { averageViews, type ViewsName } from "./views.ts";

/** How well a network classifies images. */
export interface Classification extends Evaluation {
  /** The share of images whose highest score is their label's. */
  readonly measures: { readonly accuracy: number | null };
  /** Share of images whose label is among the `k` highest scores. */
  readonly topK: { readonly k: number; readonly accuracy: number | null };
}

/** What to count besides top-1. */
export interface ClassificationOptions {
  /** The k of top-k; 5 if left out, but never more than there are classes. */
  readonly topK?: number;
  /**
   * Views of each image whose scores are averaged: itself and its mirror image ("mirror"), itself and shifted by a point both ways
   * ("shift"), or both ("mirror-shift"): 2, 3 or 6 times the work. The image alone if left out.
   */
  readonly views?: ViewsName;
}

/**
 * Evaluates on every image of `batches`; they may differ in size.
 *
 * @throws {OptionError} if a label is not a class of the network, or an option is not known or not what it may be
 */
export async function evaluateClassifier(
  session: Session,
  batches: AsyncIterable<LabeledBatch> | Iterable<LabeledBatch>,
  options: ClassificationOptions = {},
): Promise<Classification> {
  requireEvaluationOptions(options);
  const { views } = options;
  let k = options.topK ?? 5;
  const scoreOf = async (seen: LabeledBatch["images"]): Promise<Float32Array> =>
    (await scoreImages(session, seen)).data;
  let [count, loss, first, amongFirst, notFinite] = [0, 0, 0, 0, 0];
  for await (const { images, labels } of batches) {
    const data = views === undefined ? await scoreOf(images) : await averageViews(images, views, scoreOf);
    const classes = data.length / labels.data.length;
    k = Math.min(k, classes);
    for (const [index, label] of labels.data.entries()) {
      const scores = data.subarray(index * classes, (index + 1) * classes);
      const areTold = areScores(scores);
      const own = requireLabel(label, classes);
      const rank = areTold ? rankOf(scores, own) : classes;
      if (!areTold) notFinite++;
      if (rank < 1) first++;
      if (rank < k) amongFirst++;
      loss += crossEntropy(scores, own);
      count++;
    }
  }
  return {
    count,
    loss: loss / count,
    measures: { accuracy: count === 0 ? null : first / count },
    topK: { k, accuracy: count === 0 ? null : amongFirst / count },
    ...(notFinite === 0 ? {} : { notFinite }),
    ...(count === 0 ? { unmeasured: "there are no images" } : {}),
  };
}

function requireLabel(label: bigint, classes: number): number {
  if (label >= 0n && label < BigInt(classes)) return Number(label);
  throw new OptionError("labels", `${label} is not a class of the network, which has ${classes}`);
}

/** How many classes rank above the label; ties go to the first class, as in ArgMax. */
function rankOf(scores: Float32Array, label: number): number {
  const own = scores[label];
  let rank = 0;
  for (const [index, score] of scores.entries()) {
    if (index < label ? score >= own : score > own) rank++;
  }
  return rank;
}
