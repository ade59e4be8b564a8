import { stepNames } from "../../compile/step/names.ts";
import type { Session } from "../../runtime/runtime.ts";
import { OptionError } from "../../tensor/errors.ts";
import type { LabeledBatch } from "../../train/batch.ts";
import type { Evaluation } from "../../train/evaluation.ts";
import { averageViews, requireViews, type ViewsName } from "./views.ts";

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
 * @throws {OptionError} if a label is not a class of the network
 */
export async function evaluateClassifier(
  session: Session,
  batches: AsyncIterable<LabeledBatch> | Iterable<LabeledBatch>,
  options: ClassificationOptions = {},
): Promise<Classification> {
  let k = options.topK ?? 5;
  const views = requireViews(options.views);
  let [count, loss, first, amongFirst] = [0, 0, 0, 0];
  for await (const { images, labels } of batches) {
    const data =
      views === undefined
        ? await scoreOf(session, images)
        : await averageViews(images, views, (seen) => scoreOf(session, seen));
    const classes = data.length / labels.data.length;
    k = Math.min(k, classes);
    for (const [index, label] of labels.data.entries()) {
      const scores = data.subarray(index * classes, (index + 1) * classes);
      const rank = rankOf(scores, requireLabel(label, classes));
      if (rank < 1) first++;
      if (rank < k) amongFirst++;
      loss += crossEntropyOf(scores, Number(label));
      count++;
    }
  }
  return {
    count,
    loss: loss / count,
    measures: { accuracy: count === 0 ? null : first / count },
    topK: { k, accuracy: count === 0 ? null : amongFirst / count },
    ...(count === 0 ? { unmeasured: "there are no images" } : {}),
  };
}

/** The scores of a batch, `[N, classes]`. */
async function scoreOf(session: Session, images: LabeledBatch["images"]): Promise<Float32Array> {
  const { [stepNames.scores]: output } = await session.run({ [stepNames.images]: images }, [stepNames.scores]);
  const { data } = await output.read();
  output.dispose();
  return data as Float32Array;
}

function requireLabel(label: bigint, classes: number): number {
  if (label >= 0n && label < BigInt(classes)) return Number(label);
  throw new OptionError("labels", `${label} is not a class of the network, which has ${classes}`);
}

/** How many classes rank above the label; ties go to the first class, as in ArgMax. */
function rankOf(scores: Float32Array, label: number): number {
  const own = scores[label];
  if (Number.isNaN(own)) return scores.length;
  let rank = 0;
  for (const [index, score] of scores.entries()) {
    if (index < label ? !(score < own) : !(score <= own)) rank++;
  }
  return rank;
}

/** −log softmax(scores)[label], shifted by the maximum so that it cannot overflow. */
function crossEntropyOf(scores: Float32Array, label: number): number {
  const highest = scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  let sum = 0;
  for (const score of scores) sum += Math.exp(score - highest);
  return Math.log(sum) + highest - scores[label];
}
