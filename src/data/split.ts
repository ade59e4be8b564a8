import { OptionError } from "../tensor/errors.ts";
import { permutation, randomStream } from "../tensor/random.ts";

/** Indices of the training images and of the held-out images. */
export interface Split {
  readonly train: Uint32Array;
  readonly validation: Uint32Array;
}

/** Images of a validation part by which one epoch can be told from another at all; of fewer than five times as many, a fifth. */
const SMALLEST_VALIDATION = 8;

/**
 * The share to hold out if none was chosen: a task's own, and more of a small set, of which that would be one or two images.
 *
 * @param share the task's, in [0, 1)
 */
export const standardShare = (count: number, share: number): number =>
  Math.max(share, Math.min(SMALLEST_VALIDATION, Math.floor(count / 5)) / Math.max(1, count));

/**
 * Splits a validation part off at random, by the seed.
 *
 * @param fraction held-out share, in [0, 1)
 * @throws {OptionError} if the fraction is out of its range or nothing is left to train on
 */
export function splitValidation(count: number, fraction: number, seed: number): Split {
  if (!(fraction >= 0 && fraction < 1)) throw new OptionError("validation", `must be in [0, 1), got ${fraction}`);
  const held = Math.round(count * fraction);
  if (held >= count) throw new OptionError("validation", `${fraction} of ${count} images leaves none to train on`);
  if (held === 0)
    return { train: Uint32Array.from({ length: count }, (_, index) => index), validation: new Uint32Array() };
  const order = permutation(randomStream(seed, "validation split"), count);
  return { train: order.slice(held).toSorted(), validation: order.slice(0, held).toSorted() };
}
