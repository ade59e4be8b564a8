import type { Plate } from "./find-plates.ts";
import { plateTypeOf } from "./plate-type.ts";

const short = (value: number): number => Number(value.toFixed(2));

/** A plate as plain data: without the straightened picture, its corners to a hundredth of a pixel, with its type. */
export function describePlate({ straightened: _, corners, ...about }: Plate): object {
  return { ...about, type: plateTypeOf(about), corners: corners.map((corner) => corner.map(short)) };
}
