import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import fc from "fast-check";
import { expect, test } from "vitest";
import { randomStream } from "../../tensor/random.ts";
import { withFasterLoops } from "./faster-loops.ts";
import { types, unsigned } from "./instructions.ts";
import {
  concatenate,
  type FunctionType,
  MAGIC,
  type ModuleFunction,
  readFunctions,
  sections,
  sized,
} from "./module.ts";

const builds = ["", ".asyncify", ".jsep", ".jspi"];
const { resolve } = createRequire(import.meta.url);

async function readBuild(name: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await readFile(resolve(`onnxruntime-web/ort-wasm-simd-threaded${name}.wasm`)));
}

/** The functions of `before` that are not the same in `after`. */
function changed(before: Uint8Array, after: Uint8Array): readonly ModuleFunction[] {
  const [old, now] = [readFunctions(before).functions, readFunctions(after).functions];
  return old.filter(({ body }, place) => Buffer.compare(body, now[place].body) !== 0);
}

/** ONNX Runtime's functions with so many parameters that have faster loops, each alone, as it is and faster. */
async function pairs(
  parameters: number,
): Promise<readonly { readonly original: Uint8Array<ArrayBuffer>; readonly faster: Uint8Array<ArrayBuffer> }[]> {
  const binary = await readBuild("");
  const functions = changed(binary, await withFasterLoops(binary, { fused: false }));
  const wanted = functions.filter(({ type }) => type.parameters.length === parameters);
  return Promise.all(
    wanted.map(async ({ type, body }) => {
      const original = moduleOf(type, body);
      return { original, faster: await withFasterLoops(original, { fused: false }) };
    }),
  );
}

const { i32 } = types;
const memory = 5;
const exported = 7;
const name = (text: string): readonly number[] => [text.length, ...Buffer.from(text)];
const PAGES = 64;

/** A module with nothing but one function of ONNX Runtime's and a memory. */
function moduleOf({ parameters, results }: FunctionType, body: Uint8Array): Uint8Array<ArrayBuffer> {
  return concatenate([
    MAGIC,
    ...sized(sections.type, [[1, 0x60, parameters.length, ...parameters, results.length, ...results]]),
    ...sized(sections.function, [[1, 0]]),
    ...sized(memory, [[1, 0, ...unsigned(PAGES)]]),
    ...sized(exported, [[2, ...name("run"), 0, 0, ...name("memory"), 2, 0]]),
    ...sized(sections.code, [[1, ...unsigned(body.length)], body]),
  ]);
}

interface Product {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly alpha: number;
  /** Numbers between the end of a row and the next. */
  readonly gap: number;
}

interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly run: (...operands: number[]) => number;
}

/** C, with what lies around it, after as many calls as the function wants. */
function multiply(module: Uint8Array<ArrayBuffer>, { rows, columns, depth, alpha, gap }: Product): Float32Array {
  const { memory: shared, run } = new WebAssembly.Instance(new WebAssembly.Module(module))
    .exports as unknown as Exports;
  const stream = randomStream(0, "factors");
  const [strideA, strideC] = [depth + gap, columns + gap];
  const panels = Math.ceil(columns / 16);
  const sizes = [rows * strideA, panels * 16 * depth, rows * strideC + 16];
  const starts = [4, 4 + sizes[0], 4 + sizes[0] + sizes[1]];
  const numbers = new Float32Array(shared.buffer);
  for (let index = 0; index < starts[2] + sizes[2]; index++) numbers[index] = stream.normal();
  let [a, c] = [starts[0] * 4, starts[2] * 4];
  for (let left = rows; left > 0;) {
    const done = run(a, starts[1] * 4, c, depth, left, columns, strideA, strideC, alpha);
    left -= done;
    a += done * strideA * 4;
    c += done * strideC * 4;
  }
  return numbers.slice(starts[2], starts[2] + sizes[2]);
}

const products = [1, 2, 3, 4, 5, 8, 11].flatMap((rows) =>
  [3, 16, 17, 31, 32, 63, 96].flatMap((columns) =>
    [1, 2, 3, 4, 7, 16, 33].map((depth) => ({
      rows,
      columns,
      depth,
      alpha: (rows + depth) % 2 === 0 ? 1 : -0.7,
      gap: columns % 3,
    })),
  ),
);

test("every build's three inner loops are found and replaced, and nothing else", async () => {
  for (const build of builds) {
    const binary = await readBuild(build);
    const faster = await withFasterLoops(binary, { fused: false });
    const parameters = changed(binary, faster).map(({ type }) => type.parameters.length);
    expect(
      parameters.toSorted((a, b) => a - b),
      build,
    ).toEqual([7, 9, 9]);
  }
});

