import * as fc from "fast-check";
import { expect, test } from "vitest";
import { arbitraryTensors, contentOf, crashOf } from "../../../test/support/weights.ts";
import { FormatError, OptionError, ShapeError } from "../../tensor/errors.ts";
import { float32, int64, type Tensor } from "../../tensor/tensor.ts";
import { decodeSafetensors, encodeSafetensors, encodeSafetensorsChunks } from "./safetensors.ts";

const where = "w.safetensors";

/** A file by hand: any text as its header, any bytes as its data, any claim about the header's length. */
function makeFile(header: unknown, data: Uint8Array | number = 0, length?: bigint): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const content = typeof data === "number" ? new Uint8Array(data) : data;
  const file = new Uint8Array(8 + text.length + content.length);
  new DataView(file.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  file.set(text, 8);
  file.set(content, 8 + text.length);
  return file;
}

const entry = (begin: number, end: number): object => ({
  dtype: "F32",
  shape: [(end - begin) / 4],
  data_offsets: [begin, end],
});

test("a file has the bytes that the format prescribes", () => {
  const header = '{"__metadata__":{"a":"1"},"x":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}';
  const length = Math.ceil(header.length / 8) * 8;
  const expected = makeFile(header.padEnd(length), new Uint8Array(Float32Array.of(1.5, -2).buffer));
  expect(encodeSafetensors(new Map([["x", float32([1, 2], [1.5, -2])]]), { a: "1" })).toEqual(expected);
});

test("decode inverts encode for tensors of every type, shape and name, metadata included", () => {
  const notes = fc.dictionary(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), { maxKeys: 4 });
  fc.assert(
    fc.property(arbitraryTensors(), notes, (tensors, metadata) => {
      const file = decodeSafetensors(encodeSafetensors(tensors, metadata), where);
      const byName = (map: ReadonlyMap<string, Tensor>): unknown =>
        contentOf(new Map([...map].toSorted(([a], [b]) => (a < b ? -1 : 1))));
      expect(byName(file.tensors)).toEqual(byName(tensors));
      expect(new Map(Object.entries(file.metadata))).toEqual(new Map(Object.entries(metadata)));
    }),
  );
});

test("the order in which tensors and metadata were added does not change the bytes", () => {
  fc.assert(
    fc.property(arbitraryTensors(), (tensors) => {
      const reversed = new Map([...tensors].toReversed());
      expect(encodeSafetensors(reversed, { b: "2", a: "1" })).toEqual(encodeSafetensors(tensors, { a: "1", b: "2" }));
    }),
  );
});

test("tensors of an encoded file are views into it, and the chunks are the tensors' own memory", () => {
  const tensors = new Map<string, Tensor>([
    ["byte", { dtype: "uint8", shape: [1], data: Uint8Array.of(7) }],
    ["float", float32([1], [3])],
    ["long", int64([1], [5])],
  ]);
  const file = encodeSafetensors(tensors);
  for (const { data } of decodeSafetensors(file, where).tensors.values()) expect(data.buffer).toBe(file.buffer);
  const buffers = encodeSafetensorsChunks(tensors).map(({ buffer }) => buffer);
  for (const { data } of tensors.values()) expect(buffers).toContain(data.buffer);
});

test("a file that does not begin at an aligned address is still read", () => {
  const file = encodeSafetensors(new Map([["long", int64([2], [1, -1])]]));
  const shifted = new Uint8Array(file.length + 3);
  shifted.set(file, 3);
  expect(contentOf(decodeSafetensors(shifted.subarray(3), where).tensors)).toEqual(
    contentOf(decodeSafetensors(file, where).tensors),
  );
});

