import type { TaskTypes } from "../../../../../src/tasks/task.ts";
import type { ImagePixels } from "../../../../../src/tasks/classify/predict.ts";
import type { Evaluation } from "../../../../../src/train/evaluation.ts";

/** An image with its mean level. */
export interface LevelledImage extends ImagePixels {
  readonly level: number;
}

/** The types of a toy task: tell how bright an image is on the whole, 0 to 1. */
export interface MeanTypes extends TaskTypes {
  readonly settings: { readonly name: "mean" };
  readonly input: ImagePixels;
  readonly predictOptions: object;
  readonly output: number;
  readonly sample: LevelledImage;
  readonly judgeOptions: object;
  readonly judgement: Evaluation;
  readonly study: { readonly error: number };
}
