import { ResiduaError, UnsupportedError } from "../tensor/errors.ts";
import { quote } from "../tensor/printable.ts";
import { pruneGraph } from "./builder.ts";
import { createKnowledge, foldNode, foldTarget, type Knowledge, learnConstant } from "./fold.ts";
import { type Graph, type Model, type Node, OPSET, type Rest } from "./graph.ts";
import { createFreshNames, learnTypes, placeOf } from "./infer.ts";
import { axesRules } from "./normalize/axes.ts";
import { einsumRules } from "./normalize/einsum.ts";
import { elementwiseRules } from "./normalize/elementwise.ts";
import { movementRules } from "./normalize/movement.ts";
import { findBranch, innerNames, spliceBranch } from "./normalize/branches.ts";
import { inlineFunctions } from "./normalize/functions.ts";
import { widenHalf } from "./normalize/half-precision.ts";
import { olderFormRules } from "./normalize/older.ts";
import { quantizedRules } from "./normalize/quantized.ts";
import { normalizationRules } from "./normalize/normalization.ts";
import { recurrentRules } from "./normalize/recurrent.ts";
import { resizeRules } from "./normalize/resize.ts";
import { type NormalizeRule, openRewriting, type Target } from "./normalize/rewriting.ts";
import { windowRules } from "./normalize/windows.ts";
import { findOperator, operators } from "./operators/index.ts";

const FIRST_OPSET = 7;
const LAST_OPSET = 23;

/** ONNX operators that cannot simply be taken over. */
const rules: ReadonlyMap<string, NormalizeRule> = new Map(
  Object.entries({
    ...axesRules,
    ...einsumRules,
    ...elementwiseRules,
    ...movementRules,
    ...normalizationRules,
    ...olderFormRules,
    ...quantizedRules,
    ...recurrentRules,
    ...resizeRules,
    ...windowRules,
  }),
);

const ownDomain = (domain: string): string => (domain === "ai.onnx" ? "" : domain);

function refuseOperator(node: Node, opset: number): never {
  const operator = node.domain === "" ? quote(node.op) : `${quote(node.op)} of ${quote(node.domain)}`;
  throw new UnsupportedError(placeOf(node), `the operator ${operator} is not supported (opset ${opset})`);
}

/** Nothing of a node may be lost in the conversion to internal operators. */
function checkAttributes(node: Node, opset: number): void {
  const key = findOperator(node.domain, node.op) ?? refuseOperator(node, opset);
  const kinds: ReadonlyMap<string, string> = new Map(Object.entries(operators[key].attributes));
  for (const [name, { kind }] of node.attributes) {
    const wanted = kinds.get(name);
    if (wanted === kind) continue;
    const wrong = wanted === undefined ? "is not known" : `is of kind ${kind}; must be ${wanted}`;
    throw new UnsupportedError(placeOf(node), `the attribute ${quote(name)} of ${node.op} (opset ${opset}) ${wrong}`);
  }
}

/** Types are for rules that ask for them; inferModel checks them later. */
function tryLearnTypes(knowledge: Knowledge, node: Node): void {
  try {
    learnTypes(knowledge, node);
  } catch (error) {
    if (!(error instanceof ResiduaError)) throw error;
  }
}

/** A graph being built: nodes are rewritten one by one in order, replaced values are renamed. */
interface Draft {
  readonly nodes: Node[];
  readonly knowledge: Knowledge;
  /** The current name of a value. */
  resolve(name: string): string;
  readonly target: Target;
}

function createDraft(graph: Graph, opset: number): Draft {
  const nodes: Node[] = [];
  const knowledge = createKnowledge(graph);
  const freshName = createFreshNames(graph);
  const replaced = new Map<string, string>();
  const used = new Set([...innerNames(graph).used, ...graph.outputs.map(({ name }) => name)]);
  const resolve = (name: string): string => replaced.get(name) ?? name;
  const makers = new Map<string, Node>();
  const addNode = (added: Node): void => {
    checkAttributes(added, opset);
    if (foldNode(knowledge, added)) return;
    const node = foldTarget(knowledge, added, freshName);
    tryLearnTypes(knowledge, node);
    nodes.push(node);
    node.outputs.forEach((name) => makers.set(name, node));
  };
  const target: Target = {
    opset,
    knowledge,
    freshName,
    isUsed: (name) => name !== "" && used.has(name),
    addNode,
    maker: (name) => makers.get(name),
    addConstant: (name, value) => learnConstant(knowledge, name, value),
    replace: (output, by) => void replaced.set(output, resolve(by)),
  };
  return { nodes, knowledge, resolve, target };
}

