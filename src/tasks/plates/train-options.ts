import type { PlatePart } from "./settings.ts";

/** What a training for plates may be told, beside the network, the data and the recipe. */
export interface PlatesTrainOptions {
  /** Which of the two networks is trained. Default "read". */
  readonly part?: PlatePart;
  /** A folder of glyphs to draw plates with, beside the built-in fonts. */
  readonly glyphs?: string;
  /** Share of the samples whose plates are drawn, 0 to 1. Default 1 without data, 0.9 with crops, 0.7 with scenes. */
  readonly drawn?: number;
  /** Samples of an epoch. Default 10,000 plates, or 4,000 scenes. */
  readonly samples?: number;
  /** Rows and columns of the parts of scenes that the locator is trained on. Default 256. */
  readonly crop?: number;
}
