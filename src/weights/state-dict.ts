import { WeightsError } from "../tensor/errors.ts";
import { formatShape, type Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { listNames, quote } from "./printable.ts";
import { suggestShortcutType } from "./shortcut-difference.ts";
import { matchStateDict, type StateDictDifference } from "./state-dict-difference.ts";
import { toFloat32 } from "./to-float32.ts";

/**
 * The weights that a network needs, in its order and as float32; what it does not need is left out.
 *
 * @param where the weights' file, for errors
 * @throws {WeightsError} naming the keys that are missing, left over or of another shape; where only projections differ,
 *   it says which shortcut type the weights look like
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

function describeDifference({ missing, unexpected, misshapen }: StateDictDifference): string {
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
