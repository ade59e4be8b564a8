import { type Shape, sizeOf } from "../tensor/shape.ts";

const LARGEST_BATCH = 250;
/** 16 MB of pixels; a network's own values take many times that. */
const LARGEST_INPUT = 2 ** 22;

/** Images to evaluate at a time: many small ones are faster, many large ones would fill the memory. */
export function evaluationBatchSize(imageShape: Shape): number {
  return Math.max(1, Math.min(LARGEST_BATCH, Math.floor(LARGEST_INPUT / sizeOf(imageShape))));
}

/** How well a network does its task. */
export interface Evaluation {
  /** Images looked at; without any, the other figures are NaN. */
  readonly count: number;
  /** Mean cross-entropy, or what the task has in its place. */
  readonly loss: number;
  /** What is best when it is 1: the share of images whose highest score is their label's, or the task's main figure. */
  readonly accuracy: number;
  /** The task's other figures by name. */
  readonly figures?: Readonly<Record<string, number>>;
}
