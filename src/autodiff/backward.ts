import { attributesOf, type GraphBuilder, type Operand, shapeOf } from "../onnx/builder.ts";
import { describeNode, type Node, type Value } from "../onnx/graph.ts";
import { findOperator, type OperatorName } from "../onnx/operators/index.ts";
import { ShapeError, UnsupportedError } from "../tensor/errors.ts";
import { formatShape, sizeOf } from "../tensor/shape.ts";
import type { DifferentiableOp, ForwardNode, GradientRule, ZeroGradientOp } from "./rule.ts";
import { gradientRules } from "./rules/index.ts";

const zeroGradientOps: { readonly [Op in ZeroGradientOp]: true } = {
  And: true,
  ArgMax: true,
  Ceil: true,
  Equal: true,
  Floor: true,
  Greater: true,
  GreaterOrEqual: true,
  Less: true,
  LessOrEqual: true,
  Not: true,
  OneHot: true,
  Or: true,
  Round: true,
  Shape: true,
  Sign: true,
  Xor: true,
};

function ruleOf(node: Node): GradientRule<OperatorName> | "zero" | undefined {
  const op = findOperator(node.domain, node.op);
  if (op !== undefined && op in zeroGradientOps) return "zero";
  const rule = op !== undefined && op in gradientRules ? gradientRules[op as DifferentiableOp] : undefined;
  return rule as GradientRule<OperatorName> | undefined;
}

/** @throws {UnsupportedError} naming every operator without a rule, and its nodes */
function refuseUnruled(nodes: readonly Node[]): never {
  const places = (op: string): string => {
    const all = nodes.filter((node) => node.op === op).map(describeNode);
    return `${all.slice(0, 3).join(", ")}${all.length > 3 ? ` and ${all.length - 3} more` : ""}`;
  };
  const named = [...new Set(nodes.map((node) => node.op))].map((op) => `${op} (node ${places(op)})`);
  throw new UnsupportedError(
    `node ${describeNode(nodes[0])}`,
    `no gradient rule for ${named.join(", ")}; freeze what comes before, or replace ${nodes.length > 1 ? "them" : "it"} in the model`,
  );
}

/** Nodes between the targets and the loss, through which the gradient has to pass. */
function nodesOnTheWay(
  nodes: readonly Node[],
  { active, detached }: { readonly active: ReadonlySet<string>; readonly detached: ReadonlySet<string> },
  loss: Value,
): readonly Node[] {
  const needed = new Set([loss.name]);
  const found: Node[] = [];
  for (const node of nodes.toReversed()) {
    if (node.outputs.every((output) => output === "" || detached.has(output))) continue;
    if (!node.outputs.some((output) => needed.has(output)) || !node.inputs.some((input) => active.has(input))) continue;
    found.push(node);
    if (ruleOf(node) === "zero") continue;
    for (const input of node.inputs) if (active.has(input)) needed.add(input);
  }
  return found.toReversed();
}

/** The values that change when one of `sources` does. */
function reachableFrom(nodes: readonly Node[], sources: readonly Value[]): ReadonlySet<string> {
  const reached = new Set(sources.map((source) => source.name));
  for (const node of nodes) {
    if (node.inputs.some((input) => reached.has(input))) for (const output of node.outputs) reached.add(output);
  }
  return reached;
}

/** Gradients as they arrive. Several for one value are summed in order of arrival. */
function createAccumulator(g: GraphBuilder) {
  const sums = new Map<string, Value>();
  return {
    get: (name: string): Operand => sums.get(name),
    add: (value: Value, gradient: Value): void => {
      if (formatShape(value.shape) !== formatShape(gradient.shape)) {
        throw new ShapeError(
          value.name,
          `has shape ${formatShape(value.shape)}, its gradient ${formatShape(gradient.shape)}`,
        );
      }
      const sum = sums.get(value.name);
      sums.set(value.name, sum ? g.op("Add", [sum, gradient]) : gradient);
    },
  };
}

/**
 * Adds to the graph the gradient of a scalar loss with respect to each of `targets`, by reverse accumulation over the
 * nodes that lie between them.
 *
 * @param loss a value with one element
 * @param options.detached names of values that count as constants: no gradient goes back through what made them, as
 *   behind PyTorch's `detach`
 * @returns one gradient per target, of the target's shape; undefined if the loss does not depend on it
 * @throws {UnsupportedError} naming the operators that have no gradient rule, and their nodes
 */
export function addGradients(
  g: GraphBuilder,
  loss: Value,
  targets: readonly Value[],
  options: { readonly detached?: ReadonlySet<string> } = {},
): readonly Operand[] {
  if (sizeOf(shapeOf(loss)) !== 1)
    throw new ShapeError(loss.name, `a loss has one element, got ${formatShape(loss.shape)}`);
  const nodes = g.nodes();
  const active = reachableFrom(nodes, targets);
  const way = nodesOnTheWay(nodes, { active, detached: options.detached ?? new Set() }, loss);
  const unruled = way.filter((node) => ruleOf(node) === undefined);
  if (unruled.length > 0) refuseUnruled(unruled);
  const gradients = createAccumulator(g);
  gradients.add(loss, g.fill(1, shapeOf(loss)));
  for (const node of way.toReversed()) {
    const dys = node.outputs.map((output) => gradients.get(output));
    const rule = dys.some((dy) => dy !== undefined) ? ruleOf(node) : undefined;
    if (rule === undefined || rule === "zero") continue;
    g.within(`gradient/${node.name}`, () => {
      const forward = forwardNode(g, node, active);
      const dy = dys[0] ?? g.fill(0, shapeOf(forward.outputs[0]));
      rule(g, forward, dy, dys).forEach((gradient, index) => {
        if (gradient && forward.needs(index)) gradients.add(forward.inputs[index], gradient);
      });
    });
  }
  return targets.map((target) => gradients.get(target.name));
}

function forwardNode(g: GraphBuilder, node: Node, active: ReadonlySet<string>): ForwardNode<OperatorName> {
  const optional = (name: string): Value => (name === "" ? (undefined as unknown as Value) : g.value(name));
  return {
    where: node.name,
    inputs: node.inputs.map(optional),
    outputs: node.outputs.map(optional),
    attributes: attributesOf(findOperator(node.domain, node.op)!, node),
    needs: (index) => active.has(node.inputs[index] ?? ""),
  };
}
