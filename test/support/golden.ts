import { readFileSync } from "node:fs";
import { decodeSafetensors } from "../../src/weights/safetensors/safetensors.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

const folder = new URL("../golden/", import.meta.url);

/** Tensors of a golden file. */
export function readGoldenTensors(name: string): ReadonlyMap<string, Tensor> {
  return decodeSafetensors(new Uint8Array(readFileSync(new URL(name, folder))), name).tensors;
}

/** The JSON beside the tensors, as its maker wrote it. */
export function readGoldenJson<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(name, folder), "utf8")) as T;
}

/**
 * Largest difference, as a share of the largest expected magnitude.
 * @param floor the least magnitude to share by: values that cancel to nothing have no scale of their own
 */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>, floor = 0): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let difference = 0;
  let scale = floor;
  for (let index = 0; index < expected.length; index++) {
    difference = Math.max(difference, Math.abs(actual[index] - expected[index]));
    scale = Math.max(scale, Math.abs(expected[index]));
    if (Number.isNaN(actual[index])) return Number.NaN;
  }
  return scale === 0 ? difference : difference / scale;
}
