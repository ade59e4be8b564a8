import { WeightsError } from "../tensor/errors.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { suggestShortcutType } from "./recognise/shortcut-difference.ts";
import { describeDifference, matchStateDict } from "./recognise/state-dict-difference.ts";
import { toFloat32 } from "./to-float32.ts";

/**
 * The weights that a network needs, in its order and as float32; others are left out.
 *
 * @param where the weights' file, for errors
 * @throws {WeightsError} naming the keys that are missing, left over or of another shape; if only projections differ,
 *   it suggests the shortcut type of the weights
 */
export function requireStateDict(
  where: string,
  expected: ReadonlyMap<string, Shape>,
  found: ReadonlyMap<string, Tensor>,
): ReadonlyMap<string, Tensor<"float32">> {
  const difference = matchStateDict(expected, found);
  const detail = describeDifference(difference);
  if (detail !== "") {
    const advice = suggestShortcutType({ difference, expected, found }) ?? "are these the weights of another network?";
    throw new WeightsError(where, `does not fit the network: ${detail}; ${advice}`);
  }
  const present = [...expected.keys()].filter((name) => found.has(name));
  return new Map(present.map((name) => [name, toFloat32(found.get(name)!)]));
}
