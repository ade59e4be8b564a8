import { type GraphBuilder, shapeOf } from "../../onnx/builder.ts";
import type { Value } from "../../onnx/graph.ts";
import { onnxDtypes } from "../../onnx/operators/elementwise.ts";
import { OptionError, ShapeError } from "../../tensor/errors.ts";
import { formatShape, sizeOf } from "../../tensor/shape.ts";
import { float32, int64 } from "../../tensor/tensor.ts";

/** Keeps a quotient of sums defined where a class is neither there nor predicted; then it is 1. */
const SMOOTH = 1;

const total = (g: GraphBuilder, x: Value): Value => g.op("ReduceSum", [x], { keepdims: 0 });
const oneMinus = (g: GraphBuilder, x: Value): Value => g.op("Sub", [g.fill(1), x]);

/** `[N,…]` → `[N,K,…]`: 1 at the label's class. A label that is no class, such as an ignored one, has none. */
function oneHot(g: GraphBuilder, labels: Value, classes: number): Value {
  return g.op("OneHot", [labels, g.constant(int64([], [classes])), g.constant(float32([2], [0, 1]))], { axis: 1 });
}

/** What every loss of points is made of, once for all of them. */
interface Points {
  /** `[N,K,…]` */
  readonly target: Value;
  readonly classes: number;
  /** `[N,1,…]`: 1 where the point counts, 0 where its label is ignored. */
  readonly counted: Value;
  /** `[N,K,…]`: logarithms of the classes' probabilities. */
  readonly logProbability: Value;
}

function readPoints(g: GraphBuilder, scores: Value, labels: Value): Points {
  const shape = shapeOf(scores);
  const classes = shape[1];
  if (sizeOf(shapeOf(labels)) * classes !== sizeOf(shape))
    throw new ShapeError(
      "labels",
      `must be one for each point of the scores ${formatShape(shape)}, got ${formatShape(shapeOf(labels))}`,
    );
  const target = oneHot(g, labels, classes);
  return {
    target,
    classes,
    counted: g.op("ReduceSum", [target, g.ints([1])], { keepdims: 1 }),
    logProbability: g.op("LogSoftmax", [scores], { axis: 1 }),
  };
}

/** What weighs the points of a loss. */
export interface PointLossOptions {
  /** One a class, each above 0. */
  readonly classWeights?: readonly number[];
  /** Factor of points at a border between classes, see {@link borderWeights}; 1 for none. */
  readonly borderWeight?: number;
}

/**
 * Weights of points: `weight` where a neighbour within a 3 × 3 window has another label, 1 elsewhere. Where cells touch, and
 * at their edges, an error costs more.
 *
 * @shape target `[N,K,H,W]`, one-hot → `[N,1,H,W]`
 * @source after Ronneberger et al. 2015, arXiv:1505.04597, equation 2, with a window in the place of distances
 */
export function borderWeights(g: GraphBuilder, target: Value, weight: number): Value {
  if (!(weight > 0 && Number.isFinite(weight))) throw new OptionError("borderWeight", `must be above 0, got ${weight}`);
  const window = { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [1, 1], dilations: [1, 1] };
  // A class that is somewhere in a point's window; two of them make a border.
  const present = g.op("ReduceSum", [g.op("MaxPool", [target], window), g.ints([1])], { keepdims: 1 });
  const isBorder = g.op("Min", [g.op("Max", [g.op("Sub", [present, g.fill(1)]), g.fill(0)]), g.fill(1)]);
  return g.op("Add", [g.op("Mul", [isBorder, g.fill(weight - 1)]), g.fill(1)]);
}

/** @throws {OptionError} unless there are so many weights, each above 0 */
function requireClassWeights(weights: readonly number[], classes: number): void {
  if (weights.length !== classes || weights.some((weight) => !(weight > 0 && Number.isFinite(weight))))
    throw new OptionError("classWeights", `must be ${classes} numbers above 0, got ${weights.join(", ")}`);
}

