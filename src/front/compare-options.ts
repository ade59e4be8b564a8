import type { LabelledImages } from "../data/labelled-images.ts";
import type { Comparison } from "../lab/compare/comparison.ts";
import { type GridChoice, type PlannedComparison, planComparison } from "../lab/compare/plan-comparison.ts";
import { summarize } from "../lab/compare/words.ts";
import type { Recipe } from "../train/recipe.ts";
import { OptionError } from "../tensor/errors.ts";
import { onlyGiven } from "./options.ts";
import { recipeNames } from "./train-options.ts";

/** The networks to compare, in any environment; recipe fields may be given alongside, flat. */
export interface CommonCompareOptions
  extends Omit<GridChoice, "recipe" | "seedBySeed">, Partial<Omit<Recipe, "seed" | "optimizer">> {
  readonly optimizer?: Recipe["optimizer"];
  /** The first so many training images; all if there are fewer. Default 4160. */
  readonly trainImages?: number;
  /** The first so many test images; all if there are fewer. Default 1000. */
  readonly testImages?: number;
}

/** The result of a comparison. */
export interface CompareResult extends Comparison {
  /** Its findings, in sentences. */
  readonly findings: readonly string[];
}

/** Names of the options that say what is compared. */
export const gridOptions: readonly (keyof CommonCompareOptions)[] = [
  "depths",
  "shortcuts",
  "blocks",
  "variants",
  "axes",
  "seeds",
  "seed",
  "equal",
  "until",
  "trainImages",
  "testImages",
];

/** Enough images to answer the question in minutes. */
export const standardImages = { trainImages: 4160, testImages: 1000 } as const;

function requireCount(name: string, value: number | undefined): void {
  if (value === undefined || (Number.isInteger(value) && value > 0)) return;
  throw new OptionError(name, `must be a whole number above 0, got ${value}`);
}

/** Plans a comparison. @param seedBySeed whether one seed of every network comes before the next seed */
export function planOptions(options: CommonCompareOptions, seedBySeed: boolean): PlannedComparison {
  requireCount("trainImages", options.trainImages);
  requireCount("testImages", options.testImages);
  requireCount("seeds", options.seeds);
  const { depths, shortcuts, blocks, variants, axes, seeds, seed, equal, until } = options;
  const given = Object.entries(options).filter(([name]) => name !== "seed" && recipeNames.includes(name));
  const recipe = onlyGiven(Object.fromEntries(given)) as NonNullable<GridChoice["recipe"]>;
  return planComparison({
    ...onlyGiven({ depths, shortcuts, blocks, variants, axes, seeds, seed, equal, until }),
    recipe,
    seedBySeed,
  });
}

/** A comparison with what it found, in sentences. */
export function withFindings(comparison: Comparison): CompareResult {
  return { ...comparison, findings: comparison.runs.length === 0 ? [] : summarize(comparison).map(({ en }) => en) };
}

/** The name of the data. */
export function nameOfData(data: string | LabelledImages): string {
  return typeof data === "string" ? data : (data.name ?? "images in memory");
}
