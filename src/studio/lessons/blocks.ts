import { randomStream } from "../../tensor/random.ts";

/** Channels between the two convolutions of a block. */
const hidden = 4;

/** An image of one channel, `[size, size]`. */
export interface Plane {
  readonly size: number;
  readonly values: Float64Array;
}

/** What the image is after every block, the input first, and how like the input it still is. */
export interface BlockWalk {
  readonly planes: readonly Plane[];
  /** Cosine between each plane and the input; the first is 1. */
  readonly cosines: readonly number[];
}

/** Euclidean norm. */
function normOf(values: ArrayLike<number>): number {
  return Math.sqrt(dot(values, values));
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += a[index] * b[index];
  return sum;
}

/** Cosine of the angle between two planes: 1 for the same picture, around 0 for unrelated ones. */
export function cosineOf(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return dot(a, b) / (normOf(a) * normOf(b));
}

/**
 * A 3×3 convolution with stride 1 and padding 1, without bias.
 *
 * @param planes one per input channel, `[size, size]`
 * @param weights `[outputs, inputs, 3, 3]`
 */
export function convolve(
  planes: readonly Float64Array[],
  size: number,
  weights: Float64Array,
): readonly Float64Array[] {
  const inputs = planes.length;
  return Array.from({ length: weights.length / (inputs * 9) }, (_, output) => {
    const sum = new Float64Array(size * size);
    planes.forEach((plane, input) => {
      const kernel = weights.subarray((output * inputs + input) * 9, (output * inputs + input + 1) * 9);
      addCorrelation(sum, plane, size, kernel);
    });
    return sum;
  });
}

function addCorrelation(sum: Float64Array, plane: Float64Array, size: number, kernel: Float64Array): void {
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++)
      for (let tap = 0; tap < 9; tap++) {
        const [row, column] = [y + Math.floor(tap / 3) - 1, x + (tap % 3) - 1];
        if (row >= 0 && row < size && column >= 0 && column < size)
          sum[y * size + x] += plane[row * size + column] * kernel[tap];
      }
}

/** Weights drawn as for training, N(0, 2 / fan-in). @source He et al. 2015, arXiv:1502.01852 */
function drawWeights(seed: number, purpose: string, outputs: number, inputs: number): Float64Array {
  const random = randomStream(seed, purpose);
  const deviation = Math.sqrt(2 / (inputs * 9));
  return Float64Array.from({ length: outputs * inputs * 9 }, () => random.normal() * deviation);
}

/** F of one block: convolution, relu, convolution, brought to a norm of `strength` times that of x. */
function residualBranch({ size, values }: Plane, seed: number, block: number, strength: number): Float64Array {
  const inner = convolve([values], size, drawWeights(seed, `block ${block}, first`, hidden, 1));
  const lit = inner.map((plane) => plane.map((value) => Math.max(value, 0)));
  const [output] = convolve(lit, size, drawWeights(seed, `block ${block}, second`, 1, hidden));
  const scale = (strength * normOf(values)) / Math.max(normOf(output), 1e-12);
  return output.map((value) => value * scale);
}

/**
 * Sends an image through untrained blocks.
 *
 * With the wire each computes y = x + F(x), without it y = F(x).
 *
 * @param strength ‖F(x)‖ / ‖x‖, which batch norm sets in a real network
 * @param seed of the weights
 */
export function walkBlocks(
  input: Plane,
  options: {
    readonly blocks: number;
    readonly hasWire: boolean;
    readonly strength: number;
    readonly seed: number;
  },
): BlockWalk {
  const { blocks, hasWire, strength, seed } = options;
  const planes = [input];
  for (let block = 1; block <= blocks; block++) {
    const x = planes[block - 1];
    const branch = residualBranch(x, seed, block, strength);
    const values = hasWire ? x.values.map((value, index) => value + branch[index]) : branch;
    planes.push({ size: input.size, values });
  }
  return { planes, cosines: planes.map(({ values }) => cosineOf(input.values, values)) };
}