function weigh(
  g: GraphBuilder,
  { target, classes, counted }: Points,
  { classWeights, borderWeight = 1 }: PointLossOptions,
): Value {
  let weights = counted;
  if (classWeights !== undefined) {
    requireClassWeights(classWeights, classes);
    const spread = g.constant(float32([1, classes, ...target.shape.slice(2).map(() => 1)], classWeights));
    weights = g.op("ReduceSum", [g.op("Mul", [target, spread]), g.ints([1])], { keepdims: 1 });
  }
  return borderWeight === 1 ? weights : g.op("Mul", [weights, borderWeights(g, target, borderWeight)]);
}

/** Σ weight·value / Σ weight; 0 where nothing counts. */
function weightedMean(g: GraphBuilder, values: Value, weights: Value): Value {
  const divisor = g.op("Max", [total(g, weights), g.fill(1e-6)]);
  return g.op("Div", [total(g, g.op("Mul", [values, weights])), divisor]);
}

/** −log of the probability of each point's own class, `[N,1,…]`; 0 where the label is ignored. */
function surprise(g: GraphBuilder, { target, logProbability }: Points): Value {
  const terms = g.op("Mul", [logProbability, target]);
  return g.op("Neg", [g.op("ReduceSum", [terms, g.ints([1])], { keepdims: 1 })]);
}

/**
 * Mean cross-entropy of points. A label that is no class, such as 255 among few, is ignored.
 *
 * @shape scores `[N,K,H,W]`, labels `[N,H,W]` int64 → `[]`
 * @source `torch.nn.functional.cross_entropy` with `ignore_index`
 */
export function pointCrossEntropy(
  g: GraphBuilder,
  scores: Value,
  labels: Value,
  options: PointLossOptions = {},
): Value {
  return crossEntropyOf(g, readPoints(g, scores, labels), options);
}

function crossEntropyOf(g: GraphBuilder, points: Points, options: PointLossOptions = {}): Value {
  return weightedMean(g, surprise(g, points), weigh(g, points, options));
}

/** What weighs the points of the focal loss. */
interface FocalLossOptions extends PointLossOptions {
  /** The more, the less points weigh that are right already. Default 2. */
  readonly gamma?: number;
}

/**
 * Mean focal loss of points, −(1 − p)^γ·log p: points that are right already weigh little.
 *
 * @shape scores `[N,K,H,W]`, labels `[N,H,W]` int64 → `[]`
 * @source Lin et al. 2017, arXiv:1708.02002, equation 4
 */
export function focalLoss(g: GraphBuilder, scores: Value, labels: Value, options: FocalLossOptions = {}): Value {
  return focalOf(g, readPoints(g, scores, labels), options);
}

function focalOf(g: GraphBuilder, points: Points, { gamma = 2, ...options }: FocalLossOptions = {}): Value {
  if (!(gamma >= 0 && Number.isFinite(gamma))) throw new OptionError("gamma", `must be at least 0, got ${gamma}`);
  const loss = surprise(g, points);
  const missing = oneMinus(g, g.op("Exp", [g.op("Neg", [loss])]));
  // A power of 0 has no finite slope where its exponent is below 1.
  const factor = g.op("Pow", [g.op("Max", [missing, g.fill(1e-6)]), g.fill(gamma)]);
  return weightedMean(g, g.op("Mul", [loss, factor]), weigh(g, points, options));
}

/** What a region loss counts. */
export interface RegionLossOptions {
  /** Classes that count; all if left out. */
  readonly classes?: readonly number[];
  /** Whether these classes are taken together, as one foreground. */
  readonly together?: boolean;
  /** Weights of what the mean is over, each above 0: one for each class that counts. Equal if left out. */
  readonly classWeights?: readonly number[];
}

/** What the Tversky index weighs. */
interface TverskyLossOptions extends RegionLossOptions {
  /** Of what is found too much. Default ½. */
  readonly alpha?: number;
  /** Of what is missed. Default ½. */
  readonly beta?: number;
}

