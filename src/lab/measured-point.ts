import type { Session } from "../runtime/runtime.ts";
import { evaluateClassifier } from "../tasks/classify/judge.ts";
import type { LabeledBatch } from "../train/batch.ts";

/** What is measured of a network that was changed. */
export interface MeasuredPoint {
  readonly loss: number;
  /** Share of images that are taken for another class. */
  readonly error: number;
}

/** Measures loss and error of a loaded network. */
export async function measureSession(session: Session, batches: Iterable<LabeledBatch>): Promise<MeasuredPoint> {
  const { loss, measures } = await evaluateClassifier(session, batches);
  return { loss, error: 1 - (measures.accuracy ?? Number.NaN) };
}
