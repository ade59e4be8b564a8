import { randomStream } from "../../src/tensor/random.ts";

/** Kinds of pictures that are told apart easily: where the bright half is. */
export const kinds = ["left", "right", "top"] as const;

/** Pixels `[size, size, 3]` of one picture: noise, and a bright half by its kind. */
export function drawKind(kind: number, index: number, size: number): Uint8Array {
  const stream = randomStream(5, "pictures", kind, index);
  return Uint8Array.from({ length: size * size * 3 }, (_, place) => {
    const pixel = Math.floor(place / 3);
    const [row, column] = [Math.floor(pixel / size), pixel % size];
    const isBright = [column < size / 2, column >= size / 2, row < size / 2][kind];
    return (isBright ? 160 : 40) + stream.integer(50);
  });
}
