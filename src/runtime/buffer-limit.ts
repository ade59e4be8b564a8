import { toModel } from "../compile/inference.ts";
import { createGraphBuilder } from "../onnx/builder.ts";
import { encodeModel } from "../onnx/encode.ts";
import { float32 } from "../tensor/tensor.ts";
import type { Runtime, SessionOptions } from "./runtime.ts";

/** Bytes that every WebGPU adapter takes in one buffer. @source the WebGPU specification, maxStorageBufferBindingSize */
export const SURE_BUFFER = 134_217_728;
const BYTES_PER_ELEMENT = 4;
/** How closely the limit is found, as a share of it. */
const CLOSENESS = 0.1;

/** A model that fills one tensor of as many bytes and returns its first element. */
function fillingModel(bytes: number): Uint8Array {
  const g = createGraphBuilder("fill");
  const x = g.input("x", "float32", [1]);
  const wide = g.op("Expand", [x, g.ints([Math.floor(bytes / BYTES_PER_ELEMENT)])]);
  g.output("y", g.op("Slice", [wide, g.ints([0]), g.ints([1]), g.ints([0])]));
  return encodeModel(toModel(g.finish()));
}

/** Whether the device takes as many bytes in one buffer, found out by filling one. */
async function takesBuffer(runtime: Runtime, bytes: number, options: SessionOptions): Promise<boolean> {
  const session = await runtime.load(fillingModel(bytes), options);
  try {
    const { y } = await session.run({ x: float32([1], [1]) });
    return (await y.read()).data[0] === 1;
  } catch {
    return false;
  } finally {
    await session.release();
  }
}

/**
 * Finds how much a device takes in one buffer, if that is less than `wanted`. ONNX Runtime does not tell an adapter's limits, nor
 * how much memory there is, so buffers are filled until one fails.
 *
 * @param wanted bytes
 * @param options those of the session that needs the buffer
 * @returns bytes, within a tenth; undefined if `wanted` fits
 */
export async function findBufferLimit(
  runtime: Runtime,
  wanted: number,
  options: SessionOptions = {},
): Promise<number | undefined> {
  if (wanted <= SURE_BUFFER || (await takesBuffer(runtime, wanted, options))) return undefined;
  let [fits, fails] = [SURE_BUFFER, wanted];
  while (fails - fits > CLOSENESS * fits) {
    const middle = BYTES_PER_ELEMENT * Math.floor((fits + fails) / 2 / BYTES_PER_ELEMENT);
    if (await takesBuffer(runtime, middle, options)) fits = middle;
    else fails = middle;
  }
  return fits;
}
