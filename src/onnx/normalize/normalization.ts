import type { NormalizeRule, Rewriting } from "./rewriting.ts";

/** The running statistic after a step: momentum · old + (1 − momentum) · new. */
function addRunning(rewriting: Rewriting, old: string, current: string, momentum: number): string {
  const kept = rewriting.add("Mul", [old, rewriting.floats([], [momentum])]);
  return rewriting.add("Add", [kept, rewriting.add("Mul", [current, rewriting.floats([], [1 - momentum])])]);
}

/**
 * Before version 14 a node trains if it has the running statistics as outputs; since then it has an attribute for it.
 * In training the batch's own statistics normalise.
 */
const batchNormalization: NormalizeRule = (rewriting) => {
  const { outputs } = rewriting.node;
  const returnsStatistics = outputs.slice(1).some((name) => name !== "");
  const training = rewriting.opset < 14 ? returnsStatistics : rewriting.int("training_mode", 0) === 1;
  // Before version 9, statistics could be kept for every place instead of every channel.
  if (rewriting.int("spatial", 1) !== 1) rewriting.refuse("keeps statistics for every place (spatial = 0)");
  if (!training) return rewriting.keep({ attributes: { spatial: undefined } });
  if (rewriting.isUsed(4)) rewriting.refuse("returns saved statistics, which version 18 does not have");
  const epsilon = rewriting.float("epsilon", 1e-5);
  const momentum = rewriting.float("momentum", 0.9);
  const statistics = [3, 4].map((index) => rewriting.input(index));
  const inputs = [0, 1, 2].map((index) => rewriting.input(index));
  const [y, ...current] = rewriting.addMany("BatchNormTraining", inputs, 3, { epsilon });
  rewriting.replace(outputs[0], y);
  statistics.forEach((old, index) => {
    if (rewriting.isUsed(index + 1))
      rewriting.replace(outputs[index + 1], addRunning(rewriting, old, current[index], momentum));
  });
  if (rewriting.isUsed(3)) rewriting.replace(outputs[3], current[0]);
};

/** Dropout does nothing in evaluation. */
const dropout: NormalizeRule = (rewriting) => {
  const { inputs, outputs } = rewriting.node;
  const training = inputs[2] ? rewriting.elements(2)[0] : 0n;
  if (training !== 0n) rewriting.refuse("is in training mode; export the network in evaluation mode");
  if (rewriting.isUsed(1)) rewriting.refuse("returns its mask");
  rewriting.replace(outputs[0], rewriting.input(0));
};

/**
 * Before version 13 all axes from `axis` were merged: the input was treated as a matrix.
 * @source ONNX, changelog, Softmax-11 and Softmax-13
 */
const softmax =
  (op: "Softmax" | "LogSoftmax"): NormalizeRule =>
  (rewriting) => {
    if (rewriting.opset >= 13) return rewriting.keep();
    const { shape } = rewriting.type(0);
    const given = rewriting.int("axis", 1);
    const axis = given < 0 ? given + shape.length : given;
    const [x] = rewriting.node.inputs;
    if (axis === shape.length - 1) return rewriting.finish(op, [x], { axis });
    const open = shape.filter((extent) => typeof extent === "string");
    if (open.length > 1)
      rewriting.refuse(`over several axes needs to know all extents but one, not ${open.join(", ")}`);
    const flat = rewriting.add(op, [rewriting.add("Flatten", [x], { axis })], { axis: 1 });
    const target = rewriting.wholes(shape.map((extent) => (typeof extent === "number" ? extent : -1)));
    return rewriting.finish("Reshape", [flat, target]);
  };

/** A vector with one value per channel as `[C,1,…]`, to broadcast over x. */
function perChannel(rewriting: Rewriting, vector: string): string {
  const spatial = rewriting.type(0).shape.slice(2);
  return rewriting.add("Reshape", [vector, rewriting.wholes([-1, ...spatial.map(() => 1)])]);
}

/** The input's shape as a target of Reshape: its batch is copied, and one more extent may be open. */
function targetOf(rewriting: Rewriting): string {
  const { shape } = rewriting.type(0);
  const open = shape.slice(1).filter((extent) => typeof extent === "string");
  if (open.length > 1) rewriting.refuse(`needs to know all extents but two, not ${open.join(", ")}`);
  return rewriting.wholes([0, ...shape.slice(1).map((extent) => (typeof extent === "number" ? extent : -1))]);
}

