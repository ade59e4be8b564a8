import { OptionError, UnsupportedError } from "../../tensor/errors.ts";
import { quote } from "../../tensor/printable.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { pruneGraph } from "../builder.ts";
import { createFreshNames, placeOf } from "../infer.ts";
import { type Graph, type Model, type Node, OPSET } from "../graph.ts";
import { firstOpsets, lastOpsets, newerAttributes, type OlderForm, olderRules, refuseForm } from "./rules.ts";
import { opsetRange } from "./range.ts";

/** Removes attributes that the version does not know; they must have the value implied without them. */
function dropNewerAttributes(node: Node, opset: number): Node {
  const newer = (newerAttributes.get(node.op) ?? []).filter(({ since }) => since > opset);
  const attributes = [...node.attributes].filter(([name, attribute]) => {
    const found = newer.find((one) => one.name === name);
    if (found === undefined) return true;
    if (!found.isNeutral(attribute))
      refuseForm(node, opset, `its attribute ${quote(name)} came in opset ${found.since}`);
    return false;
  });
  return { ...node, attributes: new Map(attributes) };
}

function requireForm(node: Node, opset: number): void {
  const first = firstOpsets.get(node.op);
  if (first === undefined) {
    throw new UnsupportedError(placeOf(node), `${quote(node.op)} is not known in opset ${opset}; keep opset ${OPSET}`);
  }
  if (opset < first) refuseForm(node, opset, `it came in opset ${first}`);
  const last = lastOpsets.get(node.op) ?? opset;
  if (opset > last) {
    throw new UnsupportedError(
      placeOf(node),
      `${quote(node.op)} has another meaning after opset ${last}; ask for that`,
    );
  }
}

function convertNode(node: Node, form: OlderForm): readonly Node[] {
  if (node.domain !== "" && node.domain !== "ai.onnx") return [node];
  requireForm(node, form.opset);
  const rules = (olderRules.get(node.op) ?? []).filter(([below]) => form.opset < below);
  const written = rules.reduce<readonly Node[]>(
    // A rule may write other operators; only the node itself is passed to the next rule.
    (nodes, [, rule]) => nodes.flatMap((one) => (one.op === node.op ? rule(one, form) : [one])),
    [node],
  );
  return written.map((one) => dropNewerAttributes(one, form.opset));
}

function convertGraph(graph: Graph, opset: number): Graph {
  const initializers = new Map<string, Tensor>(graph.initializers);
  const types = new Map(graph.types);
  const freshName = createFreshNames(graph);
  const form: OlderForm = {
    opset,
    constant: (name) => initializers.get(name),
    type: (name) => types.get(name),
    freshName,
    addConstant: (stem, value) => {
      const name = freshName(stem);
      initializers.set(name, value);
      types.set(name, value);
      return name;
    },
  };
  const nodes = graph.nodes.flatMap((node) => convertNode(node, form));
  return pruneGraph({ ...graph, nodes, initializers, types });
}

/**
 * A model of version 18 of ONNX's operators (as Residua builds and normalises them) in another version. It computes the same;
 * operators of other domains stay as they are.
 *
 * @param opset 11 to 23
 * @throws {UnsupportedError} naming the operator and its node, if it has no form in that version
 * @throws {OptionError} if the version is outside the range
 * @source ONNX, docs/Changelog.md
 */
export function convertOpset(model: Model, opset: number): Model {
  const { first, last } = opsetRange;
  if (!Number.isInteger(opset) || opset < first || opset > last) {
    throw new OptionError("opset", `must be ${first} to ${last}, got ${opset}`);
  }
  const current = model.opsets.get("") ?? model.opsets.get("ai.onnx") ?? OPSET;
  if (current !== OPSET) {
    throw new UnsupportedError(
      `graph ${quote(model.graph.name)}`,
      `is of opset ${current}, must be ${OPSET}: bring it there with normalizeModel`,
    );
  }
  if (opset === OPSET) return model;
  const { "ai.onnx": _, ...others } = Object.fromEntries(model.opsets);
  return {
    ...model,
    graph: convertGraph(model.graph, opset),
    opsets: new Map([...Object.entries(others), ["", opset]]),
  };
}
