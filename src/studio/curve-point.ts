import type { StepProgress } from "../train/loop.ts";

/** What one step gave. */
export interface CurvePoint {
  readonly loss: number;
  /** Share of the step's images that were classified correctly. */
  readonly accuracy: number;
}

/** A step as a point of a training's curve. */
export function toCurvePoint({ stepLoss, stepMeasures }: StepProgress): CurvePoint {
  return { loss: stepLoss, accuracy: stepMeasures["accuracy"] ?? Number.NaN };
}
