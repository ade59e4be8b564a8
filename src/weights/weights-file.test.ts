import { expect, test } from "vitest";
import { contentOf, readGoldenBytes } from "../../test/support/weights.ts";
import { FormatError } from "../tensor/errors.ts";
import { float32 } from "../tensor/tensor.ts";
import { decodePytorch } from "./pytorch/read.ts";
import { encodeSafetensors } from "./safetensors/safetensors.ts";
import { openWeights } from "./weights-file.ts";

test.each(["module.pth", "module-legacy.th"])("%s is known by its content, whatever it is called", async (name) => {
  const file = readGoldenBytes(`checkpoints/${name}`);
  const found = await openWeights(file, "weights.safetensors");
  expect(contentOf(found.tensors)).toEqual(contentOf(decodePytorch(file, name)));
  expect(found.origin.prefix).toBe("");
});

test("safetensors are known by their content, and lose DataParallel's prefix as a .pth does", async () => {
  const file = encodeSafetensors(new Map([["module.a", float32([1], [1])]]), { made: "here" });
  const { tensors, origin } = await openWeights(file, "weights.bin");
  expect([...tensors.keys()]).toEqual(["a"]);
  expect(origin).toEqual({ format: "safetensors", entry: [], prefix: "module.", notes: { made: "here" } });
});

test("an ONNX model's initialisers are its weights", async () => {
  const { tensors, origin } = await openWeights(readGoldenBytes("onnx/training-15.onnx"), "model.onnx");
  expect(origin.format).toBe("ONNX");
  expect(tensors.size).toBeGreaterThan(0);
});

test.each([
  ["w.safetensors", /too few for a safetensors file/],
  ["w.PTH", /is not a PyTorch checkpoint/],
  ["w.h5", /is not an HDF5 file/],
  ["w.onnx", /./],
  ["w.png", /holds no known kind of weights/],
])("%s without any weights is refused by what its name says it is", async (name, message) => {
  await expect(openWeights(Uint8Array.of(1, 2, 3), name)).rejects.toThrow(FormatError);
  await expect(openWeights(Uint8Array.of(1, 2, 3), name)).rejects.toThrow(message);
});
