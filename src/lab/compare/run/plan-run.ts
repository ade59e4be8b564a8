import { stepsPerEpoch } from "../../../data/batches.ts";
import { takeFirst } from "../../../data/image-set.ts";
import { createModel, type NamedModel } from "../../../nn/models.ts";
import { type Module, parametersOf } from "../../../nn/module.ts";
import { ResiduaError } from "../../../tensor/errors.ts";
import { planAllImages } from "../../../train/all-images.ts";
import { resolveClassWeights } from "../../../train/class-weights.ts";
import { evaluationBatchSize } from "../../../train/evaluation.ts";
import { imagesToWhiten } from "../../../train/whitening.ts";
import { planTraining, type TrainingPlan } from "../../../train/engine.ts";
import { type RecipeRefusals, refuseRecipeFields } from "../../../train/recipe-check.ts";
import type { Recipe } from "../../../train/recipe.ts";
import type { RunPlan } from "../plan.ts";
import type { ComparisonWork } from "../job.ts";
import type { Workplace } from "../host.ts";

/** The parameter whose gradient has passed through every block: the first weight, whatever its name. */
function firstLayerOf(module: Module): string {
  const weight = Array.from(parametersOf(module)).find(([, { role }]) => role === "weight");
  if (weight === undefined) throw new ResiduaError(module.kind, "has no weight to train");
  return weight[0];
}

/** Why a run with a goal refuses what changes from step to step. */
const unequalSteps = "changes what a step costs, which `until` counts; leave it out";
/** Of a comparison by what it costs to reach an accuracy. */
const unequalRefusals: RecipeRefusals = { progressiveResize: unequalSteps, freezeOut: unequalSteps };

/** Steps of a run with this recipe, on so many images. */
export function countSteps(count: number, recipe: Recipe, { length = 1 }: RunPlan): number {
  return Math.max(1, Math.round(length * recipe.epochs * stepsPerEpoch(planAllImages(count, recipe))));
}

/** A run's whole recipe. */
export function recipeOf(job: ComparisonWork, run: RunPlan): Recipe {
  return { ...job.recipe, ...run.recipe, seed: run.seed };
}

/** A run's network and recipe, checked against each other. @throws {OptionError} naming what cannot be followed */
export function planRun(
  { host, job }: Workplace,
  run: RunPlan,
): { readonly model: NamedModel; readonly plan: TrainingPlan } {
  const { data } = host;
  const { channels, height, width } = data.train;
  const named = createModel(run.model, {
    ...run.options,
    shortcut: run.shortcut,
    channels,
    classes: data.classes.length,
  });
  const model: NamedModel = { ...named, imageShape: [channels, height, width] };
  const { labels } = data.train;
  refuseRecipeFields(run.recipe ?? {}, { seed: "cannot be set in a run's recipe; it is the run's own `seed`" });
  const recipe = resolveClassWeights(recipeOf(job, run), { labels, classes: data.classes });
  const plan = planTraining({
    module: model.module,
    sampleShape: model.imageShape,
    recipe,
    stepsPerEpoch: stepsPerEpoch(planAllImages(data.train.count, recipe)),
    steps: countSteps(data.train.count, recipe, run),
    validates: false,
    refuses: job.until === undefined ? {} : unequalRefusals,
    imagesToWhiten: () =>
      host.evaluate(
        takeFirst(data.train, Math.min(data.train.count, imagesToWhiten)),
        data.normalization,
        evaluationBatchSize(model.imageShape),
      ),
    watch: [firstLayerOf(model.module)],
  });
  return { model, plan };
}
