import { addForward } from "../../nn/forward.ts";
import { initializeState } from "../../nn/initialization.ts";
import { createModel } from "../../nn/models.ts";
import { createGraphBuilder } from "../../onnx/builder.ts";
import { encodeModel } from "../../onnx/encode.ts";
import { toModel } from "../../compile/inference.ts";
import { portable } from "../../compile/portable/lowering.ts";
import { canonicalJson } from "../../tensor/canonical-json.ts";
import { OptionError } from "../../tensor/errors.ts";
import { crc32 } from "../../weights/zip/crc32.ts";
import { defaultRecipe, type Recipe } from "../../train/recipe.ts";
import { recipeFields, recipeOptions, recipeValue } from "../../train/recipe-options.ts";
import type { RunPlan } from "./plan.ts";
import { completeOptimizer } from "../../train/recipe-step.ts";

/** A fingerprint of what a network computes in training and what it starts from. */
function signatureOf({ model, shortcut, options, seed }: RunPlan): string {
  const { module } = createModel(model, { ...options, shortcut, channels: 3, classes: 10 });
  const g = createGraphBuilder("network");
  const images = g.input("images", "float32", [1, 3, 32, 32]);
  const { output, noise } = addForward(g, module, images, { mode: "train", state: initializeState(module, seed) });
  g.output("output", output);
  const chances = Array.from(noise, ([name, { keep }]) => [name, keep]);
  return JSON.stringify([crc32(encodeModel(toModel(portable.lower(g.finish()).write()))), chances]);
}

function completed(recipe: Omit<Recipe, "seed">): Omit<Recipe, "seed"> {
  return { ...recipe, optimizer: completeOptimizer(recipe.optimizer) };
}

/** A recipe without the fields that equal their defaults. */
function essenceOf(recipe: Partial<Recipe>): string {
  const fields = recipeFields.map((field) => [field, recipeValue(recipe, field)] as const);
  const said = fields.filter(([field, value]) => {
    return value !== undefined && canonicalJson(value) !== canonicalJson(recipeOptions[field].off ?? null);
  });
  return canonicalJson(said);
}

/**
 * Refuses a comparison that would train one network under two names: an option says nothing if the shortcut type has no use
 * for it, such as a gate's bias without a gate; nor does a field of the recipe that is what it is anyway.
 *
 * @throws {OptionError} for the first such pair
 */
export function refuseTwins(plans: readonly RunPlan[], recipe: Omit<Recipe, "seed"> = defaultRecipe): void {
  const groups = new Map<string, RunPlan[]>();
  // One seed stands for all.
  for (const plan of plans.filter(({ seed }) => seed === plans[0].seed)) {
    const { model, shortcut } = plan;
    const key = JSON.stringify([model, shortcut, essenceOf(completed({ ...recipe, ...plan.recipe }))]);
    groups.set(key, [...(groups.get(key) ?? []), plan]);
  }
  for (const group of groups.values()) {
    if (group.length < 2) continue;
    const known = new Map<string, RunPlan>();
    for (const plan of group) {
      const signature = signatureOf(plan);
      const twin = known.get(signature);
      if (twin !== undefined) throw nameTwins(twin, plan);
      known.set(signature, plan);
    }
  }
}

function nameTwins(twin: RunPlan, { model, shortcut, variant }: RunPlan): OptionError {
  return new OptionError(
    "compare",
    `"${twin.variant ?? twin.shortcut}" and "${variant ?? shortcut}" are the same ${model}, trained identically; vary an option that affects this shortcut type`,
  );
}