/**
 * 1 − Tversky index, Σ p·t / (Σ p·t + α·Σ p·(1 − t) + β·Σ (1 − p)·t), over all points of the batch by class, then their mean;
 * 1 is added above and below. α weighs what is found too much, β what is missed. Ignored points do not count. With weights of the
 * classes the mean is Σ w·(1 − index) / Σ w: as in cross-entropy, their ratios alone count.
 *
 * @shape scores `[N,K,H,W]`, labels `[N,H,W]` int64 → `[]`
 * @source Salehi et al. 2017, arXiv:1706.05721, equation 3; MONAI, `DiceLoss(weight=…)`, which multiplies each class's loss by
 *   its weight and divides by the number of classes, here by the sum of the weights
 */
export function tverskyLoss(g: GraphBuilder, scores: Value, labels: Value, options: TverskyLossOptions = {}): Value {
  return tverskyOf(g, readPoints(g, scores, labels), options);
}

function tverskyOf(
  g: GraphBuilder,
  points: Points,
  { alpha = 0.5, beta = 0.5, classes, together = false, classWeights }: TverskyLossOptions = {},
): Value {
  for (const [name, value] of [
    ["alpha", alpha],
    ["beta", beta],
  ] as const)
    if (!(value >= 0 && Number.isFinite(value))) throw new OptionError(name, `must be at least 0, got ${value}`);
  const chosen = classes ?? Array.from({ length: points.classes }, (_, index) => index);
  const choose = (x: Value): Value => {
    const picked = chosen.length === points.classes ? x : g.op("Gather", [x, g.ints(chosen)], { axis: 1 });
    return together ? g.op("ReduceSum", [picked, g.ints([1])], { keepdims: 1 }) : picked;
  };
  const probability = choose(g.op("Mul", [g.op("Exp", [points.logProbability]), points.counted]));
  const target = choose(points.target);
  const axes = g.ints([0, ...target.shape.slice(2).map((_, axis) => axis + 2)]);
  const sum = (x: Value): Value => g.op("ReduceSum", [x, axes], { keepdims: 0 });
  const hits = sum(g.op("Mul", [probability, target]));
  const excess = g.op("Sub", [sum(probability), hits]);
  const missed = g.op("Sub", [sum(target), hits]);
  const below = g.op("Add", [g.op("Mul", [excess, g.fill(alpha)]), g.op("Mul", [missed, g.fill(beta)])]);
  const smoothed = g.op("Add", [hits, g.fill(SMOOTH)]);
  const index = g.op("Div", [smoothed, g.op("Add", [smoothed, below])]);
  if (classWeights === undefined) return oneMinus(g, g.op("ReduceMean", [index], { keepdims: 0 }));
  requireClassWeights(classWeights, together ? 1 : chosen.length);
  return oneMinus(g, weightedMean(g, index, g.constant(float32([classWeights.length], classWeights))));
}

/**
 * 1 − Dice coefficient: the Tversky loss with α = β = ½.
 *
 * @shape scores `[N,K,H,W]`, labels `[N,H,W]` int64 → `[]`
 * @source Milletari et al. 2016, arXiv:1606.04797
 */
export function diceLoss(g: GraphBuilder, scores: Value, labels: Value, options: RegionLossOptions = {}): Value {
  return tverskyLoss(g, scores, labels, options);
}

/** Losses that are means over classes, whatever the number of their points. */
const regionLosses: readonly SegmentationLossName[] = ["dice", "tversky"];

/** Whether a loss is a mean over points, so that weights of classes make up for their numbers of points. */
export const isOfPoints = (name: SegmentationLossName): boolean => !regionLosses.includes(name);

/** Losses of points and regions by name. */
export const segmentationLossNames = ["combined", "cross-entropy", "dice", "tversky", "focal", "boundary"] as const;
export type SegmentationLossName = (typeof segmentationLossNames)[number];

/** How classes of points are learnt. */
export interface SegmentationLoss {
  readonly name: SegmentationLossName;
  /**
   * One a class, each above 0: of its points, where the loss is a mean over points; of its coefficient, where it is a mean over classes,
   * as `dice` and `tversky` are. `combined` weighs its cross-entropy alone.
   */
  readonly classWeights?: readonly number[];
}

