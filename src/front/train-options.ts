import type { ModelOptions } from "../nn/model-options.ts";
import type { ShortcutType } from "../nn/shortcuts/type.ts";
import type { StandardTaskName, TaskName, TypesOf } from "../tasks/find-task.ts";
import type { Recipe } from "../train/recipe.ts";
import { isOptimizerPart, type RecipeField, recipeFields } from "../train/recipe-options.ts";
import type { RecipeFields } from "../train/standard-recipe.ts";

/**
 * How a network is trained: any fields of a recipe, flat; those left out are the task's standard, see `Recipe`. An optimizer's
 * options that are left out are its standard ones.
 */
export type RecipeOptions = Partial<Recipe>;

/** Training options in any environment, besides the recipe. */
export interface CommonTrainOptions extends RecipeOptions {
  /** The network by name, such as "resnet20". Default: resnet20 to classify, the preset's to segment. */
  readonly model?: string;
  /** How blocks combine input and output: "plain", "pad" (A), "project" (B), "project-all" (C) … Default: the network's. */
  readonly shortcut?: ShortcutType;
  /** Further options of the network, such as `{ dropout: 0.3 }`. */
  readonly modelOptions?: Omit<ModelOptions, "shortcut" | "channels" | "classes">;
  /**
   * Share of the training images held out to choose the best epoch, in [0, 1). Default 0.05 to classify, 0.04 to segment,
   * 0.1 for plates; of a small set 8 images, or a fifth.
   */
  readonly validation?: number;
}

/** {@link CommonTrainOptions} with a task and its own options. */
export type WithTask<Options, Name extends TaskName = TaskName> = Name extends TaskName
  ? Options &
      TypesOf<Name>["trainOptions"] &
      (Name extends StandardTaskName ? { readonly task?: Name } : { readonly task: Name })
  : never;

/** The task that options name. */
export type TaskOf<Options> = Options extends { readonly task: infer Name extends TaskName } ? Name : StandardTaskName;

/** Names of a recipe's fields as they are given: the optimizer is one. */
export const recipeNames: readonly string[] = ["optimizer", ...recipeFields.filter((field) => !isOptimizerPart(field))];

/** The fields of a recipe that are set. */
export function fieldsOf(options: RecipeOptions): RecipeFields {
  const { optimizer } = options;
  const own = Object.entries(options).filter(([name]) => name !== "optimizer" && recipeNames.includes(name));
  const parts = Object.entries(optimizer ?? {}).map(([name, value]) => [`optimizer.${name}`, value] as const);
  return new Map([...own, ...parts].filter(([, value]) => value !== undefined) as [RecipeField, unknown][]);
}
