import type { BlockSize } from "../compile/blocked/layout.ts";
import { toModel } from "../compile/inference.ts";
import { createGraphBuilder } from "../onnx/builder.ts";
import { encodeModel } from "../onnx/encode.ts";
import { float32 } from "../tensor/tensor.ts";
import type { Runtime } from "./runtime.ts";

const known = new WeakMap<Runtime, Promise<BlockSize | undefined>>();

/**
 * The block size of ONNX Runtime's blocked kernels on this machine: 16 with AVX-512, 8 with AVX2, none elsewhere. Puts
 * four channels into blocks and counts how many come out. Each runtime is asked once.
 */
export function probeBlockSize(runtime: Runtime): Promise<BlockSize | undefined> {
  const answer = known.get(runtime) ?? (runtime.hasBlockedDomain ? askBlockSize(runtime) : Promise.resolve(undefined));
  known.set(runtime, answer);
  return answer;
}

async function askBlockSize(runtime: Runtime): Promise<BlockSize | undefined> {
  const g = createGraphBuilder("probe");
  const x = g.input("x", "float32", [1, 4, 1, 1]);
  // Declared as a name, since more channels come out than went in.
  g.output("y", { ...g.op("BlockedReorderInput", [x]), shape: [1, "C", 1, 1] });
  try {
    const session = await runtime.load(encodeModel(toModel(g.finish())));
    try {
      const { y } = await session.run({ x: float32([1, 4, 1, 1], [1, 2, 3, 4]) });
      const channels = y.shape[1];
      return channels === 8 || channels === 16 ? channels : undefined;
    } finally {
      await session.release();
    }
  } catch {
    return undefined;
  }
}
