import { dtypeFromOnnx } from "../operators/elementwise.ts";
import type { DType } from "../../tensor/dtype.ts";
import type { Node, TensorType } from "../graph.ts";
import type { Elements } from "./elements.ts";

/** A node being folded, as far as its inputs are known. */
export interface FoldCall {
  readonly node: Node;
  /** The elements of an input; undefined if nothing is known of them, or there is no such input. */
  input(index: number): Elements | undefined;
  /** The type of an input, if it is known. */
  type(index: number): TensorType | undefined;
}

/** Folds the only output of a node; undefined if too little is known. */
export type Evaluate = (call: FoldCall) => Elements | undefined;

/** An integer attribute, or its default. */
export function intAttribute(node: Node, name: string, byDefault: number): number {
  const attribute = node.attributes.get(name);
  return attribute?.kind === "int" ? Number(attribute.value) : byDefault;
}

/** An attribute of integers, if the node has it. */
export function intsAttribute(node: Node, name: string): readonly number[] | undefined {
  const attribute = node.attributes.get(name);
  return attribute?.kind === "ints" ? attribute.value.map(Number) : undefined;
}

/** The element type that an attribute names by ONNX's number, if Residua has it. */
export function dtypeAttribute(node: Node, name: string): DType | undefined {
  return dtypeFromOnnx(intAttribute(node, name, 0));
}

/** The axis counted from the front; undefined outside the rank. */
export function axisWithin(axis: number, rank: number): number | undefined {
  const normal = axis < 0 ? axis + rank : axis;
  return Number.isInteger(normal) && normal >= 0 && normal < rank ? normal : undefined;
}
