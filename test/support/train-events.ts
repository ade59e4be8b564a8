import type { TrainEvent } from "../../src/studio/engine.ts";
import { accuracy } from "../../src/train/measure.ts";
import { exampleNotes } from "./training.ts";

type Of<Kind extends TrainEvent["kind"]> = Extract<TrainEvent, { readonly kind: Kind }>;

/** What a training reports of a step, whose loss is its number. */
export function stepEvent(step: number, steps: number): Of<"step"> {
  const measures = { accuracy: 0.5 };
  const progress = { step, steps, epoch: 1, loss: step, measures, learningRate: 0.1, stepLoss: step, gradientNorm: 1 };
  return { kind: "step", progress: { ...progress, stepMeasures: measures }, milliseconds: 1, batch: 8 };
}

/** What a training reports before its first step, the one after `step`. */
export function startEvent(step: number): Of<"start"> {
  const notes = { ...exampleNotes, place: { ...exampleNotes.place, step } };
  return { kind: "start", start: { notes, stepsPerEpoch: 2, measures: { training: accuracy, main: accuracy } } };
}
