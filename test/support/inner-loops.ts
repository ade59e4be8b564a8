import { joinBytes } from "../../src/tensor/bytes.ts";
import { types, unsigned } from "../../src/runtime/web/instructions.ts";
import { withFasterLoops } from "../../src/runtime/web/faster-loops.ts";
import {
  type FunctionType,
  MAGIC,
  type ModuleFunction,
  readFunctions,
  sections,
  sized,
} from "../../src/runtime/web/module.ts";
import { randomStream } from "../../src/tensor/random.ts";

type Binary = Uint8Array<ArrayBuffer>;

const MEMORY_SECTION = 5;
const EXPORT_SECTION = 7;
const PAGES = 64;
const name = (text: string): readonly number[] => [text.length, ...new TextEncoder().encode(text)];

/** A module with nothing but one function and a memory. */
function moduleOf({ parameters, results }: FunctionType, body: Uint8Array): Binary {
  return joinBytes([
    MAGIC,
    ...sized(sections.type, [[1, 0x60, parameters.length, ...parameters, results.length, ...results]]),
    ...sized(sections.function, [[1, 0]]),
    ...sized(MEMORY_SECTION, [[1, 0, ...unsigned(PAGES)]]),
    ...sized(EXPORT_SECTION, [[2, ...name("run"), 0, 0, ...name("memory"), 2, 0]]),
    ...sized(sections.code, [[1, ...unsigned(body.length)], body]),
  ]);
}

/** A module without ONNX Runtime's functions. */
export const something: Binary = moduleOf({ parameters: [], results: [types.i32] }, Uint8Array.of(0, 0x41, 1, 0x0b));

/** The functions of `before` that are not the same in `after`. */
export function changedFunctions(before: Uint8Array, after: Uint8Array): readonly ModuleFunction[] {
  const [old, now] = [readFunctions(before, "before").functions, readFunctions(after, "after").functions];
  return old.filter(({ body }, place) => {
    const other = now[place].body;
    return body.length !== other.length || body.some((byte, index) => byte !== other[index]);
  });
}

/** ONNX Runtime's functions with so many parameters that have faster loops, each alone, as it is and faster. */
export async function innerLoops(
  binary: Binary,
  parameters: number,
  options: { readonly fused: boolean },
): Promise<readonly { readonly original: Binary; readonly faster: Binary }[]> {
  const functions = changedFunctions(binary, await withFasterLoops(binary, "ort.wasm", options));
  const wanted = functions.filter(({ type }) => type.parameters.length === parameters);
  return Promise.all(
    wanted.map(async ({ type, body }) => {
      const original = moduleOf(type, body);
      return { original, faster: await withFasterLoops(original, "one function", options) };
    }),
  );
}

interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly run: (...operands: number[]) => number;
}

/** The function of a module, and its memory, full of noise from number `from` to `to`. */
function instantiate(module: Binary, from: number, to: number): Exports & { readonly numbers: Float32Array } {
  const { memory, run } = new WebAssembly.Instance(new WebAssembly.Module(module)).exports as unknown as Exports;
  const numbers = new Float32Array(memory.buffer);
  const stream = randomStream(0, "noise");
  for (let index = from; index < to; index++) numbers[index] = stream.normal();
  return { memory, run, numbers };
}

/** Numbers before and behind a result that must stay as they are. */
const MARGIN = 16;

/** Shapes and strides of C = alpha·A·B, or C += alpha·A·B. */
export interface Product {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly alpha: number;
  /** Numbers between the end of a row and the next. */
  readonly gap: number;
}

/** Every kind of rest that rows, columns and depth leave. */
export const products: readonly Product[] = [1, 2, 3, 4, 5, 8, 11].flatMap((rows) =>
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

/** C, with what lies around it, after as many calls as the function wants. */
export function multiply(module: Binary, { rows, columns, depth, alpha, gap }: Product): Float32Array {
  const [strideA, strideC] = [depth + gap, columns + gap];
  const startA = MARGIN;
  const startB = startA + rows * strideA;
  const startC = startB + Math.ceil(columns / 16) * 16 * depth + MARGIN;
  const end = startC + rows * strideC + MARGIN;
  const { run, numbers } = instantiate(module, 0, end);
  let [a, c] = [startA * 4, startC * 4];
  for (let left = rows; left > 0;) {
    const done = run(a, startB * 4, c, depth, left, columns, strideA, strideC, alpha);
    left -= done;
    a += done * strideA * 4;
    c += done * strideC * 4;
  }
  return numbers.slice(startC - MARGIN, end);
}

/** A convolution, each pair by height and width; padding before and after. */
export interface Unfolding {
  readonly image: readonly [number, number];
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly padding: readonly [number, number];
  readonly paddingAfter: readonly [number, number];
}

/** Points along an axis that the kernel finds room for. */
export function outputExtent(
  { image, kernel, stride, dilation, padding, paddingAfter }: Unfolding,
  axis: 0 | 1,
): number {
  const room = image[axis] + padding[axis] + paddingAfter[axis] - dilation[axis] * (kernel[axis] - 1) - 1;
  return Math.floor(room / stride[axis] + 1);
}

const CHANNELS = 3;
/** Where what is known of a convolution begins, and its image and the unfolded image, in numbers. */
const [LAYOUT, IMAGE, COLUMN] = [4, 64, 8192];

/** The unfolded image, with what lies around it, written `rows` rows and `points` points at a time. */
export function unfold(module: Binary, unfolding: Unfolding, [rows, points]: readonly [number, number]): Float32Array {
  const { image, kernel, stride, dilation, padding, paddingAfter } = unfolding;
  const output = [outputExtent(unfolding, 0), outputExtent(unfolding, 1)];
  const [imageSize, outputSize] = [image[0] * image[1], output[0] * output[1]];
  const allRows = CHANNELS * kernel[0] * kernel[1];
  const end = COLUMN + allRows * outputSize + MARGIN;
  const { memory, run, numbers } = instantiate(module, IMAGE, end);
  const layout = new Uint32Array(memory.buffer, LAYOUT * 4, 40);
  // As ONNX Runtime has them: pairs of what belongs to height and width, and sizes.
  for (const [place, pair] of [
    [24, image],
    [36, kernel],
    [48, dilation],
    [60, padding],
    [72, paddingAfter],
    [84, stride],
    [100, output],
  ] as const) {
    layout.set(pair, place / 4);
  }
  layout.set([imageSize], 112 / 4);
  let column = COLUMN;
  for (let k = 0; k < allRows; k += rows) {
    for (let n = 0; n < outputSize; n += points) {
      const [countK, countN] = [Math.min(rows, allRows - k), Math.min(points, outputSize - n)];
      run(LAYOUT * 4, IMAGE * 4, column * 4, k, countK, n, countN);
      column += countK * countN;
    }
  }
  return numbers.slice(COLUMN - MARGIN, end);
}
