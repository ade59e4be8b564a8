import { toModel } from "../../src/compile/inference.ts";
import { encodeModel } from "../../src/onnx/encode.ts";
import type { Graph } from "../../src/onnx/graph.ts";
import type { Lowering } from "../../src/compile/lowering.ts";
import { portable } from "../../src/compile/portable/lowering.ts";
import { createNodeRuntime } from "../../src/runtime/node.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

/** Lowers a logical graph, runs it once and returns its outputs row-major. */
export async function runGraph(
  graph: Graph,
  feeds: Readonly<Record<string, Tensor>>,
  lowering: Lowering = portable,
  runtime: Runtime = createNodeRuntime(),
): Promise<Readonly<Record<string, Tensor>>> {
  const lowered = lowering.lower(graph);
  const session = await runtime.load(encodeModel(toModel(lowered.write())), { threads: 1 });
  try {
    const packed = Object.fromEntries(
      graph.inputs.map(({ name }) => [name, lowered.layouts.get(name)?.pack(feeds[name]) ?? feeds[name]]),
    );
    const results = await session.run(packed);
    const read = Object.entries(results).map(async ([name, value]) => {
      const stored = await value.read();
      return [name, lowered.layouts.get(name)?.unpack(stored) ?? stored] as const;
    });
    return Object.fromEntries(await Promise.all(read));
  } finally {
    await session.release();
  }
}
