import { nodeMultiplyAdds } from "../onnx/analysis/cost.ts";
import { createGraphBuilder } from "../onnx/builder.ts";
import type { Node, TensorType } from "../onnx/graph.ts";
import type { Shape } from "../tensor/shape.ts";
import { addForward, type ModuleTrace } from "./forward.ts";
import { countParameters, type Module, walkModules } from "./module.ts";

/** What a network consists of, and its costs per image. */
export interface Description {
  readonly parameters: number;
  readonly multiplyAdds: number;
  /** A row for every module of the tree, parents first. */
  readonly modules: readonly ModuleRow[];
  /** The rows of the residual blocks alone. */
  readonly blocks: readonly ModuleRow[];
  /** The shortcuts' share of the whole. */
  readonly shortcuts: { readonly parameters: number; readonly multiplyAdds: number };
}

/** One module: where it is, what it does to a shape, what it costs. */
export interface ModuleRow {
  readonly path: string;
  readonly kind: string;
  readonly depth: number;
  /** Without the batch axis. */
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  /** What the shortcut resolves to; only blocks have it. */
  readonly shortcut?: string;
  readonly parameters: number;
  readonly multiplyAdds: number;
}

/** A whole network's costs. */
export interface Costs {
  readonly parameters: number;
  readonly multiplyAdds: number;
}

/**
 * Parameters, and multiply-adds of one image, of a whole network: the totals of `describeModule`, without the parts.
 * @param imageShape `[channels, H, W]`
 */
export function countCosts(module: Module, imageShape: Shape): Costs {
  const g = createGraphBuilder("costs");
  const x = g.input("images", "float32", [1, ...imageShape]);
  g.output("output", addForward(g, module, x, { mode: "evaluate" }).output);
  const graph = g.finish();
  const multiplyAdds = graph.nodes.reduce((sum, node) => sum + (nodeMultiplyAdds(graph, node) ?? 0), 0);
  return { parameters: countParameters(module), multiplyAdds };
}

const belongsTo = (node: Node, path: string): boolean =>
  path === "" || node.name.startsWith(`${path}.`) || node.name.startsWith(`${path}/`);

/**
 * Describes a network on images of one shape: every module with its shapes, parameters and multiply-adds (of
 * convolutions and matrix products, one image), and what each block's shortcut resolves to.
 *
 * @param imageShape `[channels, H, W]`
 */
export function describeModule(module: Module, imageShape: Shape): Description {
  const g = createGraphBuilder("description");
  const x = g.input("images", "float32", [1, ...imageShape]);
  const pass = addForward(g, module, x, { mode: "evaluate" });
  g.output("output", pass.output);
  const graph = g.finish();
  const costs = graph.nodes
    .map((node) => ({ node, cost: nodeMultiplyAdds(graph, node) ?? 0 }))
    .filter(({ cost }) => cost > 0);
  const costOf = (path: string): number =>
    costs.reduce((sum, { node, cost }) => (belongsTo(node, path) ? sum + cost : sum), 0);
  const withoutBatch = (type: TensorType): Shape => type.shape.slice(1) as Shape;
  const row = ({ path, module: visited, input, output }: ModuleTrace): ModuleRow => ({
    path,
    kind: visited.kind,
    depth: path === "" ? 0 : path.split(".").length,
    inputShape: withoutBatch(input),
    outputShape: withoutBatch(output),
    ...(visited.facts.shortcut === undefined ? {} : { shortcut: visited.facts.shortcut }),
    parameters: countParameters(visited),
    multiplyAdds: costOf(path),
  });
  // A module's trace ends after its children's; the first of equal paths is enough, since a relu may run twice.
  const order = new Map(pass.trace.map((entry) => [entry.path, entry]));
  const traces = Array.from(walkModules(module)).flatMap(({ path }) => order.get(path) ?? []);
  const modules = traces.map(row);
  const shortcuts = modules.filter(({ path }) => /(^|\.)(downsample|proj|shortcut|gate)$/.test(path));
  return {
    parameters: countParameters(module),
    multiplyAdds: costOf(""),
    modules,
    blocks: modules.filter((_, index) => traces[index].module.facts.block === true),
    shortcuts: {
      parameters: shortcuts.reduce((sum, { parameters }) => sum + parameters, 0),
      multiplyAdds: shortcuts.reduce((sum, { multiplyAdds }) => sum + multiplyAdds, 0),
    },
  };
}
