import { foldBatchNorm } from "../../compile/fold-batch-norm.ts";
import { toModel } from "../../compile/inference.ts";
import { encodeModel } from "../../onnx/encode.ts";
import type { Graph } from "../../onnx/graph.ts";
import type { Runtime, SessionOptions } from "../../runtime/runtime.ts";
import type { LabeledBatch } from "../../train/batch.ts";
import { type MeasuredPoint, measureSession } from "../measured-point.ts";

/** Evaluates a network that was changed, such as by `rewireBlocks`. */
export async function evaluateGraph(
  runtime: Runtime,
  graph: Graph,
  { batches, session: options }: { readonly batches: Iterable<LabeledBatch>; readonly session: SessionOptions },
): Promise<MeasuredPoint> {
  const session = await runtime.load(encodeModel(toModel(foldBatchNorm(graph))), options);
  try {
    return await measureSession(session, batches);
  } finally {
    await session.release();
  }
}
