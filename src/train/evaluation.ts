import { type Shape, sizeOf } from "../tensor/shape.ts";
import type { Measured } from "./measure.ts";

const LARGEST_BATCH = 250;
/** 16 MB of pixels; a network's own values take many times that. */
const LARGEST_INPUT = 2 ** 22;

/** Images per evaluation batch: many small ones are faster, many large ones would exhaust memory. */
export function evaluationBatchSize(imageShape: Shape): number {
  return Math.max(1, Math.min(LARGEST_BATCH, Math.floor(LARGEST_INPUT / sizeOf(imageShape))));
}

/** How well a network does its task: mean cross-entropy (or the task's own loss) and the task's measures. */
export interface Evaluation extends Measured {
  /** Images evaluated; if 0, the loss is NaN and every measure null. */
  readonly count: number;
  /** Why the main measure is null. */
  readonly unmeasured?: string;
}
