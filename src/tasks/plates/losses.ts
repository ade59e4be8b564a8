import { crossEntropy } from "../../nn/losses.ts";
import { type GraphBuilder, shapeOf } from "../../onnx/builder.ts";
import type { Value } from "../../onnx/graph.ts";
import { onnxDtypes } from "../../onnx/operators/elementwise.ts";
import { CHARACTER_SLOTS, SLOT_CLASSES } from "./alphabet.ts";
import { CORNER_SCALE, HEAT_SCALE, locatorPlanes, WEIGHT_SCALE } from "./locator-targets.ts";

const total = (g: GraphBuilder, x: Value): Value => g.op("ReduceSum", [x], { keepdims: 0 });
const scale = (g: GraphBuilder, x: Value, factor: number): Value => g.op("Mul", [x, g.fill(factor)]);

/** The scores of the slots' classes, without the moments. @shape `[N,K+4,S]` → `[N,K,S]` */
function slotScores(g: GraphBuilder, scores: Value): Value {
  const [, all] = shapeOf(scores);
  return g.ops("Split", [scores, g.ints([SLOT_CLASSES, all - SLOT_CLASSES])], 2, { axis: 1 })[0];
}

/**
 * The reader's loss: mean cross-entropy of the slots; a label that is no class costs nothing.
 *
 * @shape scores `[N,K+4,S]`, labels `[N,S]` int64 → `[]`
 */
export function readerLoss(g: GraphBuilder, scores: Value, labels: Value, labelSmoothing = 0): Value {
  return crossEntropy(g, slotScores(g, scores), labels, { labelSmoothing });
}

/** Plates whose eight characters (blanks too) are all right. @shape scores `[N,K+4,S]`, labels `[N,S]` → `[]` */
export function countWholePlates(g: GraphBuilder, scores: Value, labels: Value): Value {
  const best = g.op("ArgMax", [slotScores(g, scores)], { axis: 1, keepdims: 0 });
  const hits = g.op("Cast", [g.op("Equal", [best, labels])], { to: onnxDtypes.float32 });
  const [, slots] = shapeOf(labels);
  const [characters] = g.ops("Split", [hits, g.ints([CHARACTER_SLOTS, slots - CHARACTER_SLOTS])], 2, { axis: 1 });
  const right = g.op("ReduceSum", [characters, g.ints([1])], { keepdims: 0 });
  return total(g, g.op("Relu", [g.op("Sub", [right, g.fill(CHARACTER_SLOTS - 1)])]));
}

/** Planes of the locator's labels as floats, each over its own scale. @shape `[N,P,h,w]` int64 → heat, weight, rows `[N,1,h,w]`, corners `[N,8,h,w]` */
function splitLabels(g: GraphBuilder, labels: Value) {
  const planes = g.op("Cast", [labels], { to: onnxDtypes.float32 });
  const [heat, weight, rows, corners] = g.ops("Split", [planes, g.ints([1, 1, 1, 8])], 4, { axis: 1 });
  return {
    heat: scale(g, heat, 1 / HEAT_SCALE),
    weight: scale(g, weight, 1 / WEIGHT_SCALE),
    rows,
    corners: scale(g, corners, 1 / CORNER_SCALE),
  };
}

/** What the parts of the locator's loss cost. */
const COSTS = { corners: 2, rows: 0.2 } as const;

/** Below this error, in the units of the corners, the loss is quadratic. */
const SMOOTH_BELOW = 0.05;

/** |e| − β/2 above β, e²/2β below. @source Girshick 2015, arXiv:1504.08083, equation 3 */
function smoothAbsolute(g: GraphBuilder, error: Value): Value {
  const size = g.op("Abs", [error]);
  const inner = g.op("Min", [size, g.fill(SMOOTH_BELOW)]);
  // inner²/2β + (size − inner): both cases at once.
  return g.op("Add", [scale(g, g.op("Mul", [inner, inner]), 1 / (2 * SMOOTH_BELOW)), g.op("Sub", [size, inner])]);
}

/**
 * Focal loss of centres: −(1 − p)²·log p where a plate has its centre, −(1 − y)⁴·p²·log(1 − p) elsewhere, y falling off around
 * centres; over the number of plates.
 *
 * @shape scores and heat `[N,1,h,w]`, isCentre 1 or 0 → the sum
 * @source Law and Deng 2018, arXiv:1808.01244, equation 1
 */
function centreLoss(g: GraphBuilder, scores: Value, heat: Value, isCentre: Value): Value {
  const p = g.op("Sigmoid", [scores]);
  const square = (x: Value): Value => g.op("Mul", [x, x]);
  const missing = g.op("Sub", [g.fill(1), p]);
  const hit = g.op("Mul", [g.op("Mul", [square(missing), g.op("Softplus", [g.op("Neg", [scores])])]), isCentre]);
  const far = square(square(g.op("Sub", [g.fill(1), heat])));
  const miss = g.op("Mul", [g.op("Mul", [square(p), g.op("Softplus", [scores])]), far]);
  return g.op("Add", [total(g, hit), total(g, miss)]);
}

/**
 * The locator's loss: focal loss of the centres, smooth absolute error of the corners and cross-entropy of the rows around them.
 *
 * @shape scores `[N,10,h,w]`: centre, corners, rows; labels `[N,11,h,w]` int64 as `writeLocatorTargets` writes them → `[]`
 */
export function locatorLoss(g: GraphBuilder, scores: Value, labels: Value): Value {
  const [centre, corners, rows] = g.ops("Split", [scores, g.ints([1, 8, 1])], 3, { axis: 1 });
  const wanted = splitLabels(g, labels);
  const isCentre = g.op("Cast", [g.op("Greater", [wanted.heat, g.fill(1 - 0.5 / HEAT_SCALE)])], {
    to: onnxDtypes.float32,
  });
  const plates = g.op("Max", [total(g, isCentre), g.fill(1)]);
  const ofCentres = g.op("Div", [centreLoss(g, centre, wanted.heat, isCentre), plates]);
  const weights = g.op("Max", [total(g, wanted.weight), g.fill(1)]);
  const errors = g.op("Mul", [smoothAbsolute(g, g.op("Sub", [corners, wanted.corners])), wanted.weight]);
  const ofCorners = scale(g, g.op("Div", [total(g, errors), weights]), COSTS.corners);
  // Cross-entropy of a sigmoid: softplus(z) − z·y.
  const surprise = g.op("Sub", [g.op("Softplus", [rows]), g.op("Mul", [rows, wanted.rows])]);
  const ofRows = scale(g, g.op("Div", [total(g, g.op("Mul", [surprise, wanted.weight])), weights]), COSTS.rows);
  return g.op("Add", [ofCentres, g.op("Add", [ofCorners, ofRows])]);
}

/** The share of centres whose score is above one half, times the batch. @shape as {@link locatorLoss} */
export function countCentres(g: GraphBuilder, scores: Value, labels: Value): Value {
  const [batch] = shapeOf(scores);
  const [centre] = g.ops("Split", [scores, g.ints([1, locatorPlanes.scores - 1])], 2, { axis: 1 });
  const { heat } = splitLabels(g, labels);
  const float = (x: Value): Value => g.op("Cast", [x], { to: onnxDtypes.float32 });
  const isCentre = float(g.op("Greater", [heat, g.fill(1 - 0.5 / HEAT_SCALE)]));
  const found = g.op("Mul", [isCentre, float(g.op("Greater", [centre, g.fill(0)]))]);
  const plates = g.op("Max", [total(g, isCentre), g.fill(1)]);
  return scale(g, g.op("Div", [total(g, found), plates]), batch);
}
