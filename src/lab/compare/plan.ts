import { describeChoices } from "../../tensor/choices.ts";
import { cifarModelName } from "../../nn/families/resnet.ts";
import { type ModelOptions, modelOptionNames } from "../../nn/model-options.ts";
import { createModel } from "../../nn/models.ts";
import type { ShortcutType } from "../../nn/shortcuts/type.ts";
import { OptionError } from "../../tensor/errors.ts";
import { meanMultiplyAdds } from "../../train/progressive-resizing.ts";
import { defaultRecipe, type Recipe } from "../../train/recipe.ts";
import { requireRecipe } from "../../train/recipe-check.ts";
import { type RecipeField, recipeFields, recipeOptions } from "../../train/recipe-options.ts";
import { type RecipeFields, withRecipeFields } from "../../train/standard-recipe.ts";
import type { EqualBudget } from "./comparison.ts";

/** One network to train. */
export interface RunPlan {
  readonly depth: number;
  readonly shortcut: ShortcutType;
  readonly seed: number;
  /** The network's name, such as "resnet20". */
  readonly model: string;
  /** Default "basic". */
  readonly block?: string;
  /** Its name if the shortcut type alone does not identify it, such as "gated, gateBias=-6". */
  readonly variant?: string;
  /** Network options besides the shortcut type. */
  readonly options?: ModelOptions;
  /** Fields that override the comparison's recipe. */
  readonly recipe?: Partial<Recipe>;
  /** Steps, as a multiple of the recipe's. Default 1. */
  readonly length?: number;
}

/** A network type with options of its own. */
export interface Variant {
  readonly name: string;
  readonly shortcut: ShortcutType;
  readonly options?: ModelOptions;
  readonly recipe?: Partial<Recipe>;
}

/** A value of an axis: of a network's option, or of a value of the recipe. */
export type AxisValue = string | number | boolean;

/** The grid to combine. */
export interface ComparisonGrid {
  readonly depths: readonly number[];
  readonly shortcuts: readonly ShortcutType[];
  readonly seeds: readonly number[];
  /** "basic", "preactivation", or a network's name with "*" for its depth; basic alone if left out. */
  readonly blocks?: readonly string[];
  readonly variants?: readonly Variant[];
  /** Values of a network's options and of the recipe by name. */
  readonly axes?: Readonly<Record<string, readonly AxisValue[]>>;
  /** The recipe of all runs; variants and axes override it. Default `defaultRecipe`. */
  readonly recipe?: Omit<Recipe, "seed">;
}

/** Fields of the recipe that a grid may vary. */
const recipeAxes = recipeFields.filter((field) => recipeOptions[field].isAxis);

/** Network options that the comparison or its data determine. */
const decidedElsewhere: ReadonlySet<string> = new Set(["shortcut", "channels", "classes"]);
const optionAxes = modelOptionNames.filter((name) => !decidedElsewhere.has(name));

function nameModel(block: string, depth: number): string {
  if (block === "basic") return cifarModelName(depth);
  if (block === "preactivation") return cifarModelName(depth).replace("resnet", "resnetv2_");
  if (block.includes("*")) return block.replace("*", String(depth));
  throw new OptionError(
    "block",
    `must be basic, preactivation, or a name with * for the depth such as wrn-*-2, got "${block}"`,
  );
}

/** Every combination of the axes' values. */
function combineAxes(axes: ComparisonGrid["axes"] = {}): readonly Readonly<Record<string, AxisValue>>[] {
  return Object.entries(axes).reduce<readonly Readonly<Record<string, AxisValue>>[]>(
    (rows, [name, values]) => rows.flatMap((row) => values.map((value) => ({ ...row, [name]: value }))),
    [{}],
  );
}

/** A setting's fields of the recipe, and options of the network. */
interface Setting {
  readonly options: Readonly<Record<string, AxisValue>>;
  readonly fields: RecipeFields;
}

