import { createGraphBuilder } from "../onnx/builder.ts";
import type { Graph, Model } from "../onnx/graph.ts";
import { OPSET } from "../onnx/graph.ts";
import { addForward } from "../nn/forward.ts";
import type { Module } from "../nn/module.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { stepNames } from "./step/names.ts";
import { foldBatchNorm } from "./fold-batch-norm.ts";

/** The name of the batch extent in an inference graph. */
export const BATCH = "N";

/**
 * The network for inference: batch norm by running statistics, any batch size, weights inside.
 *
 * @param state parameters and buffers by state-dict name
 * @param options.foldBatchNorm folds batch norms into the convolutions before them. Default true.
 * @shape images `[N, …imageShape]` → scores `[N, classes]`
 */
export function buildInference(
  module: Module,
  imageShape: Shape,
  state: ReadonlyMap<string, Tensor>,
  options: { readonly foldBatchNorm?: boolean } = {},
): Graph {
  const g = createGraphBuilder("inference");
  const images = g.input(stepNames.images, "float32", [BATCH, ...imageShape]);
  const pass = addForward(g, module, images, { mode: "evaluate", state });
  g.output(stepNames.scores, pass.output);
  const graph = g.finish();
  return options.foldBatchNorm === false ? graph : foldBatchNorm(graph);
}

/** A graph as an ONNX model. @param metadata key–value pairs stored in the file */
export function toModel(graph: Graph, metadata: ReadonlyMap<string, string> = new Map()): Model {
  const domains = new Set(graph.nodes.map((node) => node.domain));
  const opsets = [...domains].filter((domain) => domain !== "").toSorted();
  return {
    graph,
    opsets: new Map([["", OPSET], ...opsets.map((domain) => [domain, 1] as const)]),
    metadata,
    producer: "residua",
  };
}
