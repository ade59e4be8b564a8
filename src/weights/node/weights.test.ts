import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { contentOf } from "../../../test/support/weights.ts";
import { EnvironmentError, FormatError, ShapeError } from "../../tensor/errors.ts";
import { float32, int64, type Tensor } from "../../tensor/tensor.ts";
import { readNpy, readWeights, writeNpy, writePytorch, writeSafetensors } from "./weights.ts";

let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residua-weights-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const tensors = new Map<string, Tensor>([
  ["count", int64([], [3])],
  ["layer.weight", float32([2, 2], [1, 2, 3, 4])],
]);

test.each([
  ["safetensors", writeSafetensors],
  ["a PyTorch checkpoint", writePytorch],
])("weights written as %s are read back", async (_, write) => {
  const path = join(folder, "weights");
  await write(path, tensors);
  expect(contentOf(await readWeights(path))).toEqual(contentOf(tensors));
});

test("an array written as .npy is read back", async () => {
  const path = join(folder, "x.npy");
  await writeNpy(path, float32([2], [1, 2]));
  expect(await readNpy(path)).toEqual(float32([2], [1, 2]));
});

test("an error names the file, and nothing is written for tensors that lie about their size", async () => {
  const path = join(folder, "missing.pth");
  await expect(readWeights(path)).rejects.toThrow(EnvironmentError);
  await expect(readWeights(path)).rejects.toThrow(path);
  await writeNpy(join(folder, "array.pth"), float32([1], [1]));
  await expect(readWeights(join(folder, "array.pth"))).rejects.toThrow(FormatError);
  const lying: Tensor = { dtype: "float32", shape: [3], data: new Float32Array(2) };
  await expect(writeSafetensors(path, new Map([["x", lying]]))).rejects.toThrow(ShapeError);
  expect(await readdir(folder)).not.toContain("missing.pth");
});
