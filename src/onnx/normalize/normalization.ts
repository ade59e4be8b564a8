import type { NormalizeRule, Rewriting } from "./rewriting.ts";

/** The running statistic after a step: momentum · old + (1 − momentum) · new. */
function addRunning(rewriting: Rewriting, old: string, current: string, momentum: number): string {
  const kept = rewriting.add("Mul", [old, rewriting.floats([], [momentum])]);
  return rewriting.add("Add", [kept, rewriting.add("Mul", [current, rewriting.floats([], [1 - momentum])])]);
}

/**
 * Before version 14 a node trains if it has the running statistics as outputs; from then on it says so. In training the
 * batch's own statistics normalise.
 */
const batchNormalization: NormalizeRule = (rewriting) => {
  const { outputs } = rewriting.node;
  const returnsStatistics = outputs.slice(1).some((name) => name !== "");
  const training = rewriting.opset < 14 ? returnsStatistics : rewriting.int("training_mode", 0) === 1;
  if (!training) return rewriting.keep();
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
 * Before version 13 all axes from `axis` on were one: the input was seen as a matrix.
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

/** Operators that normalise, whose meaning changed between versions. */
export const normalizationRules: Readonly<Record<string, NormalizeRule>> = {
  BatchNormalization: batchNormalization,
  Dropout: dropout,
  LogSoftmax: softmax("LogSoftmax"),
  Softmax: softmax("Softmax"),
};
