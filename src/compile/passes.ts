import type { Graph } from "../onnx/graph.ts";

/** A named step from graph to graph. */
export interface Pass {
  readonly name: string;
  readonly pass: (graph: Graph) => Graph;
}

/** Called after each pass with the graph before and after it: for a description or a profile. */
export type PassObserver = (name: string, before: Graph, after: Graph) => void;

/** Runs passes in order. */
export function runPasses(graph: Graph, passes: readonly Pass[], observe?: PassObserver): Graph {
  return passes.reduce((before, { name, pass }) => {
    const after = pass(before);
    observe?.(name, before, after);
    return after;
  }, graph);
}
