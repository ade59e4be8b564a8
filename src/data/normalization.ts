import type { ImageSet, Normalization } from "./image-set.ts";

/** Mean and deviation by channel. */
export function measureNormalization({ images, count, channels, height, width }: ImageSet): Normalization {
  const plane = height * width;
  const measured = Array.from({ length: channels }, (_, channel) => {
    let sum = 0;
    let squares = 0;
    for (let image = 0; image < count; image++) {
      const start = (image * channels + channel) * plane;
      for (let pixel = start; pixel < start + plane; pixel++) {
        sum += images[pixel];
        squares += images[pixel] ** 2;
      }
    }
    const mean = sum / (count * plane);
    return {
      mean: mean / 255,
      deviation: Math.max(Math.sqrt(Math.max(squares / (count * plane) - mean ** 2, 0)) / 255, 1e-3),
    };
  });
  return { mean: measured.map(({ mean }) => mean), deviation: measured.map(({ deviation }) => deviation) };
}
