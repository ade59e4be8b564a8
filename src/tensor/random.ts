/**
 * Randomness as a function of (seed, purpose, indices), never of the order of the draws: two workers, or a run that was
 * interrupted, draw the same numbers for the same sample of the same epoch.
 *
 * @source Philox4x32-10: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
 */
const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;
const ROUNDS = 10;

/** High 32 bits of the 64-bit product of two unsigned 32-bit numbers, through 16-bit halves. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const low = aLow * bLow;
  const middle = aHigh * bLow + (low >>> 16);
  const cross = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 65536) + Math.floor(cross / 65536)) >>> 0;
}

/** One Philox block: four 32-bit words for a 128-bit counter and a 64-bit key. */
export function philox(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
): [number, number, number, number] {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0);
    const low0 = Math.imul(MULTIPLIER_0, c0) >>> 0;
    const high1 = multiplyHigh(MULTIPLIER_1, c2);
    const low1 = Math.imul(MULTIPLIER_1, c2) >>> 0;
    [c0, c1, c2, c3] = [(high1 ^ c1 ^ k0) >>> 0, low1, (high0 ^ c3 ^ k1) >>> 0, low0];
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** FNV-1a over UTF-16 code units: turns a purpose into a key word. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}

/** A sequence of draws that belongs to one (seed, purpose, indices). */
export interface RandomStream {
  /** A whole number in [0, 2³²). */
  word(): number;
  /** A number in [0, 1). */
  uniform(): number;
  /** A draw from the standard normal distribution (Box-Muller). */
  normal(): number;
  /** A whole number in [0, bound). */
  integer(bound: number): number;
}

/**
 * Opens the stream of (seed, purpose, first, second). Equal arguments give equal draws.
 *
 * @param seed a whole number; its low 32 bits and the rest up to 2⁵³ both count
 * @param purpose what the draws are for, such as "shuffle"; purposes are independent of each other
 * @param first usually the epoch or the step, below 2³²
 * @param second usually the sample, below 2³²
 */
export function randomStream(seed: number, purpose: string, first = 0, second = 0): RandomStream {
  const key = [seed >>> 0, (hashText(purpose) ^ Math.imul(Math.floor(seed / 2 ** 32), WEYL_0)) >>> 0] as const;
  let block = 0;
  let words: readonly number[] = [];
  let used = 0;
  let spare: number | undefined;
  const word = (): number => {
    if (used === words.length) {
      words = philox([block >>> 0, Math.floor(block / 2 ** 32), first >>> 0, second >>> 0], key);
      block++;
      used = 0;
    }
    return words[used++];
  };
  const uniform = (): number => word() / 2 ** 32;
  const normal = (): number => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
  return { word, uniform, normal, integer: (bound) => Math.floor(uniform() * bound) };
}

/**
 * The numbers 0 … length−1 in random order.
 * @source Fisher and Yates; Durstenfeld 1964.
 */
export function permutation(stream: RandomStream, length: number): Uint32Array {
  const order = Uint32Array.from({ length }, (_, index) => index);
  for (let last = length - 1; last > 0; last--) {
    const other = stream.integer(last + 1);
    const value = order[last];
    order[last] = order[other]!;
    order[other] = value;
  }
  return order;
}
