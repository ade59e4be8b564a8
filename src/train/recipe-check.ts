import { describeChoices } from "../tensor/choices.ts";
import * as v from "valibot";
import { canonicalJson } from "../tensor/canonical-json.ts";
import { OptionError } from "../tensor/errors.ts";
import { defaultRecipe, type OptimizerRecipe, type Recipe } from "./recipe.ts";
import { createOptimizer } from "./recipe-step.ts";
import {
  isOptimizerPart,
  optimizerNames,
  type RecipeField,
  recipeFields,
  recipeOptions,
  recipeValue,
} from "./recipe-options.ts";

function rowsOf(optimizer: OptimizerRecipe["name"]): v.ObjectEntries {
  const rows = recipeFields.filter((field) => recipeOptions[field].optimizers?.includes(optimizer));
  return {
    name: v.literal(optimizer),
    ...Object.fromEntries(
      rows.map((field) => [field.slice("optimizer.".length), v.exactOptional(recipeOptions[field].schema)]),
    ),
  };
}

/** Optional fields of a recipe. Files from an older release lack fields that were added later. */
const isOptional = (field: RecipeField): boolean => "off" in recipeOptions[field];

/** The fields that every release has had, and which a recipe must set. */
const alwaysSet: ReadonlySet<RecipeField> = new Set(["warmupSteps", "decaySparesNorms", "labelSmoothing"]);

const optimizerSchema = v.variant("name", optimizerNames.map((name) => v.strictObject(rowsOf(name))) as never);

const ownFields = recipeFields.filter((field) => !isOptimizerPart(field));

/** A recipe as stored in a checkpoint. */
export const recipeSchema: v.GenericSchema<unknown, Recipe> = v.strictObject({
  optimizer: optimizerSchema,
  ...Object.fromEntries(
    ownFields.map((field) => {
      const { schema } = recipeOptions[field];
      return [field, isOptional(field) && !alwaysSet.has(field) ? v.exactOptional(schema) : schema];
    }),
  ),
}) as unknown as v.GenericSchema<unknown, Recipe>;

/** A partial recipe, as in a configuration file. */
export const partialRecipeSchema: v.GenericSchema<unknown, Partial<Recipe>> = v.strictObject({
  optimizer: v.exactOptional(optimizerSchema),
  ...Object.fromEntries(ownFields.map((field) => [field, v.exactOptional(recipeOptions[field].schema)])),
});

/** What is wrong with a value of a field, as "must be …, got …"; undefined if valid. */
function recipeValueFault(field: RecipeField, value: unknown): string | undefined {
  const { schema, expects } = recipeOptions[field];
  return v.safeParse(schema, value).success ? undefined : `must be ${expects}, got ${showValue(value)}`;
}

/** Reads a field's value from text. @throws {OptionError} naming the field if it cannot be */
export function readRecipeValue(field: RecipeField, text: string): unknown {
  const value = recipeOptions[field].read(text);
  const { expects } = recipeOptions[field];
  if (recipeValueFault(field, value) === undefined) return value;
  throw new OptionError(field, `must be ${expects}, got ${JSON.stringify(text)}`);
}

function showValue(value: unknown): string {
  return typeof value === "number" ? String(value) : (JSON.stringify(value) ?? String(value));
}

/**
 * Checks the fields that are set, and that there are no others.
 *
 * @param complete whether required fields must be present
 * @throws {OptionError} naming the first field that is missing, not known or out of its range
 */
function requireRecipeFields(recipe: Partial<Recipe>, { complete }: { readonly complete: boolean }): void {
  const given = recipe as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(given)) {
    if (name === "optimizer" || Object.hasOwn(recipeOptions, name)) continue;
    throw new OptionError(name, `is not a field of a recipe; ${describeChoices(name, recipeFields)}`);
  }
  if (complete || recipe.optimizer !== undefined) requireOptimizer(given["optimizer"]);
  for (const field of recipeFields.filter((each) => !isOptimizerPart(each))) {
    const value = recipeValue(recipe, field);
    if (value === undefined && (!complete || isOptional(field))) continue;
    const fault = recipeValueFault(field, value);
    if (fault !== undefined) throw new OptionError(field, value === undefined ? "is missing" : fault);
  }
}

function requireOptimizer(optimizer: unknown): void {
  if (typeof optimizer !== "object" || optimizer === null)
    throw new OptionError("optimizer", optimizer === undefined ? "is missing" : "must be an object with a name");
  const { name } = optimizer as { readonly name?: unknown };
  const nameFault = recipeValueFault("optimizer.name", name);
  if (nameFault !== undefined) throw new OptionError("optimizer.name", nameFault);
  for (const [part, value] of Object.entries(optimizer)) {
    const field = `optimizer.${part}` as RecipeField;
    const row = Object.hasOwn(recipeOptions, field) ? recipeOptions[field] : undefined;
    if (row === undefined)
      throw new OptionError(field, `is not an option of ${String(name)}; it takes ${optionsOf(name)}`);
    if (row.optimizers?.includes(name as OptimizerRecipe["name"]) === false) {
      const others = row.optimizers.join(", ");
      const advice = `leave it out, or choose an optimizer that has it: ${others}`;
      throw new OptionError(field, `is not an option of ${String(name)}; ${advice}`);
    }
    const fault = value === undefined ? undefined : recipeValueFault(field, value);
    if (fault !== undefined) throw new OptionError(field, fault);
  }
}

/** The options of an optimizer, besides its name. */
function optionsOf(name: unknown): string {
  const options = recipeFields.filter((field) => {
    const { optimizers } = recipeOptions[field];
    const isFor = optimizers === undefined || optimizers.some((each) => each === name);
    return field.startsWith("optimizer.") && field !== "optimizer.name" && isFor;
  });
  return options.map((field) => field.replace("optimizer.", "")).join(", ");
}

/** @throws {OptionError} naming an option of the optimizer that asks for another one, such as Nesterov's for a momentum */
function requireConsistentOptimizer(recipe: Pick<Recipe, "optimizer">): void {
  try {
    createOptimizer(recipe);
  } catch (error) {
    if (error instanceof OptionError) throw new OptionError(`optimizer.${error.where}`, error.detail);
    throw error;
  }
}

/** @throws {OptionError} naming the first field that is missing, not known, out of its range or without what it needs */
export function requireRecipe(recipe: Recipe): void {
  requireRecipeFields(recipe, { complete: true });
  requireConsistentOptimizer(recipe);
}

/**
 * Overrides the standard recipe with the fields that are set; a different optimizer brings its own options.
 *
 * @throws {OptionError} as {@link requireRecipe}
 */
export function completeRecipe(choice: Partial<Recipe>, standard: Recipe = defaultRecipe): Recipe {
  requireRecipeFields(choice, { complete: false });
  const given = Object.entries(choice).filter(([, value]) => value !== undefined);
  return { ...standard, ...Object.fromEntries(given) };
}

/** Recipe fields that cannot be obeyed on some path, each with its reason. */
export type RecipeRefusals = { readonly [Field in RecipeField]?: string };

/**
 * Refuses fields that a recipe sets to anything but their default.
 *
 * @throws {OptionError} naming the first such field, with its reason
 */
export function refuseRecipeFields(recipe: Partial<Recipe>, refusals: RecipeRefusals): void {
  for (const [field, reason] of Object.entries(refusals) as readonly (readonly [RecipeField, string])[]) {
    const value = recipeValue(recipe, field);
    if (value === undefined || canonicalJson(value) === canonicalJson(recipeOptions[field].off ?? null)) continue;
    throw new OptionError(field, reason);
  }
}
