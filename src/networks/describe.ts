import { buildInference } from "../compile/inference.ts";
import type { Module } from "../nn/module.ts";
import { describeGraph, type GraphDescription } from "../onnx/analysis/index.ts";
import type { Graph, Model, Value } from "../onnx/graph.ts";
import { inferGraph } from "../onnx/infer.ts";
import { innerNames } from "../onnx/normalize/branches.ts";
import { normalizeModel, plainModel } from "../onnx/normalize.ts";
import { OptionError, ResiduaError } from "../tensor/errors.ts";
import type { Shape } from "../tensor/shape.ts";
import { zeros } from "../tensor/tensor.ts";
import { stateShapes } from "./card.ts";
import type { NetworkFile } from "./file.ts";

/** A network's graph, ready to describe: normalised, for one image, with all extents known as far as possible. */
export interface DescribableGraph {
  readonly graph: Graph;
  /** Initializers that the file itself holds; others are constants that normalising put in. */
  readonly learned?: ReadonlySet<string>;
  /** Why extents and costs are unknown, if they are. */
  readonly limits?: string;
}

/** Options for preparing a graph. */
export interface DescribableOptions {
  /** Height and width (and depth) of the images, if the file leaves them open or a different size is wanted. */
  readonly size?: number;
}

/** The graph of a module on one image, its batch norms kept. */
export function describableModule(module: Module, imageShape: Shape): DescribableGraph {
  // Only shapes matter: memory that is never written costs nothing.
  const state = new Map([...stateShapes(module)].map(([name, shape]) => [name, zeros("float32", shape)]));
  const graph = buildInference(module, imageShape, state, { foldBatchNorm: false });
  return { graph: bindInputs(graph, {}) };
}

const isChannels = (extent: number | string): boolean => typeof extent === "number" && extent <= 16;

/** Binds the batch to 1, and open extents to `size`. */
function bindInputs(graph: Graph, { size }: DescribableOptions): Graph {
  const inputs = graph.inputs.map((input): Value => {
    if (graph.initializers.has(input.name) || input.opaque !== undefined) return input;
    const [, second, , last] = input.shape;
    const channelsLast = input.shape.length === 4 && isChannels(last) && !isChannels(second);
    const channels = channelsLast ? 3 : 1;
    const shape = input.shape.map((extent, axis) => {
      if (axis === 0) return 1;
      return axis !== channels && size !== undefined ? size : extent;
    });
    return { ...input, shape };
  });
  return inferGraph({ ...graph, inputs });
}

function describableOnnx(model: Model, options: DescribableOptions): DescribableGraph {
  try {
    const plain = plainModel(model);
    const { graph } = normalizeModel(plain);
    // Exporters keep weights in constants, and in quantised constants.
    return { graph: bindInputs(graph, options), learned: innerNames(plain.graph).made };
  } catch (error) {
    if (!(error instanceof ResiduaError) || error instanceof OptionError) throw error;
    return { graph: model.graph, limits: error.message };
  }
}

/**
 * Prepares any network for {@link describeGraph}. A graph that cannot be normalised (an unknown operator, open extents)
 * is described unchanged, and the result says why.
 */
export function describableGraph(network: NetworkFile, options: DescribableOptions = {}): DescribableGraph {
  if (network.kind === "graph") return describableOnnx(network.onnx, options);
  const [channels, ...extents] = network.imageShape;
  return describableModule(network.module, [channels, ...extents.map((extent) => options.size ?? extent)]);
}

/** Describes any network; see {@link describeGraph}. */
export function describeNetwork(network: NetworkFile, options: DescribableOptions = {}): GraphDescription {
  const { graph, learned } = describableGraph(network, options);
  return describeGraph(graph, learned === undefined ? {} : { learned });
}
