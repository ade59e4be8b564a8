import { expect, test } from "vitest";
import { checkpoint, global, integer, op, pickle, type PicklePart, tensorPart } from "../../../test/support/pickles.ts";
import { describeTensor, type ExpectedTensor, readGoldenBytes } from "../../../test/support/weights.ts";
import { FormatError } from "../../tensor/errors.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { decodePytorch } from "./read.ts";

interface Manifest {
  readonly torch: string;
  readonly files: Readonly<Record<string, Readonly<Record<string, ExpectedTensor>>>>;
}

const where = "w.pth";
/** All four elements of storage "0". */
const plain = { size: 4, offset: 0, shape: [4], strides: [1] };
const manifest = JSON.parse(new TextDecoder().decode(readGoldenBytes("checkpoints/manifest.json"))) as Manifest;

function describeAll(file: Uint8Array): Readonly<Record<string, ExpectedTensor>> {
  return Object.fromEntries([...decodePytorch(file, where)].map(([key, value]) => [key, describeTensor(value)]));
}

test.each(Object.entries(manifest.files))("%s from PyTorch holds PyTorch's values in its order", (name, expected) => {
  const described = describeAll(readGoldenBytes(`checkpoints/${name}`));
  expect(described).toEqual(expected);
  expect(Object.keys(described)).toEqual(Object.keys(expected));
});

test.each(["dtypes.pth", "training.pth"])("tensors of %s are views into the file", (name) => {
  const file = readGoldenBytes(`checkpoints/${name}`);
  const filled = [...decodePytorch(file, name).values()].filter(({ shape }) => sizeOf(shape) > 0);
  expect(filled.filter(({ data }) => data.buffer !== file.buffer)).toEqual([]);
});

test("tensors that share a storage share its memory", () => {
  const window = tensorPart({ ...plain, offset: 1, shape: [2] });
  const file = checkpoint(pickle(op.emptyDict, op.mark, "whole", tensorPart(plain), "window", window, op.setitems));
  const [whole, part] = [...decodePytorch(file, where).values()];
  (whole.data as Float32Array)[2] = 7;
  expect([...part.data]).toEqual([0, 7]);
});

test("a file at an odd address, as one within another file, is read all the same", () => {
  const file = readGoldenBytes("checkpoints/dtypes.pth");
  const shifted = new Uint8Array(file.length + 1);
  shifted.set(file, 1);
  expect(describeAll(shifted.subarray(1))).toEqual(manifest.files["dtypes.pth"]);
});

test("_rebuild_tensor_v3, which newer PyTorch writes for uint16, is read from an untyped storage", () => {
  const id = [op.mark, "storage", global("torch.storage", "UntypedStorage"), "0", "cpu", integer(16), op.tuple];
  const place = [integer(1), integer(3), op.tuple1, integer(2), op.tuple1];
  const type = [op.newfalse, op.emptyDict, global("torch", "uint16"), op.tuple, op.reduce];
  const tensor = [global("torch._utils", "_rebuild_tensor_v3"), op.mark, ...id, op.binpersid, ...place, ...type];
  const file = checkpoint(pickle(op.emptyDict, "x", ...tensor, op.setitem));
  expect(describeTensor(decodePytorch(file, where).get("x")!)).toEqual({
    dtype: "uint16",
    shape: [3],
    values: [0, 0, 0],
  });
});

test("an OrderedDict made of a list of pairs, as Python 2 wrote it, is read", () => {
  const pair = [op.emptyList, op.mark, "x", tensorPart(plain), op.appends];
  const pairs = [op.emptyList, op.mark, ...pair, op.appends];
  const file = checkpoint(pickle(global("collections", "OrderedDict"), ...pairs, op.tuple1, op.reduce));
  expect([...decodePytorch(file, where).keys()]).toEqual(["x"]);
});

test("weights are found under a usual name, and averaged ones only if there are no others", () => {
  const dictionary = (name: string): readonly PicklePart[] => [op.emptyDict, name, tensorPart(plain), op.setitem];
  const both = pickle(
    op.emptyDict,
    op.mark,
    "ema",
    ...dictionary("a.weight"),
    "model",
    ...dictionary("b.weight"),
    op.setitems,
  );
  expect([...decodePytorch(checkpoint(both), where).keys()]).toEqual(["b.weight"]);
});

test("a prefix that only some names have is kept", () => {
  const names = ["module.a", "b"].flatMap((name) => [name, tensorPart(plain)]);
  const file = checkpoint(pickle(op.emptyDict, op.mark, ...names, op.setitems));
  expect([...decodePytorch(file, where).keys()]).toEqual(["module.a", "b"]);
});

test.each<readonly [string, RegExp]>([
  ["attack-os-system.pth", /asks for "posix\.system"/],
  ["attack-legacy.pth", /asks for "posix\.system"/],
  ["attack-eval.pth", /asks for "__builtin__\.eval"/],
  ["whole-module.pth", /asks for "torch\.nn\.modules\.activation\.ReLU".*torch\.save\(model\.state_dict\(\), path\)/],
  ["sparse.pth", /asks for "torch\._utils\._rebuild_sparse_tensor"/],
  ["complex.pth", /asks for "torch\.ComplexFloatStorage"/],
  ["no-state-dict.pth", /holds "epoch", "history", none of them a state dict/],
  ["mixed.pth", /its "epoch" is a number, not a tensor/],
  ["one-tensor.pth", /holds one tensor and no state dict/],
  ["torchscript.pt", /TorchScript archive/],
])("%s is refused in one line that says why", (name, message) => {
  const read = (): unknown => decodePytorch(readGoldenBytes(`checkpoints/${name}`), name);
  expect(read).toThrow(message);
  expect(read).not.toThrow(/\n/);
});

test("what is neither kind of checkpoint is refused with its first bytes", () => {
  expect(() => decodePytorch(Uint8Array.of(1, 2, 3, 4, 5), where)).toThrow(/begins with 01 02 03 04/);
  expect(() => decodePytorch(new Uint8Array(0), where)).toThrow(FormatError);
});

test("a big-endian checkpoint is refused", () => {
  const file = checkpoint(pickle(op.emptyDict), [["archive/byteorder", new TextEncoder().encode("big")]]);
  expect(() => decodePytorch(file, where)).toThrow(/big-endian/);
});