test.each<readonly [string, Uint8Array, RegExp]>([
  ["an empty file", new Uint8Array(0), /too few/],
  ["a header beyond the format's limit", makeFile("{}", 0, 100_000_001n), /the limit is 100000000/],
  ["a header length of 2⁶⁴ − 1", makeFile("{}", 0, 2n ** 64n - 1n), /the limit is/],
  ["a header longer than the file", makeFile("{}", 0, 64n), /is truncated/],
  ["a header that is no JSON", makeFile("{x"), /not JSON/],
  ["a header that is a list", makeFile("[]"), /not a JSON object/],
  ["a header that is not UTF-8", makeFile("{}", Uint8Array.of(0xff), 3n), /not UTF-8/],
  ["a header of a million brackets", makeFile(`{"x":${"[".repeat(1e6)}`), /nests deeper/],
  [
    "an unknown element type",
    makeFile({ x: { ...entry(0, 4), dtype: "F8_E4M3" } }, 4),
    /"F8_E4M3"; must be one of F64/,
  ],
  ["an entry that is a number", makeFile({ x: 1 }), /"x" is not described/],
  ["a negative extent", makeFile({ x: { ...entry(0, 4), shape: [-1] } }, 4), /no valid shape/],
  ["a fractional extent", makeFile({ x: { ...entry(0, 4), shape: [0.5, 2] } }, 4), /no valid shape/],
  ["a shape of 65 axes", makeFile({ x: { ...entry(0, 4), shape: Array(65).fill(1) } }, 4), /no valid shape/],
  ["three offsets", makeFile({ x: { ...entry(0, 4), data_offsets: [0, 4, 4] } }, 4), /no valid data_offsets/],
  ["offsets in reverse", makeFile({ x: { ...entry(0, 4), data_offsets: [4, 0] } }, 4), /takes 4 bytes/],
  ["a lie about the size", makeFile({ x: { ...entry(0, 4), shape: [2] } }, 4), /takes 8 bytes.*span 4/],
  ["a size beyond all numbers", makeFile({ x: { ...entry(0, 4), shape: Array(9).fill(2 ** 50) } }, 4), /span 4/],
  ["overlapping tensors", makeFile({ x: entry(0, 8), y: entry(4, 12) }, 12), /"y" overlaps/],
  ["two tensors in one place", makeFile({ x: entry(0, 4), y: entry(0, 4) }, 4), /"y" overlaps/],
  ["a gap", makeFile({ x: entry(0, 4), y: entry(8, 12) }, 12), /"y" leaves a gap/],
  ["bytes that belong to no tensor", makeFile({ x: entry(0, 4) }, 8), /4 bytes that belong to no tensor/],
  ["missing data", makeFile({ x: entry(0, 8) }, 4), /is truncated/],
  ["a name that comes twice", makeFile('{"x":{},"x":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}'), /twice/],
  ["metadata that is no text", makeFile({ __metadata__: { a: 1 } }), /__metadata__/],
])("%s is refused in one line", (_, file, message) => {
  expect(() => decodeSafetensors(file, where)).toThrow(FormatError);
  expect(() => decodeSafetensors(file, where)).toThrow(message);
  expect(crashOf(() => decodeSafetensors(file, where))).toBeUndefined();
});

test("a file truncated after any byte is refused", () => {
  const file = encodeSafetensors(new Map([["a.weight", float32([2, 2], [1, 2, 3, 4])]]), { format: "pt" });
  for (let length = 0; length < file.length; length++) {
    expect(() => decodeSafetensors(file.subarray(0, length), where)).toThrow(FormatError);
  }
});

test("whatever bytes are changed, a file is read or refused, never worse", () => {
  const file = encodeSafetensors(new Map([["a", float32([2, 2], [1, 2, 3, 4])]]), { format: "pt" });
  const changes = fc.array(fc.tuple(fc.nat({ max: file.length - 1 }), fc.nat({ max: 255 })), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(
    fc.property(changes, (flips) => {
      const damaged = Uint8Array.from(file);
      for (const [index, value] of flips) damaged[index] = value;
      expect(crashOf(() => decodeSafetensors(damaged, where))).toBeUndefined();
    }),
    { numRuns: 500 },
  );
});

test("what a file cannot hold is refused before a byte is made", () => {
  expect(() => encodeSafetensors(new Map([["__metadata__", float32([0], [])]]))).toThrow(OptionError);
  const lying: Tensor = { dtype: "float32", shape: [3], data: new Float32Array(2) };
  expect(() => encodeSafetensors(new Map([["x", lying]]))).toThrow(ShapeError);
});
