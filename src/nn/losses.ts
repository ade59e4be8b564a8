import { type GraphBuilder, shapeOf } from "../onnx/builder.ts";
import type { Value } from "../onnx/graph.ts";
import { onnxDtypes } from "../onnx/operators/elementwise.ts";
import { OptionError } from "../tensor/errors.ts";
import { float32, int64 } from "../tensor/tensor.ts";

/**
 * Mean cross-entropy of class scores, −Σ q·log softmax(scores), where q is 1 for the label's class; with smoothing s it
 * is 1 − s there and s/K is added everywhere.
 *
 * @shape scores `[N,K]`, labels `[N]` int64 → `[]`
 * @source Szegedy et al. 2016, arXiv:1512.00567 (smoothing); `torch.nn.functional.cross_entropy`
 */
export function crossEntropy(
  g: GraphBuilder,
  scores: Value,
  labels: Value,
  options: { readonly labelSmoothing?: number } = {},
): Value {
  const { labelSmoothing = 0 } = options;
  if (!(labelSmoothing >= 0 && labelSmoothing < 1)) {
    throw new OptionError("label smoothing", `must be in [0, 1), got ${labelSmoothing}`);
  }
  const [batch, classes] = shapeOf(scores);
  const off = labelSmoothing / classes;
  const target = g.op("OneHot", [
    labels,
    g.constant(int64([], [classes])),
    g.constant(float32([2], [off, off + 1 - labelSmoothing])),
  ]);
  const weighted = g.op("Mul", [g.op("LogSoftmax", [scores], { axis: 1 }), target]);
  return g.op("Mul", [g.op("ReduceSum", [weighted], { keepdims: 0 }), g.fill(-1 / batch)]);
}

/**
 * Mean squared error.
 * @shape prediction and target of one shape → `[]`
 * @source `torch.nn.functional.mse_loss`
 */
export function meanSquaredError(g: GraphBuilder, prediction: Value, target: Value): Value {
  const difference = g.op("Sub", [prediction, target]);
  return g.op("ReduceMean", [g.op("Mul", [difference, difference])], { keepdims: 0 });
}

/**
 * How many samples' highest score is their label's.
 * @shape scores `[N,K]`, labels `[N]` int64 → `[]` float32
 */
export function countCorrect(g: GraphBuilder, scores: Value, labels: Value): Value {
  const hits = g.op("Equal", [g.op("ArgMax", [scores], { axis: 1, keepdims: 0 }), labels]);
  return g.op("ReduceSum", [g.op("Cast", [hits], { to: onnxDtypes.float32 })], { keepdims: 0 });
}
