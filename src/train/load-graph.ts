import { toModel } from "../compile/inference.ts";
import { encodeModel } from "../onnx/encode.ts";
import type { Graph } from "../onnx/graph.ts";
import type { Runtime, Session, SessionOptions } from "../runtime/runtime.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { portableOn } from "./lowering.ts";

/** A logical graph that is ready to run. */
export interface LoadedGraph {
  readonly inputNames: readonly string[];
  /** Runs it once; tensors go in and come out as the logical graph declares them. */
  readonly run: (feeds: Readonly<Record<string, Tensor>>) => Promise<Readonly<Record<string, Tensor>>>;
  readonly release: Session["release"];
}

/** Compiles a logical graph that measures something, such as gradients, for the runtime's device; the caller releases it. */
export async function loadGraph(runtime: Runtime, graph: Graph, options?: SessionOptions): Promise<LoadedGraph> {
  const { write, layouts } = portableOn(runtime).lower(graph);
  const session = await runtime.load(encodeModel(toModel(write())), options);
  return {
    inputNames: session.inputNames,
    run: async (feeds) => {
      const packed = Object.entries(feeds).map(
        ([name, value]) => [name, layouts.get(name)?.pack(value) ?? value] as const,
      );
      const results = await session.run(Object.fromEntries(packed));
      const read = Object.entries(results).map(async ([name, result]) => {
        const value = await result.read();
        return [name, layouts.get(name)?.unpack(value) ?? value] as const;
      });
      return Object.fromEntries(await Promise.all(read));
    },
    release: () => session.release(),
  };
}
