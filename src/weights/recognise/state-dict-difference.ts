import { formatShape, sameShape, type Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { listNames, quote } from "../../tensor/printable.ts";

/** How weights differ from what a network needs; all lists are empty if they fit. */
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

/** Counters that PyTorch's batch norm keeps, on which no result depends. */
const counters = /(^|\.)num_batches_tracked$/;

/** Compares weights with what a network needs, in the network's order; `num_batches_tracked` does not count. */
export function matchStateDict(
  expected: ReadonlyMap<string, Shape>,
  found: ReadonlyMap<string, Tensor>,
): StateDictDifference {
  return compareShapes(expected, new Map([...found].map(([name, { shape }]) => [name, shape])));
}

/** Like {@link matchStateDict}, by shapes alone. */
export function compareShapes(
  expected: ReadonlyMap<string, Shape>,
  found: ReadonlyMap<string, Shape>,
): StateDictDifference {
  const needed = [...expected].filter(([name]) => !counters.test(name));
  const missing = needed.filter(([name]) => !found.has(name)).map(([name]) => name);
  const unexpected = [...found.keys()].filter((name) => !expected.has(name) && !counters.test(name));
  const misshapen = needed.flatMap(([name, shape]): ShapeDifference[] => {
    const other = found.get(name);
    return other === undefined || sameShape(other, shape) ? [] : [{ name, expected: shape, found: other }];
  });
  return { missing, unexpected, misshapen };
}

/** One line on what is missing, left over or of another shape; empty if nothing is. */
export function describeDifference({ missing, unexpected, misshapen }: StateDictDifference): string {
  const shapes = misshapen.map(
    ({ name, expected, found }) => `${quote(name)} is ${formatShape(found)}, must be ${formatShape(expected)}`,
  );
  const rest = shapes.length > 2 ? ` and ${shapes.length - 2} more of another shape` : "";
  const parts = [
    missing.length > 0 ? `missing ${listNames(missing)}` : "",
    unexpected.length > 0 ? `unexpected ${listNames(unexpected)}` : "",
    shapes.length > 0 ? shapes.slice(0, 2).join(", ") + rest : "",
  ];
  return parts.filter((part) => part !== "").join("; ");
}
