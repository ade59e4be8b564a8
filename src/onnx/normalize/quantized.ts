import type { DType } from "../../tensor/dtype.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { float32, type Tensor } from "../../tensor/tensor.ts";
import type { NormalizeRule, Rewriting } from "./rewriting.ts";

/** The whole numbers that each quantised type can hold. */
export const quantizedRanges: { readonly [D in DType]?: readonly [low: number, high: number] } = {
  int16: [-32768, 32767],
  int8: [-128, 127],
  uint16: [0, 65535],
  uint8: [0, 255],
};

/** The type of a quantised value: that of the zero point, or uint8. */
function quantizedType(rewriting: Rewriting): DType {
  return rewriting.optional(2) === undefined ? "uint8" : rewriting.type(2).dtype;
}

/** @throws {UnsupportedError} for scales per block, which came in version 21 */
function refuseBlocks(rewriting: Rewriting): void {
  if (rewriting.int("block_size", 0) !== 0) rewriting.refuse("has one scale per block");
}

/** A vector along `axis` as `[…1, n, 1…]`, to broadcast over x; a scalar as it is. */
function alongAxis(rewriting: Rewriting, name: string, index: number): string {
  const extents = rewriting.type(index).shape;
  if (extents.length === 0 || (extents.length === 1 && extents[0] === 1)) return name;
  const rank = rewriting.type(0).shape.length;
  const axis = rewriting.int("axis", 1);
  const at = axis < 0 ? axis + rank : axis;
  return rewriting.add("Reshape", [
    name,
    rewriting.wholes(Array.from({ length: rank }, (_, i) => (i === at ? -1 : 1))),
  ]);
}

/** Scale and zero point as float32, to broadcast over x. */
function readSteps(rewriting: Rewriting): { readonly scale: string; readonly zero: string | undefined } {
  const zero = rewriting.optional(2);
  return {
    scale: alongAxis(rewriting, rewriting.input(1), 1),
    zero: zero === undefined ? undefined : alongAxis(rewriting, rewriting.add("Cast", [zero], { to: 1 }), 2),
  };
}

/**
 * y = saturate(round(x / scale) + zero). The whole numbers stay in float32, which holds all of 16 bits exactly.
 * @source ONNX, QuantizeLinear-13
 */
const quantize: NormalizeRule = (rewriting) => {
  refuseBlocks(rewriting);
  const range = quantizedRanges[quantizedType(rewriting)];
  if (range === undefined) return rewriting.refuse(`gives ${quantizedType(rewriting)}`);
  const { scale, zero } = readSteps(rewriting);
  const rounded = rewriting.add("Round", [rewriting.add("Div", [rewriting.input(0), scale])]);
  const shifted = zero === undefined ? rounded : rewriting.add("Add", [rounded, zero]);
  const [low, high] = range.map((bound) => rewriting.floats([], [bound]));
  rewriting.finish("Clip", [shifted, low, high]);
};

/** (constant − zero) · scale. @param axis of the scales, if there are several */
function dequantizeConstant(value: Tensor, scale: Tensor, zero: Tensor | undefined, axis: number): Tensor {
  const inner = sizeOf(value.shape.slice(axis + 1));
  const count = scale.data.length;
  const result = new Float32Array(value.data.length);
  for (let index = 0; index < result.length; index++) {
    const at = count === 1 ? 0 : Math.floor(index / inner) % count;
    const offset = zero === undefined ? 0 : Number(zero.data[zero.data.length === 1 ? 0 : at]);
    result[index] = (Number(value.data[index]) - offset) * Number(scale.data[at]);
  }
  return float32(value.shape, result);
}

/** x = (y − zero) · scale: at once if y is a constant, which makes a quantised weight one that can be trained. */
const dequantize: NormalizeRule = (rewriting) => {
  refuseBlocks(rewriting);
  const [value, scale, zero] = [0, 1, 2].map((index) => rewriting.constant(index));
  const [output] = rewriting.node.outputs;
  const given = rewriting.int("axis", 1);
  if (value !== undefined && scale !== undefined && (zero !== undefined || rewriting.optional(2) === undefined)) {
    const axis = given < 0 ? given + value.shape.length : given;
    if (scale.data.length > 1 && value.shape[axis] !== scale.data.length)
      rewriting.refuse(`has ${scale.data.length} scales along an axis of ${value.shape[axis] ?? 0}`);
    rewriting.reserve(value.data.length / 16);
    return rewriting.define(output, dequantizeConstant(value, scale, zero, axis));
  }
  const steps = readSteps(rewriting);
  const x = rewriting.input(0);
  const { dtype } = rewriting.type(0);
  const whole = dtype === "float32" ? x : rewriting.add("Cast", [x], { to: 1 });
  const centred = steps.zero === undefined ? whole : rewriting.add("Sub", [whole, steps.zero]);
  rewriting.finish("Mul", [centred, steps.scale]);
};

/** Largest constant that a Cast widens at once. */
const largestCast = 2 ** 28;

/** A cast to the same type is none; a constant is cast at once, since exporters keep weights in smaller types. */
const cast: NormalizeRule = (rewriting) => {
  // From version 19, `saturate` is about eight-bit floats, which Residua does not have.
  const settled = { attributes: { saturate: undefined, round_mode: undefined } };
  const to = rewriting.int("to", 0);
  const [output] = rewriting.node.outputs;
  if (to !== 1) return rewriting.keep(settled);
  const held = rewriting.constant(0);
  if (held !== undefined && held.dtype !== "float32" && held.data.length < largestCast)
    return rewriting.define(output, float32(held.shape, Float32Array.from(held.data as ArrayLike<number>, Number)));
  if (rewriting.knownType(0)?.dtype === "float32") return rewriting.replace(output, rewriting.input(0));
  return rewriting.keep(settled);
};

/** Quantised values become float32 with the same steps. */
export const quantizedRules: Readonly<Record<string, NormalizeRule>> = {
  Cast: cast,
  DequantizeLinear: dequantize,
  QuantizeLinear: quantize,
};
