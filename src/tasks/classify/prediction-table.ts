import { encodeCsv } from "../../files/csv.ts";
import type { Prediction } from "./predict.ts";

/** The most probable classes of one image, the most probable first. */
export interface ImagePredictions {
  readonly image: string;
  readonly predictions: readonly Prediction[];
}

/** One row per image: its class and probability, then the next ones as `class_2`, `probability_2` and so on. */
export function predictionTable(images: readonly ImagePredictions[]): string {
  const most = images.reduce((count, { predictions }) => Math.max(count, predictions.length), 1);
  const head = Array.from({ length: most }, (_, place) => {
    const suffix = place === 0 ? "" : `_${place + 1}`;
    return [`class${suffix}`, `probability${suffix}`];
  });
  const rows = images.map(({ image, predictions }) => [
    image,
    ...head.flatMap((_, place) => {
      const found = predictions[place];
      return found === undefined ? [null, null] : [found.class, Number(found.probability.toPrecision(7))];
    }),
  ]);
  return encodeCsv([["image", ...head.flat()], ...rows]);
}
