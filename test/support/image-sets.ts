import type { ImageSet } from "../../src/data/image-set.ts";
import { randomStream } from "../../src/tensor/random.ts";

/** Images of random pixels above 0, so that padding is told from them; labels count round to `classes`. */
export function exampleSet(
  count: number,
  size: { readonly channels: number; readonly height: number; readonly width: number },
  classes = 10,
): ImageSet {
  const stream = randomStream(0, "example set");
  const images = Uint8Array.from(
    { length: count * size.channels * size.height * size.width },
    () => 1 + stream.integer(255),
  );
  return { images, labels: Int32Array.from({ length: count }, (_, index) => index % classes), count, ...size };
}
