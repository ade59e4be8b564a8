import type { DType } from "../tensor/dtype.ts";
import { quote } from "../tensor/printable.ts";
import type { SymbolicShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/**
 * Contents of a file beyond what Residua computes with (comments, annotations, fields of later ONNX versions), under
 * the names of onnx.proto. Kept unchanged, so that writing the file back loses nothing; nothing else reads it.
 */
export type Rest = Readonly<Record<string, unknown>>;

/** What is known of a value in a graph before anything runs. */
export interface TensorType {
  readonly dtype: DType;
  readonly shape: SymbolicShape;
}

/** A value in a graph: its name and type. */
export interface Value extends TensorType {
  readonly name: string;
  /**
   * Describes the value if a file declares something other than a tensor of known rank; dtype and shape are then
   * meaningless.
   */
  readonly opaque?: string;
  readonly rest?: Rest;
}

/** An operator's attribute with the kind under which ONNX stores it. */
export type Attribute = { readonly rest?: Rest } & (
  | { readonly kind: "int"; readonly value: number | bigint }
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "ints"; readonly value: readonly (number | bigint)[] }
  | { readonly kind: "floats"; readonly value: readonly number[] }
  | { readonly kind: "strings"; readonly value: readonly string[] }
  | { readonly kind: "tensor"; readonly value: Tensor }
  | { readonly kind: "graph"; readonly value: Graph }
  /** Kinds with which Residua does not compute (types, sparse tensors), kept unchanged for writing back. */
  | { readonly kind: "opaque"; readonly value: unknown }
);

/** One application of an operator. An absent optional input is the empty string, as in ONNX. */
export interface Node {
  readonly op: string;
  /** Empty for ONNX's own operators. */
  readonly domain: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
  readonly rest?: Rest;
}

/** A computation: nodes in topological order. */
export interface Graph {
  readonly name: string;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly nodes: readonly Node[];
  readonly initializers: ReadonlyMap<string, Tensor>;
  /** Types of intermediate values, as far as they are known. */
  readonly types: ReadonlyMap<string, TensorType>;
  readonly rest?: Rest;
  /** A file's further contents on single initializers, by name. */
  readonly initializerRest?: ReadonlyMap<string, Rest>;
}

/** A graph with the other contents of an ONNX file. */
export interface Model {
  readonly graph: Graph;
  /** Version of each operator set by domain; "" is ONNX's own. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly metadata: ReadonlyMap<string, string>;
  readonly producer: string;
  readonly rest?: Rest;
}

/** The one version of ONNX's operators that Residua computes with; other versions are normalised to it on import. */
export const OPSET = 18;

/** The domain of Residua's own operators: gradients that ONNX lacks. They never reach a file. */
export const RESIDUA_DOMAIN = "residua";
/** ONNX Runtime's contributed operators. */
export const MICROSOFT_DOMAIN = "com.microsoft";
/** ONNX Runtime's operators on tensors whose channels lie in blocks. */
export const NCHWC_DOMAIN = "com.microsoft.nchwc";

/** How errors refer to a node: by its name, or by its output if it has none. */
export function describeNode(node: Node): string {
  const made = node.outputs.find((name) => name !== "");
  return node.name === "" && made !== undefined ? `that makes ${quote(made)}` : quote(node.name);
}

/** How many node inputs and graph outputs use each value. */
export function countUses(graph: Graph): ReadonlyMap<string, number> {
  const uses = new Map<string, number>();
  for (const name of [...graph.nodes.flatMap((node) => node.inputs), ...graph.outputs.map((output) => output.name)]) {
    uses.set(name, (uses.get(name) ?? 0) + 1);
  }
  return uses;
}
