import { type GraphBuilder, shapeOf } from "../onnx/builder.ts";
import type { Value } from "../onnx/graph.ts";
import { onnxDtypes } from "../onnx/operators/elementwise.ts";
import { OptionError } from "../tensor/errors.ts";
import { sizeOf } from "../tensor/shape.ts";
import { float32, int64 } from "../tensor/tensor.ts";

/**
 * Mean cross-entropy of class scores, −Σ q·log softmax(scores), where q is 1 for the label's class; with smoothing s it
 * is 1 − s there and s/K is added everywhere. With class weights w, each class's term is multiplied by its weight and
 * the mean is weighted by the labels' weights: Σ −w·q·log softmax(scores) / Σ w[label].
 *
 * @param options.classWeights one per class, each above 0
 * @shape scores `[N,K]`, labels `[N]` int64 → `[]`
 * @source Szegedy et al. 2016, arXiv:1512.00567 (smoothing); `torch.nn.functional.cross_entropy`
 */
export function crossEntropy(
  g: GraphBuilder,
  scores: Value,
  labels: Value,
  options: { readonly labelSmoothing?: number; readonly classWeights?: readonly number[] | undefined } = {},
): Value {
  const { labelSmoothing = 0, classWeights } = options;
  if (!(labelSmoothing >= 0 && labelSmoothing < 1)) {
    throw new OptionError("labelSmoothing", `must be in [0, 1), got ${labelSmoothing}`);
  }
  const shape = shapeOf(scores);
  const classes = shape[1];
  const off = labelSmoothing / classes;
  const oneHot = (low: number, high: number): Value =>
    g.op("OneHot", [labels, g.constant(int64([], [classes])), g.constant(float32([2], [low, high]))], { axis: 1 });
  const total = (x: Value): Value => g.op("ReduceSum", [x], { keepdims: 0 });
  const terms = g.op("Mul", [g.op("LogSoftmax", [scores], { axis: 1 }), oneHot(off, off + 1 - labelSmoothing)]);
  if (classWeights === undefined) return g.op("Mul", [total(terms), g.fill(-classes / sizeOf(shape))]);
  const weights = g.constant(
    float32([1, classes, ...shape.slice(2).map(() => 1)], requireClassWeights(classWeights, classes)),
  );
  const divisor = total(g.op("Mul", [oneHot(0, 1), weights]));
  return g.op("Neg", [g.op("Div", [total(g.op("Mul", [terms, weights])), divisor])]);
}

function requireClassWeights(weights: readonly number[], classes: number): readonly number[] {
  if (weights.length !== classes)
    throw new OptionError("classWeights", `must be ${classes}, one per class, got ${weights.length}`);
  const wrong = weights.find((weight) => !(weight > 0 && Number.isFinite(weight)));
  if (wrong !== undefined) throw new OptionError("classWeights", `must be above 0, got ${wrong}`);
  return weights;
}

/**
 * Mean squared error.
 * @shape prediction and target of the same shape → `[]`
 * @source `torch.nn.functional.mse_loss`
 */
export function meanSquaredError(g: GraphBuilder, prediction: Value, target: Value): Value {
  const difference = g.op("Sub", [prediction, target]);
  return g.op("ReduceMean", [g.op("Mul", [difference, difference])], { keepdims: 0 });
}

/**
 * The number of samples (or points) whose highest score is their label's.
 * @shape scores `[N,K,…]`, labels `[N,…]` int64 → `[]` float32
 */
export function countCorrect(g: GraphBuilder, scores: Value, labels: Value): Value {
  const hits = g.op("Equal", [g.op("ArgMax", [scores], { axis: 1, keepdims: 0 }), labels]);
  return g.op("ReduceSum", [g.op("Cast", [hits], { to: onnxDtypes.float32 })], { keepdims: 0 });
}
