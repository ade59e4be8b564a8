import type { ModelOptions } from "../nn/model-options.ts";
import type { RecipeFields } from "../train/standard-recipe.ts";

/** A training on images in memory, as far as anything is said about it. */
export interface MemoryChoice<Options extends object = object> {
  readonly model?: string;
  readonly modelOptions: ModelOptions;
  readonly validation?: number;
  /** Fields of the recipe that are said. */
  readonly given: RecipeFields;
  /** The task's own options. */
  readonly options: Options;
  /** Receives findings and changes, in sentences. */
  readonly note: (text: string) => void;
}
