import { test } from "vitest";
import { blockedForThisMachine, expectAgreement, normalTensor } from "../../../test/support/compare-lowerings.ts";
import { addGradients } from "../../autodiff/backward.ts";
import { createGraphBuilder } from "../../onnx/builder.ts";
import type { Graph } from "../../onnx/graph.ts";
import { createNodeRuntime } from "../../runtime/node.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { float32, type Tensor } from "../../tensor/tensor.ts";

const runtime = createNodeRuntime();
const blocked = await blockedForThisMachine(runtime);

interface Layer {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly groups?: number;
  readonly stride?: number;
  readonly hasBias?: boolean;
  /** Whether the convolution's result goes somewhere else too. */
  readonly isShared?: boolean;
}

/** Gradients of Σ t·relu(norm(conv(x))), for a plane that is large beside the weight. */
function gradientsOf({ inChannels, outChannels, groups = 1, stride = 1, hasBias, isShared }: Layer): Graph {
  const g = createGraphBuilder("gradients");
  const x = g.input("x", "float32", [4, inChannels, 24, 24]);
  const weight = g.input("weight", "float32", [outChannels, inChannels / groups, 3, 3]);
  const vectors = ["gamma", "beta", "bias"].map((name) => g.input(name, "float32", [outChannels]));
  const [gamma, beta, bias] = vectors as [(typeof vectors)[0], (typeof vectors)[0], (typeof vectors)[0]];
  const window = { kernel_shape: [3, 3], strides: [stride, stride], pads: [1, 1, 1, 1], group: groups };
  const made = g.op("Conv", hasBias === true ? [x, weight, bias] : [x, weight], window);
  const [normed] = g.ops("BatchNormTraining", [made, gamma, beta], 3, { epsilon: 1e-5 });
  const activated = g.op("Relu", [normed]);
  const y = isShared === true ? g.op("Add", [activated, made]) : activated;
  const weighted = g.op("Mul", [y, g.input("t", "float32", y.shape as Shape)]);
  const loss = g.op("ReduceSum", [weighted, g.ints([0, 1, 2, 3])], { keepdims: 0 });
  const targets = [x, weight, gamma, beta, ...(hasBias === true ? [bias] : [])];
  addGradients(g, loss, targets).forEach((gradient, at) => g.output(`d${targets[at].name}`, gradient!));
  return g.finish();
}

/** Every third scale is 0, as where a block begins as its shortcut. */
function feedsOf(graph: Graph): Record<string, Tensor> {
  return Object.fromEntries(
    graph.inputs.map(({ name, shape }) => [
      name,
      name === "gamma"
        ? float32(
            shape as Shape,
            Float32Array.from({ length: sizeOf(shape as Shape) }, (_, at) => at % 3),
          )
        : normalTensor(1, name, shape as Shape),
    ]),
  );
}

test.runIf(blocked).each<[string, Layer]>([
  ["dense", { inChannels: 16, outChannels: 32 }],
  ["dense with stride", { inChannels: 16, outChannels: 16, stride: 2 }],
  ["channels that fill no block", { inChannels: 20, outChannels: 5 }],
  ["few input channels", { inChannels: 3, outChannels: 16 }],
  ["depthwise", { inChannels: 20, outChannels: 20, groups: 20 }],
  ["depthwise with stride", { inChannels: 16, outChannels: 16, groups: 16, stride: 2 }],
  ["narrow groups", { inChannels: 16, outChannels: 32, groups: 4 }],
  ["with a bias", { inChannels: 16, outChannels: 16, hasBias: true }],
  ["used elsewhere too", { inChannels: 16, outChannels: 16, isShared: true }],
])("the factor of a batch norm's gradient is put into the convolution's: %s", async (_, layer) => {
  const graph = gradientsOf(layer);
  const feeds = feedsOf(graph);
  // The bias's gradient is 0 but for rounding, which sums of 2,304 values leave.
  await expectAgreement(runtime, blocked!, graph, feeds, { tolerance: 1e-3, least: 1 });
});
