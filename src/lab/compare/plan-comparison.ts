import { cifarResnet } from "../../nn/families/resnet.ts";
import { parseShortcutType } from "../../nn/shortcuts/type.ts";
import { OptionError } from "../../tensor/errors.ts";
import type { Recipe } from "../../train/recipe.ts";
import { completeRecipe, type RecipeRefusals, refuseRecipeFields } from "../../train/recipe-check.ts";
import { type EqualBudget, nameType } from "./comparison.ts";
import { requireGoal } from "./goal.ts";
import { type AxisValue, equalizePlans, measurePlans, planGrid, type RunPlan, type Variant } from "./plan.ts";
import { comparedShortcuts, comparisonRecipe } from "./standard-comparison.ts";
import { refuseTwins } from "./twin-networks.ts";

/** A network type with options and a recipe of its own, its shortcut type by name or alias. */
export interface VariantChoice extends Omit<Variant, "shortcut" | "recipe"> {
  readonly shortcut: string;
  readonly recipe?: Partial<Omit<Recipe, "seed">>;
}

/** What to compare; the defaults answer the question in two minutes. */
export interface GridChoice {
  /** Depths of CIFAR ResNets, 6n + 2. Default 20 and 56. */
  readonly depths?: readonly number[];
  /** Shortcut types by name or alias. Default plain, A, B and C; none beside `variants`. */
  readonly shortcuts?: readonly string[];
  /** "basic", "preactivation", or a network's name with "*" for its depth. Default "basic". */
  readonly blocks?: readonly string[];
  readonly variants?: readonly VariantChoice[];
  /** Values of a network's options and of the recipe by name: `{ gateBias: [-6, 0], learningRate: [0.1, 0.05] }`. */
  readonly axes?: Readonly<Record<string, readonly AxisValue[]>>;
  /** Number of seeds per network, from `seed` on. Default 1. */
  readonly seeds?: number;
  /** The first seed. Default 0. */
  readonly seed?: number;
  /** Fields that differ from {@link comparisonRecipe}. */
  readonly recipe?: Partial<Omit<Recipe, "seed">>;
  /** What all runs share: epochs, or multiply-adds, so that cheaper networks train longer. Default "epochs". */
  readonly equal?: EqualBudget;
  /** The accuracy at which a run ends, as a share of the test images, such as 0.9. Default: all train to the end. */
  readonly until?: number;
  /** Orders runs seed by seed, for comparisons with a time budget. */
  readonly seedBySeed?: boolean;
}

/** Every run of a comparison, with what its network costs. */
export interface PlannedComparison {
  readonly runs: readonly RunPlan[];
  /** Multiply-adds of each run's network, in the order of `runs`. */
  readonly costs: readonly number[];
  readonly recipe: Omit<Recipe, "seed">;
}

/** Larger grids are refused, because every run is planned before confirmation. */
const MOST_RUNS = 20_000;

/** Fields that a comparison decides itself, with the reason. */
export const notForComparisons: RecipeRefusals = {
  seed: "cannot be set in a comparison's recipe; give `seed` and `seeds`",
  patience: "needs a validation part, and a comparison trains on all images",
  reflectBorder: "needs images that are shifted, and a comparison shifts none; leave it out",
};

/** Fields that make a step cost less without a multiply-add less in its forward pass. */
const notForEqualCosts: RecipeRefusals = {
  freezeOut: "changes what a step costs, which `equal` counts; leave it out",
};

/**
 * Plans every run of a comparison and builds every network once, so that mistakes are refused before anything starts.
 *
 * @throws {OptionError} naming the option, the field of the recipe, the axis or the variant that cannot be followed
 */
export function planComparison(choice: GridChoice): PlannedComparison {
  const { depths = [20, 56], blocks = ["basic"], variants = [], axes, seeds = 1, seed = 0, equal = "epochs" } = choice;
  requireGoal(choice.until);
  const { shortcuts = variants.length === 0 ? comparedShortcuts : [] } = choice;
  refuseRecipeFields(choice.recipe ?? {}, notForComparisons);
  for (const { recipe: own = {} } of variants) refuseRecipeFields(own, notForComparisons);
  const { seed: _, ...recipe } = completeRecipe(choice.recipe ?? {}, { ...comparisonRecipe, seed });
  const types = shortcuts.length + variants.length;
  const lists = [depths, blocks, ...Object.values(axes ?? {})];
  requireCount(lists.reduce((product, { length }) => product * length, seeds * types));
  // Refuses a wrong depth in the family's own words.
  if (blocks.includes("basic"))
    for (const depth of depths) cifarResnet(depth, { channels: 1, classes: 2, shortcut: "plain" });
  const every = Array.from({ length: seeds }, (_each, index) => seed + index);
  const plans = planGrid({
    depths,
    shortcuts: [...new Set(shortcuts.map(parseShortcutType))],
    seeds: every,
    blocks,
    variants: variants.map((variant) => ({ ...variant, shortcut: parseShortcutType(variant.shortcut) })),
    ...(axes === undefined ? {} : { axes }),
    recipe,
  });
  refuseEqualNames(plans);
  const ordered =
    choice.seedBySeed === true ? every.flatMap((own) => plans.filter((plan) => plan.seed === own)) : plans;
  if (equal === "multiply-adds")
    for (const run of ordered) refuseRecipeFields({ ...recipe, ...run.recipe }, notForEqualCosts);
  const costs = measurePlans(ordered, recipe);
  refuseTwins(ordered, recipe);
  return { runs: equalizePlans(ordered, costs, equal), costs, recipe };
}

/** @throws {OptionError} for two networks that reports could not tell apart */
function refuseEqualNames(plans: readonly RunPlan[]): void {
  const seen = new Set<string>();
  for (const plan of plans.filter(({ seed }) => seed === plans[0].seed)) {
    const name = nameType(plan);
    const key = JSON.stringify([plan.depth, name]);
    if (seen.has(key))
      throw new OptionError("variants", `two networks are called "${name}"; give each a name of its own`);
    seen.add(key);
  }
}

function requireCount(count: number): void {
  if (count <= MOST_RUNS) return;
  const [shown, most] = [count, MOST_RUNS].map((each) => each.toLocaleString("en-US"));
  throw new OptionError("compare", `that comes to ${shown} networks; at most ${most} are planned at once`);
}
