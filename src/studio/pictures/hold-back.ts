import { permutation, randomStream } from "../../tensor/random.ts";

/** The share of a class's images that no training sees. */
const heldShare = 0.2;

/**
 * Chooses the images to hold back: a fifth of every class, at least one, by the seed. The same images with the same seed give
 * the same choice.
 *
 * @param labels the class of each image
 * @returns whether each image is held back
 */
export function holdBack(labels: readonly number[], seed: number): readonly boolean[] {
  const held = new Set<number>();
  for (const label of new Set(labels)) {
    const own = labels.flatMap((each, place) => (each === label ? [place] : []));
    const order = permutation(randomStream(seed, "held back", label), own.length);
    const count = Math.max(1, Math.round(heldShare * own.length));
    for (const index of order.slice(0, count)) held.add(own[index]);
  }
  return labels.map((_, place) => held.has(place));
}
