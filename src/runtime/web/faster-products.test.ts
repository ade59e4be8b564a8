import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { randomStream } from "../../tensor/random.ts";
import { withFasterProducts } from "./faster-products.ts";
import { types, unsigned } from "./instructions.ts";
import { concatenate, MAGIC, readFunctions, sections, sized } from "./module.ts";

const builds = ["", ".asyncify", ".jsep", ".jspi"];
const { resolve } = createRequire(import.meta.url);

async function readBuild(name: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await readFile(resolve(`onnxruntime-web/ort-wasm-simd-threaded${name}.wasm`)));
}

/** The functions of `after` that are not as in `before`. */
function changed(before: Uint8Array, after: Uint8Array): readonly Uint8Array[] {
  const [old, now] = [readFunctions(before).functions, readFunctions(after).functions];
  return old.filter(({ body }, place) => Buffer.compare(body, now[place].body) !== 0).map(({ body }) => body);
}

const { i32, f32 } = types;
const memory = 5;
const exported = 7;
const name = (text: string): readonly number[] => [text.length, ...Buffer.from(text)];
const PAGES = 64;

/** A module with nothing but one function of ONNX Runtime's and a memory. */
function moduleOf(body: Uint8Array): Uint8Array<ArrayBuffer> {
  return concatenate([
    MAGIC,
    ...sized(sections.type, [[1, 0x60, 9, ...Array.from({ length: 8 }, () => i32), f32, 1, i32]]),
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
  const { memory: shared, run } = new WebAssembly.Instance(new WebAssembly.Module(module)).exports as unknown as Exports;
  const stream = randomStream(0, "factors");
  const [strideA, strideC] = [depth + gap, columns + gap];
  const panels = Math.ceil(columns / 16);
  const sizes = [rows * strideA, panels * 16 * depth, rows * strideC + 16];
  const starts = [4, 4 + sizes[0], 4 + sizes[0] + sizes[1]];
  const numbers = new Float32Array(shared.buffer);
  for (let index = 0; index < starts[2] + sizes[2]; index++) numbers[index] = stream.normal();
  let [a, c] = [starts[0] * 4, starts[2] * 4];
  for (let left = rows; left > 0; ) {
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

test("every build's two inner loops are found and replaced, and nothing else", { timeout: 60_000 }, async () => {
  for (const build of builds) {
    const binary = await readBuild(build);
    const faster = await withFasterProducts(binary, { fused: false });
    expect(changed(binary, faster), build).toHaveLength(2);
    // Other builds use exceptions that this Node need not know.
    if (build === "") expect(WebAssembly.validate(faster)).toBe(true);
  }
});

test("products are bit for bit those of ONNX Runtime's own loops", async () => {
  const binary = await readBuild("");
  const bodies = changed(binary, await withFasterProducts(binary, { fused: false }));
  for (const body of bodies) {
    const original = moduleOf(body);
    const faster = await withFasterProducts(original, { fused: false });
    expect(faster.length).toBeGreaterThan(original.length);
    for (const product of products) {
      expect(multiply(faster, product), JSON.stringify(product)).toEqual(multiply(original, product));
    }
  }
});

test("a module without these loops stays as it is", async () => {
  const binary = moduleOf(Uint8Array.of(0, 0x41, 1, 0x0b));
  expect(await withFasterProducts(binary)).toBe(binary);
});

test("what is no module is refused in words", async () => {
  const page = new TextEncoder().encode("<!doctype html>");
  await expect(withFasterProducts(page)).rejects.toThrow("wasm: does not begin as one; must be a WebAssembly module");
  const binary = moduleOf(Uint8Array.of(0, 0x41, 1, 0x0b));
  for (let length = 8; length < binary.length; length++) {
    await expect(withFasterProducts(binary.slice(0, length)), `${length} bytes`).rejects.toThrow(/^wasm: /);
  }
});
