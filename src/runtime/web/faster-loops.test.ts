import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  changedFunctions,
  innerLoops,
  multiply,
  outputExtent,
  products,
  something,
  unfold,
  type Unfolding,
} from "../../../test/support/inner-loops.ts";
import { withFasterLoops } from "./faster-loops.ts";

const builds = ["", ".asyncify", ".jsep", ".jspi"];
const { resolve } = createRequire(import.meta.url);
/** As ONNX Runtime's own loops round. The browser's tests have the other kind. */
const unfused = { fused: false };

async function readBuild(name: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await readFile(resolve(`onnxruntime-web/ort-wasm-simd-threaded${name}.wasm`)));
}

test("every build's three inner loops are found and replaced, and nothing else", async () => {
  for (const build of builds) {
    const binary = await readBuild(build);
    const faster = await withFasterLoops(binary, "ort.wasm", unfused);
    const parameters = changedFunctions(binary, faster).map(({ type }) => type.parameters.length);
    expect(
      parameters.toSorted((a, b) => a - b),
      build,
    ).toEqual([7, 9, 9]);
  }
});

test("products are bit for bit those of ONNX Runtime's own loops", async () => {
  const modules = await innerLoops(await readBuild(""), 9, unfused);
  expect(modules).toHaveLength(2);
  for (const { original, faster } of modules) {
    for (const product of products) {
      expect(multiply(faster, product), JSON.stringify(product)).toEqual(multiply(original, product));
    }
  }
});

const pair = (least: number, most: number): fc.Arbitrary<readonly [number, number]> =>
  fc.tuple(fc.integer({ min: least, max: most }), fc.integer({ min: least, max: most }));

const anyUnfolding: fc.Arbitrary<Unfolding> = fc
  .record({
    image: pair(1, 19),
    kernel: pair(1, 4),
    stride: fc.oneof(fc.constant([1, 1] as const), fc.constant([2, 1] as const), pair(1, 3)),
    dilation: fc.oneof(fc.constant([1, 1] as const), pair(1, 3)),
    padding: pair(0, 5),
    paddingAfter: pair(0, 5),
  })
  .filter((unfolding) => outputExtent(unfolding, 0) > 0 && outputExtent(unfolding, 1) > 0);

/** As many columns of results as of points, the padding divided in any way; as many lines too, or some more or fewer. */
const sameWidth: fc.Arbitrary<Unfolding> = fc
  .record({ image: pair(1, 19), kernel: pair(1, 5), dilation: pair(1, 3), before: pair(0, 12), lines: pair(0, 2) })
  .map(({ image, kernel, dilation, before, lines }) => {
    const all = [0, 1].map((axis) => dilation[axis] * (kernel[axis] - 1));
    const left = Math.min(before[1], all[1]);
    return {
      image,
      kernel,
      stride: [1, 1] as const,
      dilation,
      padding: [Math.min(before[0], all[0]) + lines[0], left] as const,
      paddingAfter: [Math.max(all[0] - before[0], 0) + lines[1], all[1] - left] as const,
    };
  });

test("unfolded images are those of ONNX Runtime's own loops", async () => {
  const [{ original, faster }] = await innerLoops(await readBuild(""), 7, unfused);
  fc.assert(
    fc.property(fc.oneof(anyUnfolding, sameWidth), pair(1, 140), (unfolding, part) => {
      expect(unfold(faster, unfolding, part)).toEqual(unfold(original, unfolding, part));
    }),
    { seed: 0, numRuns: 1000 },
  );
});

test("a module without these loops stays as it is", async () => {
  expect(await withFasterLoops(something, "other.wasm")).toBe(something);
});

test("what is no module is refused in words", async () => {
  const page = new TextEncoder().encode("<!doctype html>");
  await expect(withFasterLoops(page, "ort.wasm")).rejects.toThrow(
    "ort.wasm: does not begin as one; must be a WebAssembly module",
  );
  // Some pieces are modules as well: those that end between two sections.
  const pieces = Array.from(something, (_, length) => something.slice(0, length)).filter(
    (piece) => !WebAssembly.validate(piece),
  );
  expect(pieces.length).toBeGreaterThan(something.length / 2);
  for (const piece of pieces) {
    await expect(withFasterLoops(piece, "ort.wasm"), `${piece.length} bytes`).rejects.toThrow(/^ort\.wasm: /);
  }
});