function rewriteNode(draft: Draft, original: Node): void {
  const { nodes, knowledge, resolve, target } = draft;
  const node: Node = { ...original, domain: ownDomain(original.domain), inputs: original.inputs.map(resolve) };
  // Identity shares a constant; folding it would make two.
  if (node.op !== "Identity" && foldNode(knowledge, node)) return;
  const branch = node.domain === "" && node.op === "If" ? findBranch(draft.knowledge, node) : undefined;
  if (branch !== undefined) {
    const { nodes: inner, initializers, outputs } = spliceBranch(branch, target.freshName);
    for (const [name, value] of initializers) target.addConstant(name, value);
    for (const one of inner) rewriteNode(draft, one);
    node.outputs.forEach((name, index) => name !== "" && target.replace(name, outputs[index]));
    return;
  }
  const rule = node.domain === "" ? rules.get(node.op) : undefined;
  if (rule !== undefined) rule(openRewriting(target, node));
  else if (findOperator(node.domain, node.op) !== undefined) target.addNode(node);
  // Perhaps nothing needs it once its users have been folded.
  else if (node.outputs.some((name) => knowledge.elements.has(name))) nodes.push(node);
  else refuseOperator(node, target.opset);
}

/** Restores the names of outputs that were replaced: by renaming, or else by a copy. */
function restoreOutputs(draft: Draft, graph: Graph): readonly Node[] {
  const { knowledge, nodes, resolve } = draft;
  const made = new Set(nodes.flatMap((node) => node.outputs));
  const names = new Set(graph.outputs.map(({ name }) => name));
  const renamed = new Map<string, string>();
  const copies: Node[] = [];
  for (const name of names) {
    const from = resolve(name);
    const type = knowledge.types.get(from);
    if (from === name) continue;
    if (type !== undefined) knowledge.types.set(name, type);
    if (made.has(from) && !names.has(from) && !renamed.has(from)) renamed.set(from, name);
    else copies.push({ op: "Identity", domain: "", name, inputs: [from], outputs: [name], attributes: new Map() });
  }
  const rename = (name: string): string => renamed.get(name) ?? name;
  return [...nodes, ...copies].map((node) => ({
    ...node,
    inputs: node.inputs.map(rename),
    outputs: node.outputs.map(rename),
  }));
}

function normalizeGraph(graph: Graph, opset: number): Graph {
  const draft = createDraft(graph, opset);
  for (const node of graph.nodes) rewriteNode(draft, node);
  const { valueInfo: _, ...rest } = graph.rest ?? {};
  const normal = pruneGraph({
    ...graph,
    // Before version 4 of the format, initializers were inputs as well.
    inputs: graph.inputs.filter(({ name }) => !graph.initializers.has(name)),
    nodes: restoreOutputs(draft, graph),
    initializers: draft.knowledge.constants,
    types: draft.knowledge.types,
    rest,
  });
  for (const node of normal.nodes) checkAttributes(node, opset);
  return normal;
}

/**
 * A model without what only files have: its own functions are written out, and half precision is float32.
 *
 * @throws {UnsupportedError} if functions are nested without end
 */
export function plainModel(model: Model): Model {
  return widenHalf(inlineFunctions(model));
}

/** Contents of a file that hold only for other versions of the operators. */
const versionBound: readonly string[] = ["irVersion", "functions", "trainingInfo"];

function keepRest(rest: Rest): Rest {
  return Object.fromEntries(Object.entries(rest).filter(([name]) => !versionBound.includes(name)));
}

/**
 * Converts a model from ONNX's operators of versions 7 to 23 to the internal ones: those of version 18 that Residua
 * knows, in one form each. Functions of the file and branches whose condition is constant are written out, half precision
 * becomes float32, and quantised values become float32 with the same steps. Constants become initializers, Identity and (in evaluation) Dropout are removed, automatic
 * padding becomes numbers, Resize becomes products with matrices, batch norm in training mode becomes
 * BatchNormTraining, and shape computations are folded. Nodes that no output needs are removed.
 *
 * @throws {UnsupportedError} naming the operator, its node and its version, if there is no such form
 */
export function normalizeModel(model: Model): Model {
  const opset = model.opsets.get("") ?? model.opsets.get("ai.onnx") ?? OPSET;
  if (opset < FIRST_OPSET || opset > LAST_OPSET) {
    throw new UnsupportedError(
      `graph ${quote(model.graph.name)}`,
      `uses version ${opset} of ONNX's operators; must be ${FIRST_OPSET} to ${LAST_OPSET}: export it again with one of these`,
    );
  }
  const graph = normalizeGraph(plainModel(model).graph, opset);
  const domains = new Set(graph.nodes.map((node) => node.domain));
  const opsets = [...domains].map(
    (domain) => [domain, domain === "" ? OPSET : (model.opsets.get(domain) ?? 1)] as const,
  );
  return { ...model, graph, opsets: new Map([["", OPSET], ...opsets]), rest: keepRest(model.rest ?? {}) };
}