/**
 * Group norm is instance norm on groups of channels. Version 18 scales per group, version 21 per channel.
 * @source Wu and He 2018, arXiv:1803.08494; ONNX, GroupNormalization-18 and -21
 */
const groupNormalization: NormalizeRule = (rewriting) => {
  const groups = rewriting.int("num_groups", 0);
  const channels = rewriting.type(0).shape[1];
  if (groups < 1 || typeof channels !== "number" || channels % groups !== 0)
    rewriting.refuse(`has ${groups} groups, which do not divide ${channels} channels`);
  rewriting.reserve(2 * groups);
  const fill = (value: number): string =>
    rewriting.floats(
      [groups],
      Array.from({ length: groups }, () => value),
    );
  const byGroup = rewriting.opset < 21;
  const [scale, bias] = byGroup ? [rewriting.input(1), rewriting.input(2)] : [fill(1), fill(0)];
  const flat = rewriting.add("Reshape", [rewriting.input(0), rewriting.wholes([0, groups, -1])]);
  const normal = rewriting.add("InstanceNormalization", [flat, scale, bias], {
    epsilon: rewriting.float("epsilon", 1e-5),
  });
  if (byGroup) return rewriting.finish("Reshape", [normal, targetOf(rewriting)]);
  const shaped = rewriting.add("Reshape", [normal, targetOf(rewriting)]);
  const scaled = rewriting.add("Mul", [shaped, perChannel(rewriting, rewriting.input(1))]);
  return rewriting.finish("Add", [scaled, perChannel(rewriting, rewriting.input(2))]);
};

/**
 * Divides by (bias + alpha · mean of the squares of `size` neighbouring channels)^beta.
 * @source Krizhevsky et al. 2012, section 3.3; ONNX, LRN-13
 */
const localResponseNormalization: NormalizeRule = (rewriting) => {
  const size = rewriting.int("size", 0);
  const { shape } = rewriting.type(0);
  const channels = shape[1];
  if (size < 1 || typeof channels !== "number") rewriting.refuse(`has the size ${size} on ${channels} channels`);
  const x = rewriting.input(0);
  const number = (value: number): string => rewriting.floats([], [value]);
  const square = rewriting.add("Reshape", [
    rewriting.add("Mul", [x, x]),
    rewriting.wholes([0, 1, Number(channels), -1]),
  ]);
  const before = Math.floor((size - 1) / 2);
  // Zeros beyond the first and last channel count, so every window is divided by its full size.
  const padded = rewriting.add("Pad", [square, rewriting.wholes([0, 0, before, 0, 0, 0, size - 1 - before, 0])]);
  const mean = rewriting.add("AveragePool", [padded], { kernel_shape: [size, 1], strides: [1, 1] });
  const near = rewriting.add("Reshape", [mean, targetOf(rewriting)]);
  const scaled = rewriting.add("Mul", [near, number(rewriting.float("alpha", 1e-4))]);
  const base = rewriting.add("Add", [scaled, number(rewriting.float("bias", 1))]);
  rewriting.finish("Div", [x, rewriting.add("Pow", [base, number(rewriting.float("beta", 0.75))])]);
};

/** x / ‖x‖ along an axis, by the sum of magnitudes or the root of squares. @source ONNX, LpNormalization-1 */
const lpNormalization: NormalizeRule = (rewriting) => {
  const x = rewriting.input(0);
  const axes = rewriting.wholes([rewriting.int("axis", -1)]);
  const order = rewriting.int("p", 2);
  if (order !== 1 && order !== 2) rewriting.refuse(`has p = ${order}; must be 1 or 2`);
  const norm =
    order === 1
      ? rewriting.add("ReduceSum", [rewriting.add("Abs", [x]), axes])
      : rewriting.add("Sqrt", [rewriting.add("ReduceSumSquare", [x, axes])]);
  rewriting.finish("Div", [x, norm]);
};

/** Operators that normalise, whose meaning changed between versions. */
export const normalizationRules: Readonly<Record<string, NormalizeRule>> = {
  BatchNormalization: batchNormalization,
  Dropout: dropout,
  GroupNormalization: groupNormalization,
  LRN: localResponseNormalization,
  LogSoftmax: softmax("LogSoftmax"),
  LpNormalization: lpNormalization,
  Softmax: softmax("Softmax"),
};