/** Of the classes alone. `combined` is cross-entropy plus Dice; `boundary` is cross-entropy with borders weighing five times. */
export function classLoss(g: GraphBuilder, scores: Value, labels: Value, loss: SegmentationLoss): Value {
  return classLossOf(g, readPoints(g, scores, labels), loss);
}

function classLossOf(
  g: GraphBuilder,
  points: Points,
  { name, classWeights }: SegmentationLoss,
  region: RegionLossOptions = {},
): Value {
  const weights = classWeights === undefined ? {} : { classWeights };
  if (name === "cross-entropy") return crossEntropyOf(g, points, weights);
  if (name === "focal") return focalOf(g, points, weights);
  if (name === "boundary") return crossEntropyOf(g, points, { ...weights, borderWeight: 5 });
  if (name === "dice") return tverskyOf(g, points, weights);
  if (name === "tversky") return tverskyOf(g, points, { ...weights, alpha: 0.3, beta: 0.7 });
  return g.op("Add", [crossEntropyOf(g, points, weights), tverskyOf(g, points, region)]);
}

/** Parts of what a network says of cells: classes of points, then distances. */
export interface CellScores {
  readonly classes: Value;
  /** `[N,1,H,W]`, before the sigmoid. */
  readonly distance: Value;
}

/** The two parts of a network's scores. @shape `[N,K+1,H,W]` → `[N,K,H,W]`, `[N,1,H,W]` */
export function splitCellScores(g: GraphBuilder, scores: Value): CellScores {
  const [, channels] = shapeOf(scores);
  const [classes, distance] = g.ops("Split", [scores, g.ints([channels - 1, 1])], 2, { axis: 1 });
  return { classes, distance };
}

/** One map of several that labels hold. @shape `[N,maps,H,W]` → `[N,H,W]` */
function labelMap(g: GraphBuilder, labels: Value, map: number): Value {
  const taken = g.op("Gather", [labels, g.ints([map])], { axis: 1 });
  const [batch, , ...plane] = shapeOf(labels);
  return g.op("Reshape", [taken, g.ints([batch, ...plane])]);
}

/**
 * The loss of cells: that of their points' classes (background, inside, boundary), and the mean absolute error of the
 * distances, σ(score) against the label over `scale`, on points that are not ignored.
 *
 * @shape scores `[N,K+1,H,W]`, labels `[N,2,H,W]` int64: classes, distances → `[]`
 */
export function cellLoss(
  g: GraphBuilder,
  scores: Value,
  labels: Value,
  {
    scale,
    distanceWeight = 1,
    loss,
  }: { readonly scale: number; readonly distanceWeight?: number; readonly loss: SegmentationLoss },
): Value {
  const { classes, distance } = splitCellScores(g, scores);
  const classLabels = labelMap(g, labels, 0);
  const points = readPoints(g, classes, classLabels);
  const ofClasses = classLossOf(g, points, loss, { classes: [1, 2], together: true });
  const depth = g.op("Cast", [g.op("Unsqueeze", [labelMap(g, labels, 1), g.ints([1])])], { to: onnxDtypes.float32 });
  const wanted = g.op("Mul", [depth, g.fill(1 / scale)]);
  const error = g.op("Abs", [g.op("Sub", [g.op("Sigmoid", [distance]), wanted])]);
  return g.op("Add", [ofClasses, g.op("Mul", [weightedMean(g, error, points.counted), g.fill(distanceWeight)])]);
}

/** Points whose class is right, as a share, times the batch: what a count of right samples is to classification. */
export function countCorrectPoints(g: GraphBuilder, scores: Value, labels: Value): Value {
  const [batch] = shapeOf(scores);
  const isCells = labels.shape.length === scores.shape.length;
  const classes = isCells ? splitCellScores(g, scores).classes : scores;
  const wanted = isCells ? labelMap(g, labels, 0) : labels;
  const hits = g.op("Equal", [g.op("ArgMax", [classes], { axis: 1, keepdims: 0 }), wanted]);
  const points = sizeOf(shapeOf(wanted)) / batch;
  return g.op("Mul", [total(g, g.op("Cast", [hits], { to: onnxDtypes.float32 })), g.fill(1 / points)]);
}
