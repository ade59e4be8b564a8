import { buildGradientStep } from "../compile/step/steps.ts";
import type { Lowering } from "../compile/lowering.ts";
import type { ForwardOptions } from "../compile/step/loss-pass.ts";
import { averagedState } from "../networks/card.ts";
import type { Module } from "../nn/module.ts";
import type { Schedule } from "../optim/schedules.ts";
import { releaseOnFailure } from "../runtime/release.ts";
import type { Runtime, SessionOptions } from "../runtime/runtime.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type FineTuning, planFineTuning } from "./fine-tuning.ts";
import type { ModelCache } from "./model-cache.ts";
import { imagesPerStep, type Recipe } from "./recipe.ts";
import { createRecipeSchedule, stepOptionsOf } from "./recipe-step.ts";
import { lowerAt } from "./precision.ts";
import { type ImageShapeAt, planImageSizes } from "./progressive-resizing.ts";
import { type RecipeRefusals, refuseRecipeFields, requireRecipe } from "./recipe-check.ts";
import { createLookaheadTrainer } from "./strategies/lookahead.ts";
import { createGradualTrainer } from "./strategies/gradual.ts";
import { OptionError } from "../tensor/errors.ts";
import { requireAsManyRanks, requireBatchNorm } from "./sync-batch-norm.ts";
import { type ImageBatchesToWhiten, whitenedState } from "./whitening.ts";
import { createTrainer, type Trainer, type TrainingState } from "./trainer.ts";
import type { TrainerStrategy } from "./strategies/strategy.ts";

/** How a task's training step differs from classification's: its loss, its labels, its measure of correctness. */
export type TaskStep = Partial<Pick<ForwardOptions, "loss" | "labelShape" | "correct">>;

/** What is to be trained, and how. */
export interface TrainingOptions {
  readonly module: Module;
  /** Shape of one sample. */
  readonly sampleShape: Shape;
  readonly recipe: Recipe;
  readonly stepsPerEpoch: number;
  /** Total number of steps; by default, from the recipe's epochs. */
  readonly steps?: number;
  readonly step?: TaskStep;
  /** Whether to validate every epoch and keep the best. */
  readonly validates: boolean;
  /** Recipe fields that do not apply to this task or study, each with its reason. */
  readonly refuses?: RecipeRefusals;
  /** Whether the network came from a file and may contain operators without a gradient. */
  readonly isImported?: boolean;
  /** The first training images, to whiten the first layer by; without them a recipe that asks for it is refused. */
  readonly imagesToWhiten?: ImageBatchesToWhiten;
  /** Parameters whose gradient norm every step reports. */
  readonly watch?: readonly string[];
  /** Processes that train together. Default 1. */
  readonly ranks?: number;
}

/** A training run whose whole recipe has been checked against its network, so that nothing is ignored. */
export interface TrainingPlan extends TrainingOptions {
  readonly steps: number;
  /** Images per step. */
  readonly imagesPerStep: number;
  readonly fineTuning: FineTuning;
  readonly imageShapeAt: ImageShapeAt;
  /** The learning rate at a step, counted from 0. */
  readonly rateAt: Schedule;
}

/** What computes a training. */
export interface TrainingHost {
  readonly runtime: Runtime;
  readonly lowering: Lowering;
  readonly session?: SessionOptions;
  readonly cache?: ModelCache;
  /** The strategy that supplies gradients; by default, the step's own batch. */
  readonly strategy?: TrainerStrategy;
}

/**
 * Checks that every field of the recipe can be followed. Every path into training passes through here: a field is
 * either obeyed by {@link openTrainer} and the loops, or refused by name.
 *
 * @throws {OptionError} naming the first field that is out of range, does not apply to the network, or is refused
 * @throws {UnsupportedError} naming an operator without a gradient
 */
export function planTraining(options: TrainingOptions): TrainingPlan {
  const { recipe, module, stepsPerEpoch, validates, refuses = {}, steps = recipe.epochs * stepsPerEpoch } = options;
  requireRecipe(recipe);
  const needsValidation = "needs a validation part to judge epochs by";
  refuseRecipeFields(recipe, { ...(validates ? {} : { patience: needsValidation }), ...refuses });
  if (recipe.whiten === true && options.imagesToWhiten === undefined)
    throw new OptionError("whiten", "needs fresh weights, and images to classify; leave it out");
  requireAsManyRanks(recipe.syncBatchNorm, options.ranks ?? 1);
  const fineTuning = planFineTuning(recipe, module, { steps, stepsPerEpoch, sample: options.sampleShape });
  if (recipe.syncBatchNorm !== undefined) requireBatchNorm(module, options.sampleShape, fineTuning.isNeverTrained);
  const plan: TrainingPlan = {
    ...options,
    steps,
    imagesPerStep: imagesPerStep(recipe),
    fineTuning,
    imageShapeAt: planImageSizes(recipe, module, { sample: options.sampleShape, steps }),
    rateAt: createRecipeSchedule(recipe, steps),
  };
  if (options.isImported === true) requireGradients(plan);
  return plan;
}

/** @throws {UnsupportedError} naming an operator between the loss and a parameter that is ever trained */
function requireGradients({ recipe, module, sampleShape, step, fineTuning }: TrainingPlan): void {
  const { loss } = stepOptionsOf(recipe);
  const { isNeverTrained: frozen } = fineTuning;
  buildGradientStep({ module, imageShape: sampleShape, batch: recipe.batch, loss, ...step, frozen });
}

/** The state that training starts from: parameters, running statistics, optionally optimizer state, and steps done. */
export interface TrainingStart {
  readonly state: ReadonlyMap<string, Tensor>;
  readonly steps: number;
}

/** What a training without a state starts from, if not from parameters drawn by its seed. */
async function openFreshStart({
  module,
  recipe,
  sampleShape,
  imagesToWhiten,
}: TrainingPlan): Promise<TrainingStart | undefined> {
  if (recipe.whiten !== true || imagesToWhiten === undefined) return undefined;
  const state = await whitenedState(module, { sample: sampleShape, seed: recipe.seed, batches: imagesToWhiten });
  return { state, steps: 0 };
}

/**
 * Compiles the steps of a plan and loads their start state; fresh parameters if `given` is left out.
 *
 * @throws {WeightsError} if the state does not match the network
 */
export async function openTrainer(plan: TrainingPlan, host: TrainingHost, given?: TrainingStart): Promise<Trainer> {
  const start = given ?? (await openFreshStart(plan));
  const { strategy = createTrainer, ...place } = host;
  const lowering = await lowerAt(plan.recipe, host);
  const gradual = await createGradualTrainer(
    {
      ...stepOptionsOf(plan.recipe),
      ...plan.step,
      ...place,
      lowering,
      module: plan.module,
      ...(plan.watch === undefined ? {} : { watch: plan.watch }),
    },
    plan,
    { firstStep: start?.steps ?? 0, strategy },
  );
  const { lookahead: share } = plan.recipe;
  const { module, steps } = plan;
  const trainer =
    share === undefined
      ? gradual
      : await releaseOnFailure(gradual, () => createLookaheadTrainer(gradual, { module, share, steps }));
  if (start !== undefined) await releaseOnFailure(trainer, () => trainer.load(start.state, start.steps));
  return trainer;
}

/** The state to validate, test and export: moving averages if the recipe keeps them, otherwise the weights. */
export async function predictingState(trainer: Pick<Trainer, "state">): Promise<TrainingState> {
  return averagedState(await trainer.state());
}
