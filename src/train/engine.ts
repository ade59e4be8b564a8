import { buildGradientStep } from "../compile/step/steps.ts";
import type { Lowering } from "../compile/lowering.ts";
import type { ForwardOptions } from "../compile/step/loss-pass.ts";
import { averagedState } from "../networks/card.ts";
import type { Module } from "../nn/module.ts";
import type { Schedule } from "../optim/schedules.ts";
import type { Runtime, SessionOptions } from "../runtime/runtime.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type FineTuning, planFineTuning } from "./fine-tuning.ts";
import type { ModelCache } from "./model-cache.ts";
import { createRecipeSchedule, imagesPerStep, type Recipe, stepOptionsOf } from "./recipe.ts";
import { type RecipeRefusals, refuseRecipeFields, requireRecipe } from "./recipe-check.ts";
import { createGradualTrainer } from "./strategies/gradual.ts";
import { createTrainer, type Trainer, type TrainingState } from "./trainer.ts";
import type { TrainerStrategy } from "./strategies/strategy.ts";

/** What a task's training step has that differs from classification's: its loss, its labels, what counts as right. */
export type TaskStep = Partial<Pick<ForwardOptions, "loss" | "labelShape" | "correct">>;

/** What is to be trained, and how. */
export interface TrainingOptions {
  readonly module: Module;
  /** Shape of one sample of the step. */
  readonly sampleShape: Shape;
  readonly recipe: Recipe;
  readonly stepsPerEpoch: number;
  /** Steps of the whole training; those of the recipe's epochs if left out. */
  readonly steps?: number;
  readonly step?: TaskStep;
  /** Whether every epoch is validated, and the best one kept. */
  readonly validates: boolean;
  /** Fields of the recipe that have no meaning for this task or study, with the reason. */
  readonly refuses?: RecipeRefusals;
  /** Whether the network came from a file and may have operators that no gradient passes. */
  readonly isImported?: boolean;
  /** Parameters whose gradient norm every step reports. */
  readonly watch?: readonly string[];
}

/** A training whose whole recipe has been checked against its network: nothing of it is left to be ignored. */
export interface TrainingPlan extends TrainingOptions {
  readonly steps: number;
  /** Images that one step takes. */
  readonly imagesPerStep: number;
  readonly fineTuning: FineTuning;
  /** The learning rate at a step, counted from 0. */
  readonly rateAt: Schedule;
}

/** What computes a training. */
export interface TrainingHost {
  readonly runtime: Runtime;
  readonly lowering: Lowering;
  readonly session?: SessionOptions;
  readonly cache?: ModelCache;
  /** Whose gradients a step takes; those of its own batch if left out. */
  readonly strategy?: TrainerStrategy;
}

/**
 * Checks that every field of the recipe can be followed. Every path into training comes through here: a field is either
 * followed by {@link openTrainer} and the loops, or refused by its name.
 *
 * @throws {OptionError} naming the first field that is out of its range, means nothing to the network, or is refused
 * @throws {UnsupportedError} naming an operator that no gradient passes
 */
export function planTraining(options: TrainingOptions): TrainingPlan {
  const { recipe, module, stepsPerEpoch, validates, refuses = {}, steps = recipe.epochs * stepsPerEpoch } = options;
  requireRecipe(recipe);
  const needsValidation = "needs a validation part to judge epochs by";
  refuseRecipeFields(recipe, { ...(validates ? {} : { patience: needsValidation }), ...refuses });
  const fineTuning = planFineTuning(recipe, module, stepsPerEpoch);
  const plan: TrainingPlan = {
    ...options,
    steps,
    imagesPerStep: imagesPerStep(recipe),
    fineTuning,
    rateAt: createRecipeSchedule(recipe, steps),
  };
  if (options.isImported === true) requireGradients(plan);
  return plan;
}

/** @throws {UnsupportedError} naming an operator between the loss and a parameter that is trained in the end */
function requireGradients({ recipe, module, sampleShape, step, fineTuning }: TrainingPlan): void {
  const { loss } = stepOptionsOf(recipe);
  const { frozen } = fineTuning.optionsOf(fineTuning.phases - 1);
  buildGradientStep({ module, imageShape: sampleShape, batch: recipe.batch, loss, ...step, frozen });
}

/** Where a training goes on from: parameters and running statistics, perhaps the optimizer's state, and steps done. */
export interface TrainingStart {
  readonly state: ReadonlyMap<string, Tensor>;
  readonly steps: number;
}

/**
 * Compiles the steps of a plan and loads what they start from; fresh parameters if `start` is left out.
 *
 * @throws {WeightsError} if the state is not the network's
 */
export async function openTrainer(plan: TrainingPlan, host: TrainingHost, start?: TrainingStart): Promise<Trainer> {
  const { strategy = createTrainer, ...place } = host;
  const trainer = await createGradualTrainer(
    {
      ...stepOptionsOf(plan.recipe),
      ...plan.step,
      ...place,
      module: plan.module,
      imageShape: plan.sampleShape,
      ...(plan.watch === undefined ? {} : { watch: plan.watch }),
    },
    plan.fineTuning,
    { firstStep: start?.steps ?? 0, strategy },
  );
  try {
    if (start !== undefined) trainer.load(start.state, start.steps);
    return trainer;
  } catch (error) {
    await trainer.release();
    throw error;
  }
}

/** What validates, is tested and exported: the moving averages where the recipe keeps them, the weights otherwise. */
export async function predictingState(trainer: Pick<Trainer, "state">): Promise<TrainingState> {
  return averagedState(await trainer.state());
}
