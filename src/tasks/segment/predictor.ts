import type { Session } from "../../runtime/runtime.ts";
import type { NetworkCard } from "../../networks/card.ts";
import type { Predictor } from "./predict.ts";
import type { SegmentationSettings } from "./settings.ts";

/** A network with its card, as tiles are predicted by it. */
export function predictorOf(
  { card, session }: { readonly card: NetworkCard; readonly session: Session },
  { target }: SegmentationSettings,
): Predictor {
  const scores = card.classes.length;
  const classes = target === "instances" ? scores - 1 : scores;
  return { session, tile: card.imageShape, normalization: card.normalization, classes };
}
