import { expect } from "vitest";
import { createBlockedLowering } from "../../src/compile/blocked/lowering.ts";
import { toModel } from "../../src/compile/inference.ts";
import type { Lowering } from "../../src/compile/lowering.ts";
import { portable } from "../../src/compile/portable/lowering.ts";
import { encodeModel } from "../../src/onnx/encode.ts";
import type { Graph } from "../../src/onnx/graph.ts";
import { probeBlockSize } from "../../src/runtime/probe.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { randomStream } from "../../src/tensor/random.ts";
import { type Shape, sizeOf } from "../../src/tensor/shape.ts";
import { float32, type Tensor } from "../../src/tensor/tensor.ts";

export type Tensors = Readonly<Record<string, Tensor>>;

/** A float32 tensor of standard normal values. */
export function normalTensor(seed: number, name: string, shape: Shape): Tensor {
  const stream = randomStream(seed, name);
  return float32(
    shape,
    Float32Array.from({ length: sizeOf(shape) }, () => stream.normal()),
  );
}

/** Runs a logical graph through a lowering; tensors go in and come out row-major. */
export async function runLowered(
  runtime: Runtime,
  lowering: Lowering,
  graph: Graph,
  feeds: Tensors,
  threads = 2,
): Promise<Tensors> {
  const lowered = lowering.lower(graph);
  const session = await runtime.load(encodeModel(toModel(lowered.write())), { threads });
  try {
    const packed = graph.inputs.map(({ name }) => {
      const value = feeds[name];
      return [name, lowered.layouts.get(name)?.pack(value) ?? value] as const;
    });
    const results = await session.run(Object.fromEntries(packed));
    const read = Object.entries(results).map(async ([name, result]) => {
      const value = await result.read();
      return [name, lowered.layouts.get(name)?.unpack(value) ?? value] as const;
    });
    return Object.fromEntries(await Promise.all(read));
  } finally {
    await session.release();
  }
}

/** ‖a − b‖ / max(‖b‖, least), or ‖a‖ where that is zero. */
function relativeError(a: Tensor, b: Tensor, least: number): number {
  const actual = a.data as Float32Array;
  const wanted = b.data as Float32Array;
  if (actual.length !== wanted.length) return Number.POSITIVE_INFINITY;
  let difference = 0;
  let size = 0;
  for (let index = 0; index < wanted.length; index++) {
    difference += (actual[index] - wanted[index]) ** 2;
    size += wanted[index] ** 2;
  }
  const norm = Math.max(Math.sqrt(size), least);
  return Math.sqrt(difference) / (norm === 0 ? 1 : norm);
}

/** How far a lowering's outputs may be from the portable one's. */
interface Agreement {
  /** Of every output, ‖a − b‖ / ‖b‖. */
  readonly tolerance: number;
  /** What smaller outputs are measured by. Default 0. */
  readonly least?: number;
}

/** Runs a logical graph through a lowering and through the portable one, and expects the same outputs but for rounding. */
export async function expectAgreement(
  runtime: Runtime,
  lowering: Lowering,
  graph: Graph,
  feeds: Tensors,
  { tolerance, least = 0 }: Agreement,
): Promise<void> {
  const actual = await runLowered(runtime, lowering, graph, feeds);
  const wanted = await runLowered(runtime, portable, graph, feeds);
  for (const [name, value] of Object.entries(wanted))
    expect(relativeError(actual[name], value, least), name).toBeLessThan(tolerance);
}

/** The blocked lowering for this machine, for tests that need one. */
export async function blockedForThisMachine(runtime: Runtime): Promise<Lowering | undefined> {
  const block = await probeBlockSize(runtime);
  return block && createBlockedLowering(block);
}
