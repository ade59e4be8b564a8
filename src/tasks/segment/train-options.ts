import type { MaskMeaning } from "./data/set.ts";
import type { SegmentationLossName } from "./losses.ts";

/** What a training to segment may be told, beside the network, the data and the recipe. */
export interface SegmentTrainOptions {
  /** A whole recipe by name; what else is said takes the place of its parts. Default "cells". */
  readonly preset?: "cells";
  /** What masks hold: a number for each cell ("instances"), or classes of points. Default "instances". */
  readonly target?: MaskMeaning;
  /** Loss of the points' classes. Default "combined", cross-entropy plus Dice. */
  readonly loss?: SegmentationLossName;
  /** Value of masks from which nothing is learnt, 0 to 255; with target "classes" only. */
  readonly ignore?: number;
  /** Share of a folder without `test/` that is kept for the test, in [0, 1). Default 0.15. */
  readonly test?: number;
  /** Rows and columns of the parts of images that are trained on. Default 128. */
  readonly crop?: number;
  /** Larger images are shrunk to so many rows or columns, in training and in use. */
  readonly longestSide?: number;
  /** Whether images are varied. Default true. */
  readonly augment?: boolean;
}
