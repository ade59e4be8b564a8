import type { Plate } from "./find-plates.ts";
import { plateTypeOf } from "./plate-type.ts";

const short = (value: number): number => Number(value.toFixed(2));

/** A plate as plain data: without the straightened picture, its corners to a hundredth of a pixel, with its type. */
export function describePlate(plate: Plate): object {
  const { straightened: _, corners, ...about } = plate;
  return { ...about, type: plateTypeOf(plate), corners: corners.map((corner) => corner.map(short)) };
}
