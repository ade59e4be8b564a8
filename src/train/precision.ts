import { toModel } from "../compile/inference.ts";
import type { Lowering } from "../compile/lowering.ts";
import { createGraphBuilder } from "../onnx/builder.ts";
import { encodeModel } from "../onnx/encode.ts";
import { onnxDtypes } from "../onnx/operators/elementwise.ts";
import type { Runtime, SessionOptions } from "../runtime/runtime.ts";
import { keepsOnDevice } from "../runtime/uploader.ts";
import { OptionError } from "../tensor/errors.ts";
import { float32 } from "../tensor/tensor.ts";
import type { Recipe } from "./recipe.ts";

/** Casts to float16 and back, by a program where there are programs. */
function writeProbe(): Uint8Array {
  const g = createGraphBuilder("float16");
  const x = g.input("x", "float32", [1]);
  const half = g.op("Cast", [x], { to: onnxDtypes.float16 });
  g.output("y", g.op("Cast", [g.op("Add", [half, half])], { to: onnxDtypes.float32 }));
  return encodeModel(toModel(g.finish()));
}

/** @throws {OptionError} if an adapter of WebGPU has no float16: `shader-f16` is optional, and ONNX Runtime does not tell what it has */
async function requireFloat16(runtime: Runtime, options: SessionOptions): Promise<void> {
  if (!keepsOnDevice(runtime, options)) return;
  const session = await runtime.load(writeProbe(), options);
  try {
    await session.run({ x: float32([1], [1]) });
  } catch (cause) {
    if (!/f16/.test(String(cause))) throw cause;
    throw new OptionError("precision", '"mixed" needs float16, which this adapter lacks (shader-f16); take "float32"', {
      cause,
    });
  } finally {
    await session.release();
  }
}

/**
 * The lowering that obeys a recipe's precision.
 *
 * @throws {OptionError} naming the precision if the lowering or the device cannot have it
 */
export async function lowerAt(
  { precision = "float32" }: Pick<Recipe, "precision">,
  {
    lowering,
    runtime,
    session = {},
  }: {
    readonly lowering: Lowering;
    readonly runtime: Runtime;
    readonly session?: SessionOptions | undefined;
  },
): Promise<Lowering> {
  if (precision === "float32") return lowering;
  if (lowering.mixed === undefined)
    throw new OptionError("precision", `"mixed" needs the portable lowering, got "${lowering.name}"`);
  await requireFloat16(runtime, session);
  return lowering.mixed();
}
