import { describe, expect, test } from "vitest";
import { canonicalJson } from "../../src/tensor/canonical-json.ts";
import { OptionError } from "../../src/tensor/errors.ts";
import {
  type RecipeField,
  recipeFields,
  recipeOptions,
  recipeValue,
  withRecipeValue,
} from "../../src/train/recipe-options.ts";
import { defaultRecipe, type Recipe } from "../../src/train/recipe.ts";

/** A way into training, as far as a recipe's fields are concerned. */
export interface TrainingPath {
  /** What the path trains with if nothing is given; `defaultRecipe` if left out. */
  readonly standard?: Recipe;
  /**
   * Trains by the fields that are given, for so many epochs. @returns all that the training came to, but for its times
   */
  readonly train: (choice: Partial<Recipe>, epochs: number) => Promise<string>;
  /** The same, but stopped on the way and resumed; left out if the path resumes nothing. */
  readonly trainInParts?: (choice: Partial<Recipe>, epochs: number) => Promise<string>;
}

/** One value of one field, with what it needs beside it. */
interface Trial {
  readonly field: RecipeField;
  readonly value: unknown;
  readonly beside: Partial<Recipe>;
  readonly epochs: number;
}

const trials: readonly Trial[] = recipeFields.flatMap((field) => {
  const { values, epochs = 1, beside = {} } = recipeOptions[field].trial;
  return values.map((value): Trial => ({ field, value, beside, epochs }));
});

const named = trials.map((trial) => [`${trial.field} = ${JSON.stringify(trial.value)}`, trial] as const);

/** The fields that a trial gives. */
function choiceOf({ field, value, beside }: Trial): Partial<Recipe> {
  const start = field.startsWith("optimizer.") ? { optimizer: defaultRecipe.optimizer, ...beside } : beside;
  return withRecipeValue(start, field, value);
}

type Plain = (beside: Partial<Recipe>, epochs: number) => Promise<string>;

/** What became of a trial: "followed" or "refused by its name", or in words what is wrong. */
async function tryField(path: TrainingPath, trial: Trial, trainPlainly: Plain): Promise<string> {
  const { field, value, beside, epochs } = trial;
  const choice = choiceOf(trial);
  const outcome = await path.train(choice, epochs).catch((error: unknown) => error);
  if (outcome instanceof OptionError && outcome.where === field && !outcome.message.includes("\n"))
    return "refused by its name";
  if (typeof outcome !== "string") return `failed otherwise: ${String(outcome)}`;
  const { standard = defaultRecipe } = path;
  const isStandard = canonicalJson(value) === canonicalJson(recipeValue({ ...standard, ...beside }, field));
  if ((outcome === (await trainPlainly(beside, epochs))) !== isStandard)
    return isStandard
      ? "another outcome than without it, though it is the default"
      : "ignored: the outcome is the default's";
  const resumed = (await path.trainInParts?.(choice, epochs)) ?? outcome;
  return resumed === outcome ? "followed" : "forgotten after resuming";
}

/** Expects that the path follows every field of a recipe, or refuses it by its name. */
export function expectObedience(name: string, open: () => TrainingPath): void {
  describe(`${name} follows every field of a recipe, or refuses it by name:`, () => {
    const known = new Map<string, Promise<string>>();
    const trainPlainly: Plain = (beside, epochs) => {
      const key = JSON.stringify([beside, epochs]);
      const outcome = known.get(key) ?? open().train(beside, epochs);
      known.set(key, outcome);
      return outcome;
    };

    test("a repeat of the default gives equal bits", async () => {
      expect(await open().train({}, 1)).toBe(await trainPlainly({}, 1));
    });

    test.each(named)("%s", async (_, trial) => {
      expect(await tryField(open(), trial, trainPlainly)).toMatch(/^(followed|refused by its name)$/);
    });
  });
}
