import * as fc from "fast-check";
import { expect, test } from "vitest";
import { arbitraryTensors, contentOf, readGoldenBytes } from "../../../test/support/weights.ts";
import type { DType } from "../../tensor/dtype.ts";
import { ShapeError, UnsupportedError } from "../../tensor/errors.ts";
import { float32, type Tensor } from "../../tensor/tensor.ts";
import { decodePytorch } from "./read.ts";
import { encodePytorch, encodePytorchChunks } from "./write.ts";
import { openZip } from "../zip/read.ts";

const where = "w.pth";
const known: readonly DType[] = [
  ...(["float64", "float32", "float16", "bfloat16", "int64"] as const),
  ...(["int32", "int16", "int8", "uint8", "bool"] as const),
];

test.each(["dtypes.pth", "many.pth", "single.pth"])(
  "%s is written with PyTorch's own pickle, byte for byte",
  (name) => {
    const golden = readGoldenBytes(`checkpoints/${name}`);
    const archive = openZip(golden, name);
    const pickle = archive.names.find((entry) => entry.endsWith("/data.pkl")) ?? "";
    const ours = openZip(encodePytorch(decodePytorch(golden, name)), name);
    expect(ours.read("archive/data.pkl")).toEqual(archive.read(pickle));
  },
);

test("a checkpoint has PyTorch's entries, and each tensor's bytes under its number", () => {
  const archive = openZip(
    encodePytorch(
      new Map([
        ["a", float32([2], [1, 2])],
        ["b", float32([1], [3])],
      ]),
    ),
    where,
  );
  expect(archive.names).toEqual(
    ["data.pkl", "byteorder", "data/0", "data/1", "version"].map((name) => `archive/${name}`),
  );
  expect(new TextDecoder().decode(archive.read("archive/byteorder"))).toBe("little");
  expect(new TextDecoder().decode(archive.read("archive/version"))).toBe("3\n");
  expect(archive.read("archive/data/1")).toEqual(new Uint8Array(Float32Array.of(3).buffer));
});

test("decode inverts encode for every type that PyTorch knows, in order", () => {
  const wrapped = (name: string): boolean => name === "n_averaged" || /^(module|_orig_mod)\./.test(name);
  const tensors = arbitraryTensors(known).filter((map) => ![...map.keys()].some(wrapped));
  fc.assert(
    fc.property(tensors, (map) => {
      expect(contentOf(decodePytorch(encodePytorch(map), where))).toEqual(contentOf(map));
    }),
  );
});

test("more tensors than one batch of Python's pickler are read back in order", () => {
  const map = new Map(Array.from({ length: 2001 }, (_, index) => [`w${index}`, float32([], [index])] as const));
  expect(contentOf(decodePytorch(encodePytorch(map), where))).toEqual(contentOf(map));
});

test("equal tensors in equal order give equal bytes, and the chunks are the tensors' own memory", () => {
  const map = new Map([["a", float32([2], [1, 2])]]);
  expect(encodePytorch(map)).toEqual(encodePytorch(new Map([["a", float32([2], [1, 2])]])));
  expect(encodePytorchChunks(map).map(({ buffer }) => buffer)).toContain(map.get("a")?.data.buffer);
});

test("what PyTorch cannot hold is refused before a byte is made", () => {
  const unsigned: Tensor = { dtype: "uint32", shape: [1], data: Uint32Array.of(1) };
  expect(() => encodePytorch(new Map([["x", unsigned]]))).toThrow(UnsupportedError);
  const lying: Tensor = { dtype: "float32", shape: [3], data: new Float32Array(2) };
  expect(() => encodePytorch(new Map([["x", lying]]))).toThrow(ShapeError);
});
