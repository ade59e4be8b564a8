import * as fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { crashOf, readGoldenBytes } from "../../test/support/weights.ts";
import { stateValue } from "../../test/support/noise.ts";
import { FormatError } from "../tensor/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { inspectWeights } from "./recognise/inspection.ts";
import { decodeKeras, looksLikeHdf5 } from "./keras-file.ts";
import { openWeights } from "./weights-file.ts";

const read = (name: string): Promise<ReadonlyMap<string, Tensor>> =>
  decodeKeras(readGoldenBytes(`checkpoints/${name}`), name);

describe("a file of save_weights with the names of Keras's ResNet50, written by h5py", () => {
  let tensors: ReadonlyMap<string, Tensor>;
  beforeAll(async () => {
    tensors = await read("keras-weights.h5");
  });

  test("is known as ResNet-50, shortcut B, stride in the first 1×1", async () => {
    const file = await openWeights(readGoldenBytes("checkpoints/keras-weights.h5"), "w.h5");
    const found = inspectWeights(file, "w.h5");
    expect(found).toMatchObject({ sure: true, title: "ResNet-50", shortcuts: ["project"] });
    expect(found.layout).toMatchObject({ id: "keras", build: { stridePlace: "1x1", epsilon: 1.001e-5 } });
    expect(file.origin.format).toBe("Keras HDF5");
  });

  // make-keras.py turns what noise.py makes in PyTorch's order into Keras's; here it has come back.
  test.each([
    ["conv1_conv.weight", "conv1_conv.weight", [1, 3, 7, 7]],
    ["conv3_block2_2_conv.weight", "conv3_block2.conv_2.weight", [2, 2, 3, 3]],
    ["predictions.weight", "predictions.weight", [10, 32]],
    ["conv3_block1_0_bn.running_var", "conv3_block1.bn_0.running_var", [8]],
    ["conv3_block1_0_bn.weight", "conv3_block1.bn_0.weight", [8]],
    ["predictions.bias", "predictions.bias", [10]],
  ])("%s has PyTorch's name, axes and order", (name, own, shape) => {
    expect(tensors.get(name)?.shape).toEqual(shape);
    expect(tensors.get(name)?.data).toEqual(stateValue(11, own, shape));
  });
});

test("a whole model's file gives its layers, also those within a model, and neither the optimizer nor links to files", async () => {
  const tensors = await read("keras-model.h5");
  expect([...tensors.keys()].toSorted()).toEqual(["conv.bias", "conv.weight"]);
  expect(tensors.get("conv.bias")).toMatchObject({ dtype: "float64", data: Float64Array.of(0, 1, 2, 3) });
  // kernel[0, w, in, out] = 12w + 4in + out, read as [out, in, 0, w].
  expect(tensors.get("conv.weight")?.shape).toEqual([4, 3, 1, 2]);
  expect([...(tensors.get("conv.weight")?.data ?? [])].slice(0, 7)).toEqual([0, 12, 4, 16, 8, 20, 1]);
});

test.each([
  ["keras-huge.h5", FormatError, /far beyond what the file holds/],
  ["keras-bomb.h5", FormatError, /far beyond what the file holds/],
  ["keras-chunk.h5", FormatError, /far beyond what the file holds/],
  ["keras-cycle.h5", FormatError, /nests deeper than 8 groups/],
  ["keras-half.h5", FormatError, /must be float32 or float64/],
  ["keras-virtual.h5", FormatError, /damaged|must be float32/],
  ["keras-none.h5", FormatError, /without weights of layers/],
])("%s is refused in one line", async (name, kind, message) => {
  await expect(read(name)).rejects.toThrow(kind);
  await expect(read(name)).rejects.toThrow(message);
});

test("a file that is truncated anywhere is refused in one line", async () => {
  const whole = readGoldenBytes("checkpoints/keras-weights.h5");
  for (const share of [0.01, 0.1, 0.3, 0.5, 0.9, 0.999]) {
    const part = whole.subarray(0, Math.floor(share * whole.length));
    await expect(decodeKeras(part, "w.h5"), String(share)).rejects.toThrow(/^w\.h5: [^\n]+$/);
  }
});

/** Throws what was caught. */
function requireResult(result: unknown): void {
  if (result instanceof Error) throw result;
}

test("with any bytes changed, a file gives tensors of a bounded size or one line of error", async () => {
  const whole = readGoldenBytes("checkpoints/keras-model.h5");
  const change = fc.tuple(fc.nat({ max: whole.length - 1 }), fc.nat({ max: 255 }));
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 12 }), async (changes) => {
      const bytes = Uint8Array.from(whole);
      for (const [index, value] of changes) bytes[index] = value;
      const result = await decodeKeras(bytes, "w.h5").catch((error: unknown) => error);
      expect(crashOf(() => requireResult(result))).toBeUndefined();
      const sizes =
        result instanceof Map ? Array.from(result.values() as Iterable<Tensor>, ({ data }) => data.byteLength) : [];
      expect(Math.max(0, ...sizes)).toBeLessThan(2 ** 25);
    }),
    { numRuns: 500 },
  );
});

test("an HDF5 file is known by its first eight bytes", () => {
  expect(looksLikeHdf5(readGoldenBytes("checkpoints/keras-none.h5"))).toBe(true);
  expect(looksLikeHdf5(Uint8Array.of(0x89, 0x48, 0x44, 0x46))).toBe(false);
});
