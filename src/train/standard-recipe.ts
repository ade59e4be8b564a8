import { defaultRecipe, type OptimizerRecipe, type Recipe } from "./recipe.ts";
import { type RecipeField, withRecipeValue } from "./recipe-options.ts";

/** Whether training starts from fresh or from pretrained parameters. */
export type RecipeStart = "fresh" | "tuned";

/** The peak learning rate, by optimizer. */
const rates = {
  sgd: { fresh: defaultRecipe.learningRate, tuned: 0.01 },
  adamw: { fresh: 0.003, tuned: 0.0005 },
  muon: { fresh: 0.02, tuned: 0.002 },
} as const;

/**
 * Pretrained networks use AdamW, whose step size stays bounded without batch norm: SGD diverges on a network whose
 * batch norms were folded. Fine-tuning data are few, so it takes more epochs.
 */
const habits = {
  fresh: { optimizer: "sgd", epochs: defaultRecipe.epochs },
  tuned: { optimizer: "adamw", epochs: 10 },
} as const;

const optimizers: { readonly [Name in OptimizerRecipe["name"]]: OptimizerRecipe } = {
  sgd: { name: "sgd", momentum: 0.9, nesterov: true, weightDecay: 5e-4 },
  adamw: { name: "adamw", weightDecay: 5e-4 },
  muon: { name: "muon", momentum: 0.95, nesterov: true, weightDecay: 5e-4 },
};

/** The default recipe. @param optimizer by default, the one that suits the start */
export function standardRecipe(
  start: RecipeStart,
  optimizer: OptimizerRecipe["name"] = habits[start].optimizer,
): Recipe {
  return {
    ...defaultRecipe,
    epochs: habits[start].epochs,
    optimizer: optimizers[optimizer],
    learningRate: rates[optimizer][start],
  };
}

/** Recipe fields by name, as typed. */
export type RecipeFields = ReadonlyMap<RecipeField, unknown>;

/** The optimizer in a set of fields. */
export function optimizerIn(fields: RecipeFields): OptimizerRecipe["name"] | undefined {
  return fields.get("optimizer.name") as OptimizerRecipe["name"] | undefined;
}

/** Nesterov's momentum looks ahead along a momentum: without one, and nothing said of it, it is off. */
function withoutAimlessNesterov(fields: RecipeFields): RecipeFields {
  if (fields.get("optimizer.momentum") !== 0 || fields.has("optimizer.nesterov")) return fields;
  return new Map([...fields, ["optimizer.nesterov", false]]);
}

/** Overrides fields of a recipe. */
export function withRecipeFields<R extends Partial<Recipe>>(recipe: R, fields: RecipeFields): R {
  // The optimizer comes first: options that the new one lacks are dropped.
  const ordered = [...withoutAimlessNesterov(fields)].toSorted(
    ([a], [b]) => Number(b === "optimizer.name") - Number(a === "optimizer.name"),
  );
  return ordered.reduce((made, [field, value]) => withRecipeValue(made, field, value), recipe);
}
