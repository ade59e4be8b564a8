import type { LabeledBatch } from "./batch.ts";
import type { TrainingPlan } from "./engine.ts";
import { DivergenceError, type StepResult, type Trainer } from "./trainer.ts";

/** The dependencies of the step loop; it reads no clock and draws no random numbers. */
export interface StepLoopOptions {
  readonly trainer: Trainer;
  readonly plan: Pick<TrainingPlan, "steps" | "rateAt">;
  readonly nextBatch: () => LabeledBatch;
  /** Polled before every step. */
  readonly shouldStop: () => Promise<boolean>;
  /** Called before every step that is taken, after `trainer.steps` steps. */
  readonly beforeStep?: () => Promise<void> | void;
  /** Called after every step. @returns "enough" to end the training before its last step */
  readonly afterStep: (result: StepResult, learningRate: number) => Promise<"enough" | void> | "enough" | void;
}

/**
 * How the loop ended: all steps done, `afterStep` returned "enough", a stop was requested, or the loss was not finite.
 */
export type StepLoopEnd =
  | { readonly status: "done" | "enough" | "stopped" }
  | { readonly status: "diverged"; readonly error: DivergenceError };

/** Runs the remaining steps of a plan. Every training run goes through this loop. */
export async function runSteps(options: StepLoopOptions): Promise<StepLoopEnd> {
  const { trainer, plan, nextBatch, shouldStop, beforeStep, afterStep } = options;
  while (trainer.steps < plan.steps) {
    if (await shouldStop()) return { status: "stopped" };
    await beforeStep?.();
    const learningRate = plan.rateAt(trainer.steps);
    const result = await tryStep(trainer, nextBatch(), learningRate);
    if (result instanceof DivergenceError) return { status: "diverged", error: result };
    if ((await afterStep(result, learningRate)) === "enough") return { status: "enough" };
  }
  return { status: "done" };
}

/** One step, or why it was not taken. */
async function tryStep(
  trainer: Trainer,
  batch: LabeledBatch,
  learningRate: number,
): Promise<StepResult | DivergenceError> {
  try {
    return await trainer.step(batch, learningRate);
  } catch (error) {
    if (error instanceof DivergenceError) return error;
    throw error;
  }
}
