import { expect, test } from "vitest";
import { createModel } from "../../nn/models.ts";
import { crossEntropy } from "../../nn/losses.ts";
import type { Graph, Node } from "../../onnx/graph.ts";
import { muon } from "../../optim/muon.ts";
import { sgd } from "../../optim/sgd.ts";
import type { Optimizer } from "../../optim/optimizer.ts";
import { buildCollectingStep, buildTrainingStep } from "../step/steps.ts";
import { createPortableLowering } from "./lowering.ts";
import { type PortableChoices, portableChoices } from "./choices.ts";

const { module, imageShape } = createModel("resnet8");
const optionsOf = (optimizer: Optimizer) => ({
  module,
  imageShape,
  batch: 2,
  loss: crossEntropy,
  optimizer,
  scalesLoss: true,
});

function lower(optimizer: Optimizer, choices: PortableChoices): Graph {
  const { graph } = buildTrainingStep(optionsOf(optimizer));
  return createPortableLowering(choices, "mixed").lower(graph).write();
}

const isProduct = ({ op }: Node): boolean => ["Conv", "ConvTranspose", "Gemm", "MatMul"].includes(op);
const dtypeIn = ({ types, inputs, initializers }: Graph, name: string): string | undefined =>
  (types.get(name) ?? inputs.find((input) => input.name === name) ?? initializers.get(name))?.dtype;

test("every product of forward and backward pass takes float16, and nothing else does", () => {
  const graph = lower(sgd(), portableChoices.webgpu);
  // Means of batch norms, and sums of multiples, are products to the device alone.
  const own = graph.nodes.filter((node) => isProduct(node) && !/BatchNormTraining|\/(?:Add|Sub)/.test(node.name));
  expect(own.length).toBeGreaterThan(30);
  for (const node of own) for (const name of node.inputs) expect(dtypeIn(graph, name), node.name).toBe("float16");
  const others = graph.nodes.filter((node) => !own.includes(node) && node.op !== "Cast");
  for (const node of others)
    for (const name of [...node.inputs, ...node.outputs]) expect(dtypeIn(graph, name), node.name).not.toBe("float16");
});

test("what a step takes and gives stays float32", () => {
  const { inputs, outputs } = lower(sgd(), portableChoices.webgpu);
  for (const { name, dtype } of [...inputs, ...outputs])
    expect(dtype, name).toBe(name === "labels" ? "int32" : "float32");
});

test("an optimizer's own products stay float32", () => {
  const graph = lower(muon(), portableChoices.standard);
  const own = graph.nodes.filter((node) => isProduct(node) && node.name.startsWith("update/"));
  expect(own.length).toBeGreaterThan(5);
  const rounded = new Set(
    graph.nodes
      .filter(({ op, inputs }) => op === "Cast" && dtypeIn(graph, inputs[0]) === "float16")
      .map((node) => node.outputs[0]),
  );
  for (const node of own) for (const name of node.inputs) expect(rounded.has(name), node.name).toBe(false);
});

test("without kernels, operands and results are rounded, and products compute in float32", () => {
  const graph = lower(sgd(), portableChoices.standard);
  const makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const isRounded = (name: string): boolean => {
    const cast = makers.get(name);
    return cast?.op === "Cast" && dtypeIn(graph, cast.inputs[0]) === "float16";
  };
  const own = graph.nodes.filter(isProduct);
  expect(own.length).toBeGreaterThan(30);
  for (const node of own) {
    for (const name of node.inputs)
      expect([isRounded(name), dtypeIn(graph, name)], node.name).toEqual([true, "float32"]);
    const readers = graph.nodes.filter(({ inputs }) => inputs.includes(node.outputs[0]));
    expect(
      readers.map(({ op }) => op),
      node.name,
    ).toEqual(["Cast"]);
  }
});

test("a batch whose gradients are summed is halved as well", () => {
  const { graph } = buildCollectingStep(optionsOf(sgd()));
  const lowered = createPortableLowering(portableChoices.webgpu, "mixed").lower(graph).write();
  const backward = lowered.nodes.filter((node) => node.op === "MatMul");
  expect(backward.length).toBeGreaterThan(5);
  for (const node of backward) expect(dtypeIn(lowered, node.inputs[0]), node.name).toBe("float16");
});
