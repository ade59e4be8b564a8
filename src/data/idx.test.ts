import fc from "fast-check";
import { expect, test } from "vitest";
import { thrownBy } from "../../test/support/thrown-by.ts";
import { FormatError } from "../tensor/errors.ts";
import { decodeIdx } from "./idx.ts";

/** An idx file of unsigned bytes, as LeCun's page describes it: big-endian extents, then the elements. */
function idxFile(shape: readonly number[], data: readonly number[], type = 0x08): Uint8Array {
  const bytes = new Uint8Array(4 * (shape.length + 1) + data.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0, 0, type, shape.length]);
  shape.forEach((extent, axis) => view.setUint32(4 * (axis + 1), extent));
  bytes.set(data, 4 * (shape.length + 1));
  return bytes;
}

test("a file written by hand is read with its extents in order", () => {
  const bytes = Uint8Array.of(0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 255);
  const { shape, data } = decodeIdx(bytes, "digits");
  expect(shape).toEqual([2, 3]);
  expect([...data]).toEqual([1, 2, 3, 4, 5, 255]);
});

test("a file that begins in the middle of its buffer is read the same, and not copied", () => {
  const whole = Uint8Array.of(9, 9, 9, ...idxFile([2], [7, 8]));
  const { data } = decodeIdx(whole.subarray(3), "digits");
  expect([...data]).toEqual([7, 8]);
  expect(data.buffer).toBe(whole.buffer);
});

test.each([
  ["nothing", new Uint8Array(0), "is not an idx file, or truncated in its header"],
  ["three bytes", Uint8Array.of(0, 0, 8), "is not an idx file, or truncated in its header"],
  ["half an extent", idxFile([2, 2], [1, 2, 3, 4]).subarray(0, 10), "is not an idx file, or truncated in its header"],
  ["no axis", Uint8Array.of(0, 0, 8, 0, 5), "is not an idx file, or truncated in its header"],
  ["gzip", Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0), "is not an idx file, or truncated in its header"],
  ["floats", idxFile([1], [0, 0, 0, 0], 0x0d), "holds elements of type 0xd, must be unsigned bytes (0x8)"],
  ["a missing byte", idxFile([2, 2], [1, 2, 3]), "is truncated: its header says 4 elements, it holds 3"],
  ["a byte too many", idxFile([2, 2], [1, 2, 3, 4, 5]), "is too long: its header says 4 elements, it holds 5"],
  [
    "extents whose product no machine holds",
    idxFile([2 ** 32 - 1, 2 ** 32 - 1], [1]),
    "is truncated: its header says 18446744065119617000 elements, it holds 1",
  ],
])("a file of %s is refused in one line", (_, bytes, message) => {
  const decode = (): unknown => decodeIdx(bytes, "digits");
  expect(decode).toThrow(FormatError);
  expect(decode).toThrow(new FormatError("digits", message));
});

test("255 axes of the largest extent are refused without memory for them", () => {
  const bytes = new Uint8Array(4 * 256).fill(255);
  bytes.set([0, 0, 8, 255]);
  expect(() => decodeIdx(bytes, "digits")).toThrow(/^digits: is truncated: [^\n]*it holds 0$/);
});

test("an axis of no elements makes the array empty, however large the others are", () => {
  const bytes = idxFile([...Array.from({ length: 40 }, () => 2 ** 32 - 1), 0], []);
  expect(decodeIdx(bytes, "digits").data).toHaveLength(0);
});

test("any bytes are read whole or refused with a FormatError of one line", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.boolean(), (bytes, begun) => {
      if (begun) bytes.set([0, 0, 8].slice(0, bytes.length));
      const error = thrownBy(() => {
        const { shape, data } = decodeIdx(bytes, "digits");
        expect(data).toHaveLength(shape.reduce((product, extent) => product * extent, 1));
      });
      expect(error === undefined || (error instanceof FormatError && !error.message.includes("\n"))).toBe(true);
    }),
  );
});
