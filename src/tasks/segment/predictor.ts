import type { SegmentationNetwork } from "./network.ts";
import type { Predictor } from "./tiles.ts";

/** A network with its card, as tiles are predicted by it. */
export function predictorOf({ card, session, settings }: SegmentationNetwork): Predictor {
  const scores = card.classes.length;
  const classes = settings.target === "instances" ? scores - 1 : scores;
  return { session, tile: card.imageShape, normalization: card.normalization, classes };
}
