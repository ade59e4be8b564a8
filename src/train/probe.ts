import { toModel } from "../compile/inference.ts";
import { createGraphBuilder } from "../onnx/builder.ts";
import { encodeModel } from "../onnx/encode.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { float32 } from "../tensor/tensor.ts";

/** Channels in a block, as ONNX Runtime's kernels have them on one processor. */
export type BlockSize = 8 | 16;

/**
 * The block size of ONNX Runtime's blocked kernels on this machine: 16 with AVX-512, 8 with AVX2, none elsewhere. Puts
 * four channels into blocks and looks how many come out.
 */
export async function probeBlockSize(runtime: Runtime): Promise<BlockSize | undefined> {
  if (!runtime.hasBlockedDomain) return undefined;
  const g = createGraphBuilder("probe");
  const x = g.input("x", "float32", [1, 4, 1, 1]);
  const y = g.op("BlockedReorderInput", [x]);
  g.output("y", { ...y, shape: ["N", "C", 1, 1] });
  try {
    const session = await runtime.load(encodeModel(toModel(g.finish())));
    try {
      const results = await session.run({ x: float32([1, 4, 1, 1], [1, 2, 3, 4]) });
      const channels = results["y"].shape[1];
      return channels === 8 || channels === 16 ? channels : undefined;
    } finally {
      await session.release();
    }
  } catch {
    return undefined;
  }
}
