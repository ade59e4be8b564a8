import { defaultRecipe, type OptimizerRecipe, type Recipe } from "./recipe.ts";
import { type RecipeField, withRecipeValue } from "./recipe-options.ts";

/** Whether a training starts from fresh parameters, or from those that have learnt something. */
export type RecipeStart = "fresh" | "tuned";

/** The highest learning rate, by optimizer. */
const rates = {
  sgd: { fresh: defaultRecipe.learningRate, tuned: 0.01 },
  adamw: { fresh: 0.003, tuned: 0.0005 },
} as const;

/**
 * What has learnt something is trained by AdamW, whose steps keep their size where no batch norm does: SGD diverges on a
 * network whose batch norms were folded away. Data to fine-tune on are few, so it sees them more often.
 */
const habits = {
  fresh: { optimizer: "sgd", epochs: defaultRecipe.epochs },
  tuned: { optimizer: "adamw", epochs: 10 },
} as const;

const optimizers: { readonly [Name in OptimizerRecipe["name"]]: OptimizerRecipe } = {
  sgd: { name: "sgd", momentum: 0.9, nesterov: true, weightDecay: 5e-4 },
  adamw: { name: "adamw", weightDecay: 5e-4 },
};

/** The recipe of a training about which nothing is said. @param optimizer the one that suits the start if left out */
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

/** Fields of a recipe by name: those that were typed. */
export type RecipeFields = ReadonlyMap<RecipeField, unknown>;

/** The optimizer among some fields. */
export function optimizerIn(fields: RecipeFields): OptimizerRecipe["name"] | undefined {
  return fields.get("optimizer.name") as OptimizerRecipe["name"] | undefined;
}

/** A recipe with some fields in the place of its own. */
export function withRecipeFields<R extends Partial<Recipe>>(recipe: R, fields: RecipeFields): R {
  // The optimizer comes first: its options are dropped if the next one has none of that name.
  const ordered = [...fields].toSorted(([a], [b]) => Number(b === "optimizer.name") - Number(a === "optimizer.name"));
  return ordered.reduce((made, [field, value]) => withRecipeValue(made, field, value), recipe);
}
