import type { Graph } from "../onnx/graph.ts";
import { findBufferLimit, SURE_BUFFER } from "../runtime/buffer-limit.ts";
import type { Runtime, SessionOptions } from "../runtime/runtime.ts";
import { keepsOnDevice } from "../runtime/uploader.ts";
import { dtypeArrays } from "../tensor/dtype.ts";
import { OptionError } from "../tensor/errors.ts";
import { sizeOf } from "../tensor/shape.ts";

/** Bytes of the largest tensor that a step computes or takes. */
function largestTensor({ inputs, outputs, types }: Graph): number {
  const sizes = [...inputs, ...outputs, ...types.values()].map(({ dtype, shape }) =>
    shape.every((extent) => typeof extent === "number") ? sizeOf(shape) * dtypeArrays[dtype].BYTES_PER_ELEMENT : 0,
  );
  return sizes.reduce((largest, size) => Math.max(largest, size), 0);
}

const inMebibytes = (bytes: number): string => `${Math.floor(bytes / 2 ** 20)} MiB`;

/**
 * Makes sure that every tensor of a step fits into a buffer of the device, before the training starts.
 *
 * @param write writes the step's lowered graph; only called where there is a device
 * @throws {OptionError} naming the limit and the largest batch
 */
export async function requireBuffers(
  { runtime, session = {}, batch }: { readonly runtime: Runtime; readonly session?: SessionOptions; batch: number },
  write: () => Graph,
): Promise<void> {
  if (!keepsOnDevice(runtime, session)) return;
  const largest = largestTensor(write());
  const limit = largest > SURE_BUFFER ? await findBufferLimit(runtime, largest, session) : undefined;
  if (limit === undefined) return;
  const most = Math.floor((batch * limit) / largest);
  const found = `${batch} makes a tensor of ${inMebibytes(largest)}, and the device takes at most ${inMebibytes(limit)} in one buffer`;
  const remedy =
    most > 0
      ? `take a batch of at most ${most}; \`accumulate\` keeps the images of a step`
      : "take smaller images, or the processor";
  throw new OptionError("batch", `${found}; ${remedy}`);
}