function splitAxes(setting: Readonly<Record<string, AxisValue>>): Setting {
  const options: Record<string, AxisValue> = {};
  const fields = new Map<RecipeField, unknown>();
  for (const [name, value] of Object.entries(setting)) {
    const field = recipeAxes.find((known) => known === name);
    if (field !== undefined) fields.set(field, value);
    else if (optionAxes.some((known) => known === name)) options[name] = value;
    else if (name === "shortcut") throw new OptionError("axes", 'cannot vary "shortcut"; list the types in `shortcut`');
    else throw new OptionError("axes", `knows no "${name}"; ${describeChoices(name, [...recipeAxes, ...optionAxes])}`);
  }
  return { options, fields };
}

/** The fields of a run's recipe that differ from the comparison's: a variant's, and then the axes'. */
function recipeOfRun(base: Partial<Recipe>, variant: Partial<Recipe> = {}, fields: RecipeFields): Partial<Recipe> {
  const whole = withRecipeFields({ ...base, ...variant }, fields);
  const names = new Set<string>([
    ...Object.keys(variant),
    ...Array.from(fields.keys(), (field) => field.split(".")[0]),
  ]);
  return Object.fromEntries(Object.entries(whole).filter(([name]) => names.has(name)));
}

const filled = <T extends object>(key: string, value: T | undefined): object =>
  value === undefined || Object.keys(value).length === 0 ? {} : { [key]: value };

/** Every combination, seeds innermost. @throws {OptionError} if an axis or a block is not known */
export function planGrid(grid: ComparisonGrid): readonly RunPlan[] {
  const { depths, shortcuts, seeds, blocks = ["basic"], variants = [], axes, recipe = defaultRecipe } = grid;
  const types: readonly (Omit<Variant, "name"> & { readonly name?: string })[] = [
    ...shortcuts.map((shortcut) => ({ shortcut })),
    ...variants,
  ];
  const settings = combineAxes(axes).map((setting) => ({
    label: Object.entries(setting)
      .map(([name, value]) => `${name}=${value}`)
      .join(", "),
    ...splitAxes(setting),
  }));
  return depths.flatMap((depth) =>
    blocks.flatMap((block) =>
      types.flatMap((type) =>
        settings.flatMap(({ label, options, fields }) => {
          const variant =
            type.name === undefined && label === ""
              ? ""
              : [type.name ?? type.shortcut, label].filter((text) => text !== "").join(", ");
          const plan = {
            depth,
            shortcut: type.shortcut,
            model: nameModel(block, depth),
            ...(block === "basic" ? {} : { block }),
            ...(variant === "" ? {} : { variant }),
            ...filled("options", { ...type.options, ...options }),
            ...filled("recipe", recipeOfRun(recipe, type.recipe, fields)),
          };
          return seeds.map((seed): RunPlan => ({ ...plan, seed }));
        }),
      ),
    ),
  );
}

/** Identifies what a plan costs: its network and how large its images are, regardless of the seed. */
function costKey({ model, shortcut, options }: RunPlan, { progressiveResize }: Partial<Recipe>): string {
  return JSON.stringify([model, shortcut, options, progressiveResize]);
}

/**
 * Multiply-adds of every plan's network per image, the mean over its steps, on CIFAR's images; all of them are made, so that what a family cannot have is named
 * before anything starts.
 *
 * @throws {OptionError} for the first network, option or recipe that cannot be
 */
export function measurePlans(plans: readonly RunPlan[], recipe: Omit<Recipe, "seed">): readonly number[] {
  const known = new Map<string, number>();
  return plans.map((plan) => {
    const own = { ...recipe, ...plan.recipe, seed: plan.seed };
    requireRecipe(own);
    const key = costKey(plan, own);
    const cost = known.get(key) ?? costOf(plan, own);
    known.set(key, cost);
    return cost;
  });
}

function costOf({ model, shortcut, options }: RunPlan, recipe: Recipe): number {
  const { module } = createModel(model, { ...options, shortcut, channels: 3, classes: 10 });
  return meanMultiplyAdds(recipe, module, [3, 32, 32]);
}

/** Equalises compute: a network with half the multiply-adds trains for twice the steps. */
export function equalizePlans(
  plans: readonly RunPlan[],
  costs: readonly number[],
  equal: EqualBudget,
): readonly RunPlan[] {
  if (equal === "epochs") return plans;
  const highest = Math.max(...costs);
  return plans.map((plan, index) => {
    const length = Number((highest / costs[index]).toFixed(3));
    return length === 1 ? plan : { ...plan, length };
  });
}
