import { attributesOf, createGraphBuilder } from "../../onnx/builder.ts";
import type { Graph, Node, Value } from "../../onnx/graph.ts";
import { findOperator, type OperatorName } from "../../onnx/operators/index.ts";
import type { Layout, LoweredGraph, Lowering } from "../lowering.ts";
import { type Pass, type PassObserver, runPasses } from "../passes.ts";
import { maskPooledGradients } from "../pooled-relu.ts";
import { portableRewrites } from "../portable/lowering.ts";
import type { Rewrite } from "../rewrite.ts";
import { matchScalarRanks } from "../scalar-ranks.ts";
import { batchNormalization, batchNormTraining, batchNormTrainingGradient } from "./batch-norm.ts";
import { type BlockedContext, type BlockedRule, type BlockedRules, cleanStored } from "./context.ts";
import { conv } from "./convolution.ts";
import { elementwiseRules, reduceSumSquare } from "./elementwise.ts";
import { convInputGradient } from "./input-gradient.ts";
import type { BlockSize } from "./layout.ts";
import { concat, split } from "./joining.ts";
import { maxPoolGradient } from "./max-pool-gradient.ts";
import { averagePool, averagePoolGradient, expand, globalAveragePool, maxPool } from "./pooling.ts";
import { rearrangementRules } from "./rearrangement-rules.ts";
import { assignStorage, planConvolutions } from "./storage.ts";
import { convTranspose } from "./transposed.ts";
import { type Analysis, createContext } from "./values.ts";
import { convWeightGradient } from "./weight-gradient.ts";

const blockedRules: BlockedRules = {
  ...elementwiseRules,
  ...rearrangementRules,
  AveragePool: averagePool,
  AveragePoolGradient: averagePoolGradient,
  BatchNormalization: batchNormalization,
  BatchNormTraining: batchNormTraining,
  BatchNormTrainingGradient: batchNormTrainingGradient,
  Concat: concat,
  Conv: conv,
  ConvInputGradient: convInputGradient,
  ConvTranspose: convTranspose,
  ConvWeightGradient: convWeightGradient,
  Expand: expand,
  GlobalAveragePool: globalAveragePool,
  MaxPool: maxPool,
  MaxPoolGradient: maxPoolGradient,
  ReduceSumSquare: reduceSumSquare,
  Split: split,
};

/**
 * Writes a graph in ONNX Runtime's blocked operators (domain com.microsoft.nchwc). Values are converted to blocks where
 * a convolution first needs them and back where an operator has no blocked form; weights, their gradients and the
 * optimizer's state stay in the convolutions' layout between steps. Operators without a blocked form are written as in
 * the portable lowering.
 *
 * @param blockSize the block size of the machine that will run the graph; another one gives wrong results or is refused
 *   there
 */
export function createBlockedLowering(blockSize: BlockSize): Lowering {
  return {
    name: "blocked",
    isFinal: true,
    blockSize,
    lower: (graph, observe) => lowerBlocked(graph, blockSize, observe),
  };
}

/** Passes before the layouts are planned. */
const planning: readonly Pass[] = [{ name: "mask pooled gradients", pass: maskPooledGradients }];

/** Passes that write the graph by a plan. */
const writing = (analysis: Analysis): readonly Pass[] => [
  { name: "write in blocks", pass: (graph) => writeBlocked(graph, analysis) },
  { name: "match scalar ranks", pass: matchScalarRanks },
];

function lowerBlocked(logical: Graph, block: BlockSize, observe?: PassObserver): LoweredGraph {
  const graph = runPasses(logical, planning, observe);
  const plans = planConvolutions(graph, block);
  const layouts = assignStorage(graph, plans);
  const kept = new Map<string, Layout>();
  for (const { name } of [...graph.inputs, ...graph.outputs]) {
    const layout = layouts.get(name);
    if (layout) kept.set(name, layout);
  }
  return { layouts: kept, write: () => runPasses(graph, writing({ block, plans, layouts }), observe) };
}

function writeBlocked(graph: Graph, analysis: Analysis): Graph {
  const { layouts } = analysis;
  const g = createGraphBuilder(graph.name);
  const context = createContext(g, graph, analysis);
  for (const { name, dtype, shape } of graph.inputs) {
    const layout = layouts.get(name);
    const value = g.input(name, dtype, layout?.shape ?? shape);
    context.define(name, layout ? { stored: { value, layout, padding: "zero" } } : { plain: value });
  }
  for (const [name, tensor] of graph.initializers) {
    const layout = layouts.get(name);
    const value = g.initializer(name, layout ? layout.pack(tensor) : tensor);
    context.define(name, layout ? { stored: { value, layout, padding: "zero" } } : { plain: value });
  }
  for (const node of graph.nodes) g.within(node.name, () => lowerNode(context, node));
  for (const { name } of graph.outputs) {
    const layout = layouts.get(name);
    g.output(name, layout ? cleanStored(context, name, layout) : context.plain(name));
  }
  return g.finish();
}

function lowerNode(c: BlockedContext, node: Node): void {
  const op = findOperator(node.domain, node.op);
  const rule = op && (blockedRules[op] as BlockedRule<OperatorName> | undefined);
  const { inputs, outputs } = node;
  if (op && rule?.(c, { node, op, inputs, outputs, attributes: attributesOf(op, node) })) return;
  const values = lowerPortably(c, node, op);
  outputs.forEach((name, index) => name !== "" && c.define(name, { plain: values[index] }));
}

function lowerPortably(c: BlockedContext, node: Node, op: OperatorName | undefined): readonly Value[] {
  const inputs = node.inputs.map((name) => (name === "" ? (undefined as unknown as Value) : c.plain(name)));
  const rewrite = op && (portableRewrites[op] as Rewrite<OperatorName> | undefined);
  if (op === undefined || rewrite === undefined)
    return c.g.append({ ...node, inputs: inputs.map((input) => input?.name ?? "") });
  const outputs = node.outputs.map((name) => ({ name, ...c.typeOf(name) }));
  return rewrite(c.g, { node, inputs, attributes: attributesOf(op, node), outputs });
}
