import type { Evaluation } from "../train/evaluation.ts";
import { WeightsError } from "../tensor/errors.ts";

/**
 * An evaluation in the course of a training. A network whose weights run away measures nothing; that its training has diverged
 * is the next step's to tell.
 */
export async function evaluateInTraining(count: number, evaluate: () => Promise<Evaluation>): Promise<Evaluation> {
  try {
    return await evaluate();
  } catch (error) {
    if (!(error instanceof WeightsError)) throw error;
    const unmeasured = "the network gives scores that are not finite numbers";
    return { count, loss: Number.NaN, measures: {}, unmeasured };
  }
}
