import type { Graph } from "../onnx/graph.ts";

/** A named step from graph to graph. */
export interface Pass {
  readonly name: string;
  readonly pass: (graph: Graph) => Graph;
}

/** Hears what each pass made of which graph, as soon as it has run: for a description or a profile. */
export type PassObserver = (name: string, before: Graph, after: Graph) => void;

/** Runs passes in order. */
export function runPasses(graph: Graph, passes: readonly Pass[], observe?: PassObserver): Graph {
  return passes.reduce((before, { name, pass }) => {
    const after = pass(before);
    observe?.(name, before, after);
    return after;
  }, graph);
}
