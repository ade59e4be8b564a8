import type { ParameterGroup } from "../compile/step/update.ts";
import { OptionError } from "../tensor/errors.ts";
import type { Recipe } from "./recipe.ts";
import { createRecipeSchedule } from "./recipe-step.ts";

/** Schedules that end at or near 0, where a layer can stop without a jump. */
const fallsToZero: ReadonlySet<Recipe["schedule"]> = new Set(["linear", "cosine", "one-cycle"]);

/** Parameters that freeze together: they are trained for so many steps, by a schedule of their own. */
export interface FreezingStage extends ParameterGroup {
  readonly steps: number;
}

/**
 * FreezeOut: stages freeze from the front of the network on. Stage i of n, counted from 0, is trained for the first
 * share + (1 − share)·i/(n − 1) of the steps, and goes through the whole schedule of the recipe in that time, after the same
 * warm-up; with a cosine that is the paper's rate. The last stage, to which the classifier belongs, is trained to the end.
 *
 * @param stages the names of each one's parameters, from input to output
 * @param steps of the training
 * @returns all stages but the last
 * @throws {OptionError} if nothing would freeze, or a rate would not have fallen by then
 * @source Brock et al. 2017, arXiv:1706.04983, with t₀ = share, spaced linearly and with unscaled rates
 */
export function planFreezeOut(
  recipe: Recipe & { readonly freezeOut: number },
  stages: readonly (readonly string[])[],
  steps: number,
): readonly FreezingStage[] {
  const { freezeOut: share, schedule, warmupSteps } = recipe;
  const last = stages.length - 1;
  if (last < 1)
    throw new OptionError("freezeOut", "has no stage to freeze: only the last one is trained; leave it out");
  if (!fallsToZero.has(schedule))
    throw new OptionError("freezeOut", `needs a \`schedule\` that falls to 0, such as cosine, got ${schedule}`);
  const trainedFor = stages
    .slice(0, last)
    .map((_, stage) => Math.max(1, Math.round(steps * (share + ((1 - share) * stage) / last))));
  const [first] = trainedFor;
  if (first >= steps)
    throw new OptionError("freezeOut", `freezes nothing within ${steps} steps; give a smaller share, or more steps`);
  if (first <= warmupSteps)
    throw new OptionError(
      "freezeOut",
      `freezes the first stage after ${first} steps, before the warm-up of ${warmupSteps} ends; give a larger share`,
    );
  return trainedFor.map((own, stage) => ({
    parameters: new Set(stages[stage]),
    steps: own,
    rateAt: createRecipeSchedule(recipe, own),
  }));
}
