import { expect, test } from "vitest";
import { float32, int64, type Tensor } from "../tensor/tensor.ts";
import { toFloat32 } from "./to-float32.ts";

test("a float32 tensor is passed on without a copy", () => {
  const value = float32([2], [1, 2]);
  expect(toFloat32(value)).toBe(value);
});

test.each<readonly [Tensor, readonly number[]]>([
  [int64([3], [-1, 0, 2 ** 40]), [-1, 0, 2 ** 40]],
  [{ dtype: "uint64", shape: [1], data: BigUint64Array.of(2n ** 64n - 1n) }, [2 ** 64]],
  [{ dtype: "float64", shape: [2], data: Float64Array.of(0.1, 1e300) }, [Math.fround(0.1), Infinity]],
  [{ dtype: "float16", shape: [2], data: Uint16Array.of(0x3c00, 0xc000) }, [1, -2]],
  [{ dtype: "bfloat16", shape: [2], data: Uint16Array.of(0x3f80, 0xc000) }, [1, -2]],
  [{ dtype: "bool", shape: [2], data: Uint8Array.of(0, 1) }, [0, 1]],
  [{ dtype: "int8", shape: [2], data: Int8Array.of(-128, 127) }, [-128, 127]],
])("%o becomes %o", (value, expected) => {
  const converted = toFloat32(value);
  expect(converted.shape).toEqual(value.shape);
  expect([...converted.data]).toEqual(expected);
});
