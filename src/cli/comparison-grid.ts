import { type Command, InvalidArgumentError } from "commander";
import type { EqualBudget } from "../lab/compare/comparison.ts";
import type { AxisValue } from "../lab/compare/plan.ts";
import type { Part } from "../lab/compare/parts.ts";
import type { GridChoice } from "../lab/compare/plan-comparison.ts";
import type { CompareConfig } from "../lab/compare/node/project-config.ts";
import { OptionError } from "../tensor/errors.ts";
import type { Recipe } from "../train/recipe.ts";
import { type RecipeFields, withRecipeFields } from "../train/standard-recipe.ts";

/** What determines the runs of a comparison, from the command line or the configuration. */
export interface GridOptions {
  readonly depth: readonly number[];
  readonly shortcut: readonly string[];
  readonly block: readonly string[];
  readonly seeds: number;
  readonly seed?: number;
  readonly data: string;
  readonly limit: number;
  readonly testLimit: number;
  readonly equal: EqualBudget;
  readonly budget?: number;
  readonly until?: number;
  readonly part?: Part;
  readonly vary?: Readonly<Record<string, readonly AxisValue[]>>;
}

/** Reads a time such as 30m, 2h, 90s or 1h30m, in seconds. */
export function readDuration(text: string): number {
  const units = { h: 3600, m: 60, s: 1 } as const;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)([hms])/g)];
  const seconds = parts.reduce((sum, [, count, unit]) => sum + Number(count) * units[unit as keyof typeof units], 0);
  if (parts.map(([part]) => part).join("") !== text.trim() || !(seconds > 0))
    throw new InvalidArgumentError(`must be a time such as 30m, 2h or 1h30m, got "${text}"`);
  return seconds;
}

/** Reads an accuracy such as 0.9 or 90%, as a share. */
export function readAccuracy(text: string): number {
  const [, number = "", percent = ""] = /^(\d*\.?\d+)\s*(%?)$/.exec(text.trim()) ?? [];
  // Shifted as text: 81.7 / 100 is more than 0.817.
  const share = Number(percent === "" ? number : `${number}e-2`);
  if (!(number !== "" && share > 0 && share <= 1))
    throw new InvalidArgumentError(`must be an accuracy above 0 and at most 1, such as 0.9 or 90%, got "${text}"`);
  return share;
}

/** A value as it is written on the command line. */
function readValue(text: string): AxisValue {
  if (text === "true" || text === "false") return text === "true";
  return text !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
}

/** Reads a part such as 3/20, counted from 0. */
export function readPart(text: string): Part {
  const [, index, count] = (/^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? []).map(Number);
  if (index === undefined || index >= count)
    throw new InvalidArgumentError(`must be INDEX/COUNT, from 0/20 to 19/20 for 20 parts, got "${text}"`);
  return { index, count };
}

/** Reads one more `name=a,b,c`. */
export function readAxis(text: string, before: GridOptions["vary"] = {}): GridOptions["vary"] {
  const [, name = "", values = ""] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
  if (name === "") throw new InvalidArgumentError(`must be NAME=VALUE,VALUE, got "${text}"`);
  return { ...before, [name]: values.split(",").map((value) => readValue(value.trim())) };
}

function readConfigBudget(text: string): number {
  try {
    return readDuration(text);
  } catch (error) {
    throw new OptionError("budget", error instanceof Error ? error.message : String(error));
  }
}

/** The options, with the configuration's values as defaults; command-line options take precedence. */
export function applyConfig<T extends GridOptions>(options: T, config: CompareConfig, command: Command): T {
  const { budget, axes: _, variants, recipe: __, epochs: ___, batchSize: ____, lr: _____, ...plain } = config;
  const values = {
    ...plain,
    ...(config.shortcut === undefined && variants !== undefined ? { shortcut: [] } : {}),
    ...(budget === undefined ? {} : { budget: readConfigBudget(budget) }),
  };
  const unset = Object.entries(values).filter(([name]) => {
    const source = command.getOptionValueSource(name);
    return source === undefined || source === "default";
  });
  return { ...options, ...Object.fromEntries(unset) };
}

/** Fields of the recipe that a configuration may also give beside it, under the names of their flags. */
const shortNames = { epochs: "epochs", batchSize: "batch", lr: "learningRate" } as const;

/**
 * The recipe that the configuration and the command line ask for; the latter takes precedence.
 * @throws {OptionError} if the configuration gives a field twice
 */
function readRecipe(config: CompareConfig, typed: RecipeFields): Partial<Omit<Recipe, "seed">> {
  const { recipe = {} } = config;
  const short = Object.entries(shortNames).flatMap(([name, field]) => {
    const value = config[name as keyof typeof shortNames];
    if (value === undefined) return [];
    if (recipe[field] !== undefined)
      throw new OptionError(`compare.recipe.${field}`, `is given twice, also as compare.${name}; leave one out`);
    return [[field, value] as const];
  });
  const fields = new Map([...short, ...typed]);
  fields.delete("seed");
  return withRecipeFields(recipe, fields);
}

/** The comparison that options and configuration define. With a time budget, seeds go one by one. */
export function toGridChoice(options: GridOptions, config: CompareConfig, typed: RecipeFields): GridChoice {
  return {
    depths: options.depth,
    shortcuts: options.shortcut,
    blocks: options.block,
    seeds: options.seeds,
    seed: options.seed ?? 0,
    ...(config.variants === undefined ? {} : { variants: config.variants }),
    axes: { ...config.axes, ...options.vary },
    recipe: readRecipe(config, typed),
    equal: options.equal,
    ...(options.until === undefined ? {} : { until: options.until }),
    seedBySeed: options.budget !== undefined,
  };
}
