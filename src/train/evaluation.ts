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
  /** Images for which the network gives what is no finite number, counted as wrong; none if left out. */
  readonly notFinite?: number;
  /** Why the main measure is null. */
  readonly unmeasured?: string;
}

/** Tells of images evaluated so far, of how many. */
export type EvaluationProgress = (done: number, count: number) => void;

/** The same items; when the next one is asked for, those before it are told to be done. @param imagesOf how many an item holds */
export async function* tellDone<T>(
  items: AsyncIterable<T> | Iterable<T>,
  imagesOf: (item: T) => number,
  onDone: (done: number) => void,
): AsyncGenerator<T> {
  let done = 0;
  for await (const item of items) {
    yield item;
    done += imagesOf(item);
    onDone(done);
  }
}
