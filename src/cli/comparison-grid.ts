import { type Command, InvalidArgumentError } from "commander";
import type { EqualBudget } from "../lab/compare/comparison.ts";
import { type AxisValue, type ComparisonGrid, planGrid, type RunPlan } from "../lab/compare/plan.ts";
import { type CompareConfig, configShortcut } from "../lab/compare/node/project-config.ts";
import type { ShortcutType } from "../nn/shortcuts/type.ts";
import { OptionError } from "../tensor/errors.ts";
import { formatCount } from "./output.ts";

/** What decides the runs of a comparison, from the command line or the configuration. */
export interface GridOptions {
  readonly depth: readonly number[];
  readonly shortcut: readonly ShortcutType[];
  readonly block: readonly string[];
  readonly seeds: number;
  readonly seed: number;
  readonly data: string;
  readonly limit: number;
  readonly testLimit: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly lr: number;
  readonly equal: EqualBudget;
  readonly budget?: number;
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

/** A value as it is written on the command line. */
function readValue(text: string): AxisValue {
  if (text === "true" || text === "false") return text === "true";
  return text !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
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

/** The options with the configuration's values in the place of defaults; what was given on the command line stays. */
export function applyConfig<T extends GridOptions>(options: T, config: CompareConfig, command: Command): T {
  const { shortcut, budget, axes: _axes, variants, recipe: _recipe, ...plain } = config;
  const values = {
    ...plain,
    ...(shortcut === undefined
      ? variants === undefined
        ? {}
        : { shortcut: [] }
      : { shortcut: shortcut.map(configShortcut) }),
    ...(budget === undefined ? {} : { budget: readConfigBudget(budget) }),
  };
  const unset = Object.entries(values).filter(([name]) => {
    const source = command.getOptionValueSource(name);
    return source === undefined || source === "default";
  });
  return { ...options, ...Object.fromEntries(unset) };
}

/** A grid of more runs is not planned, for all of them are made before anything is asked. */
const MOST_RUNS = 20_000;

/** Every run that is asked for. With a limit of time, one seed of everything comes before the next seed. */
export function planComparison(options: GridOptions, config: CompareConfig): readonly RunPlan[] {
  const axes = { ...config.axes, ...options.vary };
  const types = options.shortcut.length + (config.variants?.length ?? 0);
  const lists = [options.depth, options.block, ...Object.values(axes)];
  const count = lists.reduce((product, { length }) => product * length, options.seeds * types);
  if (count > MOST_RUNS)
    throw new OptionError(
      "compare",
      `that comes to ${formatCount(count)} networks; at most ${formatCount(MOST_RUNS)} are planned at once`,
    );
  const seeds = Array.from({ length: options.seeds }, (_, index) => options.seed + index);
  const variants = config.variants?.map(({ shortcut, ...variant }) => ({
    ...variant,
    shortcut: configShortcut(shortcut),
  }));
  const grid: ComparisonGrid = {
    depths: options.depth,
    shortcuts: options.shortcut,
    seeds,
    blocks: options.block,
    ...(variants === undefined ? {} : { variants }),
    axes,
  };
  const plans = planGrid(grid);
  return options.budget === undefined ? plans : seeds.flatMap((seed) => plans.filter((plan) => plan.seed === seed));
}
