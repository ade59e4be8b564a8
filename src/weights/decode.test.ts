import { expect, test } from "vitest";
import { contentOf, readGoldenBytes } from "../../test/support/weights.ts";
import { FormatError } from "../tensor/errors.ts";
import { float32 } from "../tensor/tensor.ts";
import { decodeWeights } from "./decode.ts";
import { decodePytorch } from "./pytorch.ts";
import { encodeSafetensors } from "./safetensors.ts";

test.each(["module.pth", "module-legacy.th"])("%s is known by its content, whatever it is called", (name) => {
  const file = readGoldenBytes(`checkpoints/${name}`);
  expect(contentOf(decodeWeights(file, "weights.safetensors"))).toEqual(contentOf(decodePytorch(file, name)));
});

test("safetensors are known by their content, and lose DataParallel's prefix as a .pth does", () => {
  const file = encodeSafetensors(new Map([["module.a", float32([1], [1])]]));
  expect([...decodeWeights(file, "weights.bin").keys()]).toEqual(["a"]);
});

test.each([
  ["w.safetensors", /too few for a safetensors file/],
  ["w.PTH", /is no PyTorch checkpoint/],
  ["w.png", /holds neither safetensors nor a PyTorch checkpoint/],
])("%s without either content is refused by what its name says it is", (name, message) => {
  expect(() => decodeWeights(Uint8Array.of(1, 2, 3), name)).toThrow(FormatError);
  expect(() => decodeWeights(Uint8Array.of(1, 2, 3), name)).toThrow(message);
});
