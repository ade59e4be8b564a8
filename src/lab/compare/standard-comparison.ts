import { defaultRecipe, type Recipe } from "../../train/recipe.ts";

/** The default recipe of comparisons. */
export const comparisonRecipe: Omit<Recipe, "seed"> = { ...defaultRecipe, epochs: 1, batch: 32 };

/** The shortcut types that a comparison has by default: none, and the paper's options A, B and C. */
export const comparedShortcuts: readonly string[] = ["plain", "pad", "project", "project-all"];
