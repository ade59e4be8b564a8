import * as fc from "fast-check";
import { expect, test } from "vitest";
import { readGoldenBytes } from "../../test/support/weights.ts";
import { isDtype } from "../tensor/tensor.ts";
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from "../tensor/half.ts";
import { decodeNpy } from "./npy.ts";

function readFloat32(): Float32Array {
  const value = decodeNpy(readGoldenBytes("arrays/rounding-float32.npy"), "rounding-float32.npy");
  if (!isDtype(value, "float32")) throw new TypeError("the golden file must be float32");
  return value.data;
}

test("float32 numbers of every magnitude, ties among them, round to NumPy's float16 bits", () => {
  const expected = decodeNpy(readGoldenBytes("arrays/rounding-float16.npy"), "rounding-float16.npy");
  expect(expected.dtype).toBe("float16");
  expect(float32ToFloat16(readFloat32())).toEqual(expected.data);
});

test("float32 numbers of every magnitude, ties among them, round to PyTorch's bfloat16 bits", () => {
  const expected = decodeNpy(readGoldenBytes("arrays/rounding-bfloat16.npy"), "rounding-bfloat16.npy");
  expect(float32ToBfloat16(readFloat32())).toEqual(expected.data);
});

test("every float16 that is a number survives a trip through float32", () => {
  const numbers = Uint16Array.from({ length: 65536 }, (_, bits) => bits).filter((bits) => (bits & 0x7fff) <= 0x7c00);
  expect(float32ToFloat16(float16ToFloat32(numbers))).toEqual(numbers);
});

test("every bfloat16 that is a number survives a trip through float32", () => {
  const numbers = Uint16Array.from({ length: 65536 }, (_, bits) => bits).filter((bits) => (bits & 0x7fff) <= 0x7f80);
  expect(float32ToBfloat16(bfloat16ToFloat32(numbers))).toEqual(numbers);
});

test("float16 bits stand for the numbers of IEEE 754", () => {
  const bits = Uint16Array.of(0x0000, 0x8000, 0x0001, 0x03ff, 0x0400, 0x3c00, 0x3555, 0x7bff, 0xfc00);
  const numbers = [0, -0, 2 ** -24, 2 ** -14 - 2 ** -24, 2 ** -14, 1, 0.333251953125, 65504, -Infinity];
  expect([...float16ToFloat32(bits)]).toEqual(numbers);
});

test("what is no number stays none in both half types", () => {
  const nan = new Float32Array(Uint32Array.of(0x7fc00000, 0x7f800001, 0xffffffff).buffer);
  expect([...float16ToFloat32(float32ToFloat16(nan))]).toEqual([NaN, NaN, NaN]);
  expect([...bfloat16ToFloat32(float32ToBfloat16(nan))]).toEqual([NaN, NaN, NaN]);
});

test("no float16 lies nearer to a number than the one it is rounded to", () => {
  const within = fc.float({ noNaN: true, min: -65504, max: 65504 });
  fc.assert(
    fc.property(within, (number) => {
      const bits = float32ToFloat16(Float32Array.of(number))[0] ?? 0;
      const neighbours = Uint16Array.of(bits, bits + 1, Math.max(bits - 1, bits & 0x8000));
      const [own, ...others] = [...float16ToFloat32(neighbours)].map((value) => Math.abs(value - number));
      expect(Math.min(...others)).toBeGreaterThanOrEqual(own ?? NaN);
    }),
  );
});
