import { sameShape, type Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** How weights differ from what a network needs; all empty if they fit. */
export interface StateDictDifference {
  /** Names that the network needs and the weights lack. */
  readonly missing: readonly string[];
  /** Names that the weights have and the network does not know. */
  readonly unexpected: readonly string[];
  /** Names that both have, with different shapes. */
  readonly misshapen: readonly ShapeDifference[];
}

/** A tensor whose shape is not the network's. */
export interface ShapeDifference {
  readonly name: string;
  readonly expected: Shape;
  readonly found: Shape;
}

/** Counters that PyTorch's batch norm keeps and no result depends on. */
const counters = /(^|\.)num_batches_tracked$/;

/** Compares weights with what a network needs, in the network's order; `num_batches_tracked` does not count. */
export function matchStateDict(
  expected: ReadonlyMap<string, Shape>,
  found: ReadonlyMap<string, Tensor>,
): StateDictDifference {
  const needed = [...expected].filter(([name]) => !counters.test(name));
  const missing = needed.filter(([name]) => !found.has(name)).map(([name]) => name);
  const unexpected = [...found.keys()].filter((name) => !expected.has(name) && !counters.test(name));
  const misshapen = needed.flatMap(([name, shape]): ShapeDifference[] => {
    const tensor = found.get(name);
    return tensor === undefined || sameShape(tensor.shape, shape)
      ? []
      : [{ name, expected: shape, found: tensor.shape }];
  });
  return { missing, unexpected, misshapen };
}
