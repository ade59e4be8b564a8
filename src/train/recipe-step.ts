import type { LossFunction } from "../compile/step/loss-pass.ts";
import { exemptBiasAndNorm, type UpdateOptions } from "../compile/step/update.ts";
import { crossEntropy } from "../nn/losses.ts";
import { adamw, adamwDefaults } from "../optim/adamw.ts";
import { muon, muonDefaults } from "../optim/muon.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import { createSchedule, type Schedule } from "../optim/schedules.ts";
import { sgd, sgdDefaults } from "../optim/sgd.ts";
import { OptionError } from "../tensor/errors.ts";
import type { OptimizerRecipe, Recipe } from "./recipe.ts";

/** The optimizer that a recipe names. @throws {OptionError} if an option is out of its range */
export function createOptimizer({ optimizer }: Pick<Recipe, "optimizer">): Optimizer {
  if (optimizer.name === "muon") return muon(optimizer);
  return optimizer.name === "sgd" ? sgd(optimizer) : adamw(optimizer);
}

/** An optimizer with the options that it takes where none are given. */
export function completeOptimizer(optimizer: OptimizerRecipe): OptimizerRecipe {
  if (optimizer.name === "muon") return { ...muonDefaults, ...optimizer };
  if (optimizer.name === "sgd") return { ...sgdDefaults, ...optimizer };
  // A recipe does not say epsilon.
  const { epsilon: _, ...defaults } = adamwDefaults;
  return { ...defaults, ...optimizer };
}

/** The recipe's learning-rate schedule over `steps` steps. @throws {OptionError} if it is out of range */
export function createRecipeSchedule({ schedule, learningRate, warmupSteps }: Recipe, steps: number): Schedule {
  return createSchedule(schedule, learningRate, steps, warmupSteps);
}

/** The training-step options that a recipe sets, whatever the network. */
export type RecipeStepOptions = Pick<Recipe, "batch" | "seed"> &
  Omit<UpdateOptions, "average"> & {
    readonly loss: LossFunction;
    readonly mixup?: number | undefined;
    readonly average?: number | undefined;
    readonly syncBatchNorm?: number | undefined;
  };

/** The training-step options that a recipe sets. @throws {OptionError} if an option is out of range */
export function stepOptionsOf(recipe: Recipe): RecipeStepOptions {
  const { batch, seed, clipNorm, decaySparesNorms, labelSmoothing, classWeights } = recipe;
  if (classWeights === "balanced")
    throw new OptionError(
      "classWeights",
      '"balanced" needs the labels of the training images; give a number for each class',
    );
  return {
    batch,
    seed,
    optimizer: createOptimizer(recipe),
    accumulate: recipe.accumulate ?? 1,
    mixup: recipe.mixup,
    average: recipe.average,
    syncBatchNorm: recipe.syncBatchNorm,
    loss: (g, scores, labels) => crossEntropy(g, scores, labels, { labelSmoothing, classWeights }),
    ...(clipNorm === undefined ? {} : { clipNorm }),
    ...(decaySparesNorms ? { exempt: exemptBiasAndNorm } : {}),
  };
}