test("products are bit for bit those of ONNX Runtime's own loops", async () => {
  const modules = await pairs(9);
  expect(modules).toHaveLength(2);
  for (const { original, faster } of modules) {
    for (const product of products) {
      expect(multiply(faster, product), JSON.stringify(product)).toEqual(multiply(original, product));
    }
  }
});

interface Unfolding {
  readonly image: readonly [number, number];
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly padding: readonly [number, number];
}

const CHANNELS = 3;
/** Where what is known of a convolution begins, and its image and the unfolded image, in numbers. */
const [LAYOUT, IMAGE, COLUMN] = [4, 64, 8192];

/** The unfolded image, with what lies around it, written `rows` rows and `points` points at a time. */
function unfold(
  module: Uint8Array<ArrayBuffer>,
  { image, kernel, stride, dilation, padding }: Unfolding,
  [rows, points]: readonly [number, number],
): Float32Array {
  const { memory: shared, run } = new WebAssembly.Instance(new WebAssembly.Module(module))
    .exports as unknown as Exports;
  const output = [0, 1].map((axis) =>
    Math.floor((image[axis] + 2 * padding[axis] - dilation[axis] * (kernel[axis] - 1) - 1) / stride[axis] + 1),
  );
  const [imageSize, outputSize] = [image[0] * image[1], output[0] * output[1]];
  const layout = new Uint32Array(shared.buffer, LAYOUT * 4, 40);
  // As ONNX Runtime has them: pairs of what belongs to height and width, and sizes.
  for (const [place, pair] of [
    [24, image],
    [36, kernel],
    [48, dilation],
    [60, padding],
    [72, padding],
    [84, stride],
    [100, output],
  ] as const) {
    layout.set(pair, place / 4);
  }
  layout.set([imageSize], 112 / 4);
  const numbers = new Float32Array(shared.buffer);
  const stream = randomStream(0, "image");
  for (let index = 0; index < CHANNELS * imageSize; index++) numbers[IMAGE + index] = stream.normal();
  const allRows = CHANNELS * kernel[0] * kernel[1];
  let column = COLUMN;
  for (let k = 0; k < allRows; k += rows) {
    for (let n = 0; n < outputSize; n += points) {
      const [countK, countN] = [Math.min(rows, allRows - k), Math.min(points, outputSize - n)];
      run(LAYOUT * 4, IMAGE * 4, column * 4, k, countK, n, countN);
      column += countK * countN;
    }
  }
  return numbers.slice(COLUMN - 8, column + 8);
}

const pair = (least: number, most: number): fc.Arbitrary<readonly [number, number]> =>
  fc.tuple(fc.integer({ min: least, max: most }), fc.integer({ min: least, max: most }));

const unfoldings: fc.Arbitrary<Unfolding> = fc
  .record({
    image: pair(1, 19),
    kernel: pair(1, 4),
    stride: fc.oneof(fc.constant([1, 1] as const), fc.constant([2, 1] as const), pair(1, 3)),
    dilation: fc.oneof(fc.constant([1, 1] as const), pair(1, 3)),
    padding: pair(0, 5),
  })
  .filter(({ image, kernel, dilation, padding }) =>
    [0, 1].every((axis) => dilation[axis] * (kernel[axis] - 1) < image[axis] + 2 * padding[axis]),
  );

/** As many results as points, or at least as many columns of them. */
const samePadding: fc.Arbitrary<Unfolding> = fc
  .record({ image: pair(1, 19), half: pair(0, 2), dilation: pair(1, 3), top: fc.integer({ min: 0, max: 4 }) })
  .map(({ image, half, dilation, top }) => ({
    image,
    kernel: [2 * half[0] + 1, 2 * half[1] + 1] as const,
    stride: [1, 1] as const,
    dilation,
    padding: [half[0] * dilation[0] + top, half[1] * dilation[1]] as const,
  }));

test("unfolded images are those of ONNX Runtime's own loops", async () => {
  const [{ original, faster }] = await pairs(7);
  fc.assert(
    fc.property(fc.oneof(unfoldings, samePadding), pair(1, 140), (unfolding, part) => {
      expect(unfold(faster, unfolding, part)).toEqual(unfold(original, unfolding, part));
    }),
    { seed: 0, numRuns: 1000 },
  );
});

const something = moduleOf({ parameters: [], results: [i32] }, Uint8Array.of(0, 0x41, 1, 0x0b));

test("a module without these loops stays as it is", async () => {
  expect(await withFasterLoops(something)).toBe(something);
});

test("what is no module is refused in words", async () => {
  const page = new TextEncoder().encode("<!doctype html>");
  await expect(withFasterLoops(page)).rejects.toThrow("wasm: does not begin as one; must be a WebAssembly module");
  for (let length = 0; length < something.length; length++) {
    await expect(withFasterLoops(something.slice(0, length)), `${length} bytes`).rejects.toThrow(/^wasm: /);
  }
});
