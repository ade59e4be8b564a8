import type { Lowering } from "../../src/compile/lowering.ts";
import type { Graph } from "../../src/onnx/graph.ts";
import { createNodeRuntime } from "../../src/runtime/node.ts";
import { sizeOf } from "../../src/tensor/shape.ts";
import { float32, type Tensor } from "../../src/tensor/tensor.ts";
import { createMemoryCollectives } from "../../src/train/strategies/collective.ts";
import { loadStages } from "../../src/train/strategies/staged-session.ts";

type Tensors = Readonly<Record<string, Tensor>>;

/** Lowers a logical graph and runs it once on several ranks in this process. @returns each rank's outputs, row-major */
export async function runOnRanks(
  graph: Graph,
  feeds: readonly Tensors[],
  lowering: Lowering,
): Promise<readonly Tensors[]> {
  const { layouts, write } = lowering.lower(graph);
  const lowered = write();
  return Promise.all(
    createMemoryCollectives(feeds.length).map(async (collective) => {
      const session = await loadStages(createNodeRuntime(), lowered, collective, { threads: 1 });
      try {
        const fed = feeds[collective.rank];
        const packed = graph.inputs.map(({ name }) => [name, layouts.get(name)?.pack(fed[name]) ?? fed[name]] as const);
        const results = await session.run(Object.fromEntries(packed));
        const read = Object.entries(results).map(async ([name, value]) => {
          const stored = await value.read();
          return [name, layouts.get(name)?.unpack(stored) ?? stored] as const;
        });
        return Object.fromEntries(await Promise.all(read));
      } finally {
        await session.release();
      }
    }),
  );
}

/** A rank's part of a tensor along its first axis. */
export function partOf({ shape: [count, ...rest], data }: Tensor, rank: number, ranks: number): Tensor<"float32"> {
  const [own, each] = [count / ranks, sizeOf(rest)];
  return float32([own, ...rest], (data as Float32Array).slice(rank * own * each, (rank + 1) * own * each));
}

/** The ranks' parts, one after another. */
export function joinParts(parts: readonly Tensor[]): Float32Array {
  return Float32Array.from(parts.flatMap(({ data }) => [...(data as Float32Array)]));
}

/** The sum of what ranks have. */
export function addParts(parts: readonly Tensor[]): Float32Array {
  const sum = new Float32Array(parts[0].data.length);
  for (const { data } of parts) for (const [index, value] of (data as Float32Array).entries()) sum[index] += value;
  return sum;
}
