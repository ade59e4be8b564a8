import { foldBatchNorm } from "../../compile/fold-batch-norm.ts";
import { toModel } from "../../compile/inference.ts";
import { encodeModel } from "../../onnx/encode.ts";
import type { Graph } from "../../onnx/graph.ts";
import type { Runtime, SessionOptions } from "../../runtime/runtime.ts";
import { evaluateClassifier } from "../../tasks/classify/judge.ts";
import type { LabeledBatch } from "../../train/batch.ts";

/** The evaluation of one changed network. */
export interface MeasuredPoint {
  readonly loss: number;
  /** Share of misclassified images. */
  readonly error: number;
}

/** Evaluates a network that was changed, such as by `rewireBlocks`. */
export async function evaluateGraph(
  runtime: Runtime,
  graph: Graph,
  { batches, session: options }: { readonly batches: Iterable<LabeledBatch>; readonly session: SessionOptions },
): Promise<MeasuredPoint> {
  const session = await runtime.load(encodeModel(toModel(foldBatchNorm(graph))), options);
  try {
    const { loss, measures } = await evaluateClassifier(session, batches);
    return { loss, error: 1 - (measures.accuracy ?? Number.NaN) };
  } finally {
    await session.release();
  }
}
