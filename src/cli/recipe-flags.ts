import { type Command, InvalidArgumentError, Option } from "commander";
import { OptionError } from "../tensor/errors.ts";
import type { Recipe } from "../train/recipe.ts";
import { readRecipeValue } from "../train/recipe-check.ts";
import {
  type RecipeField,
  recipeFields,
  type RecipeGroup,
  recipeOptions,
  recipeValue,
} from "../train/recipe-options.ts";
import { completeOptimizer } from "../train/recipe-step.ts";
import type { RecipeFields } from "../train/standard-recipe.ts";

/** Options of a command by commander's names; undefined for one that has no value. */
export type OptionValues = Readonly<Record<string, unknown>>;

/** The default that a command's help shows for a field. */
export type FieldDefaults = { readonly [Field in RecipeField]?: string };

const headings: { readonly [Group in RecipeGroup]: string } = {
  training: "Training:",
  "fine-tuning": "Fine-tuning:",
  "loss and steps": "Loss and steps:",
};

/** Fields that have a flag, in the order of the table. */
const typedFields: readonly RecipeField[] = recipeFields.filter((field) => recipeOptions[field].flag !== undefined);

/** The fields of one group. */
export const fieldsOfGroup = (group: RecipeGroup): readonly RecipeField[] =>
  typedFields.filter((field) => recipeOptions[field].flag?.group === group);

/** The flag of a recipe's field, without its value: "--batch-size". Undefined for anything else. */
export function recipeFlagOf(field: string): string | undefined {
  const row = Object.hasOwn(recipeOptions, field) ? recipeOptions[field as RecipeField] : undefined;
  return row?.flag?.usage.split(" ")[0];
}

const attributeOf = (field: RecipeField): string => new Option(recipeOptions[field].flag!.usage).attributeName();

function createFlag(field: RecipeField, standard: string | undefined): Option {
  const { flag, help, schema: _, ...row } = recipeOptions[field];
  const { usage, implied, repeats, conflicts = [] } = flag!;
  const shown = standard === undefined ? (implied === undefined ? "" : ` (${implied})`) : ` (default: ${standard})`;
  const option = new Option(usage, `${help}${shown}`).conflicts(conflicts.map(attributeOf));
  if (isSwitch(field)) return option;
  if (row.choices !== undefined) return option.choices([...row.choices]);
  option.argParser((text: string, before: unknown) => {
    const value = readArgument(field, text);
    return repeats === true && Array.isArray(before) ? [...before, ...(value as readonly unknown[])] : value;
  });
  return implied === undefined ? option : option.preset(String(implied));
}

const isSwitch = (field: RecipeField): boolean => !/[<[]/.test(recipeOptions[field].flag!.usage);

/** Switches off what a preset switches on: --no-alternate-flip. */
const createOpposite = (field: RecipeField): Option =>
  new Option(recipeOptions[field].flag!.usage.replace(/^--/, "--no-")).hideHelp();

function readArgument(field: RecipeField, text: string): unknown {
  try {
    return readRecipeValue(field, text);
  } catch (error) {
    if (error instanceof OptionError) throw new InvalidArgumentError(error.detail);
    throw error;
  }
}

/** Adds flags of recipe fields to a command. None has a value unless it is typed. */
export function addRecipeFlags(
  command: Command,
  fields: readonly RecipeField[],
  { defaults = {}, grouped = false }: { readonly defaults?: FieldDefaults; readonly grouped?: boolean } = {},
): Command {
  let group: RecipeGroup | undefined;
  for (const field of fields) {
    const own = recipeOptions[field].flag!.group;
    if (grouped && own !== group) command.optionsGroup(headings[own]);
    group = own;
    command.addOption(createFlag(field, defaults[field]));
    if (isSwitch(field)) command.addOption(createOpposite(field));
  }
  return grouped ? command.optionsGroup("Options:") : command;
}

/** The fields of the recipe that were typed. */
export function typedRecipe(options: OptionValues): RecipeFields {
  return new Map(
    typedFields.flatMap((field) => {
      const value = options[attributeOf(field)];
      return value === undefined ? [] : [[field, value] as const];
    }),
  );
}

/** A recipe by commander's option names, for comparison with what was typed. */
export function recipeAsOptions(recipe: Recipe): OptionValues {
  const whole = { ...recipe, optimizer: completeOptimizer(recipe.optimizer) };
  return Object.fromEntries(
    typedFields.map((field) => [attributeOf(field), recipeValue(whole, field) ?? recipeOptions[field].off]),
  );
}
