import type { Graph } from "../onnx/graph.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { PassObserver } from "./passes.ts";

/** How a tensor is stored where it enters or leaves a lowered graph, if not row-major. */
export interface Layout {
  readonly name: string;
  readonly logicalShape: Shape;
  /** The shape that it is declared with. */
  readonly shape: Shape;
  /** For every stored entry the index of the logical one, or −1. */
  readonly source: () => Int32Array;
  /** From row-major to stored. */
  readonly pack: (value: Tensor) => Tensor;
  /** From stored to row-major. */
  readonly unpack: (value: Tensor) => Tensor;
}

/** A graph in operators that a runtime has. */
export interface LoweredGraph {
  /** Writes the graph: most of the work, and unnecessary if a compiled model is cached. */
  readonly write: () => Graph;
  /** Layouts by input and output name; row-major if there is none. */
  readonly layouts: ReadonlyMap<string, Layout>;
}

/** Names of the lowerings of a training graph. */
export type LoweringName = "portable" | "blocked";

/** What a user may choose: a lowering, or the fastest that is correct on this machine. */
export type LoweringChoice = LoweringName | "auto";

/** All choices. */
export const loweringChoices: readonly LoweringChoice[] = ["auto", "blocked", "portable"];

/** In what convolutions and products of a training step compute; "mixed" is float16. */
export type Precision = "float32" | "mixed";

/** All precisions. */
export const precisions: readonly Precision[] = ["float32", "mixed"];

/** Writes a logical graph in operators that a runtime runs well. */
export interface Lowering {
  readonly name: LoweringName;
  /**
   * Whether the graph is already written in the form that the runtime runs best. The runtime's own rewriting then only
   * costs time: 8 of 10 seconds for a training step of ResNet-110.
   */
  readonly isFinal: boolean;
  /** Channels per block, if the graph depends on it. */
  readonly blockSize?: number;
  /** In what the convolutions and products of a training step compute; float32 if left out. */
  readonly precision?: Precision;
  /** Whether small parameters and running statistics should be updated together, in a row. */
  readonly joinsSmall?: boolean;
  /** The same with mixed precision, if there is one. */
  readonly mixed?: () => Lowering;
  /** Tells apart lowerings of one name that write different graphs. */
  readonly variant?: string;
  /** @param observe called after each pass; after those that write the graph, when it is written */
  readonly lower: (graph: Graph, observe?: PassObserver) => LoweredGraph;
}
