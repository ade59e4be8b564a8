import type { LabeledBatch } from "./batch.ts";
import type { TrainingPlan } from "./engine.ts";
import { DivergenceError, type StepResult, type Trainer } from "./trainer.ts";

/** What the step loop works with; it reads no clock and draws nothing. */
export interface StepLoopOptions {
  readonly trainer: Trainer;
  readonly plan: Pick<TrainingPlan, "steps" | "rateAt">;
  readonly nextBatch: () => LabeledBatch;
  /** Asked before every step. */
  readonly shouldStop: () => Promise<boolean>;
  /** Called before a step that will be taken; `trainer.steps` have been done. */
  readonly beforeStep?: () => Promise<void> | void;
  /** Called after every step. @returns "enough" to end the training before its last step */
  readonly afterStep: (result: StepResult, learningRate: number) => Promise<"enough" | void> | "enough" | void;
}

/** How the loop ended: all steps done, `afterStep` had enough, a stop was asked for, or no finite loss. */
export type StepLoopEnd =
  | { readonly status: "done" | "enough" | "stopped" }
  | { readonly status: "diverged"; readonly error: DivergenceError };

/** Takes the steps of a plan that are still to be done, one after another. Every training runs through this loop. */
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

/** One step, or the reason why there is none. */
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
