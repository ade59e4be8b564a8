import { fileURLToPath } from "node:url";
import { EnvironmentError } from "../tensor/errors.ts";
import { type LineProcess, startLineProcess } from "./contender.ts";
import { readRecipeJob } from "./recipe-job.ts";
import type { RecipeStep } from "./recipe-steps.ts";
import type { Torch } from "./torch.ts";

/** Modes of PyTorch; compiled is channels-last, too. */
export type TorchMode = "contiguous" | "channels-last" | "compiled";

/** One that takes the first steps of a recipe. */
export interface RecipeSide {
  readonly name: string;
  readonly how: string;
  readonly take: () => Promise<RecipeStep>;
  readonly stop: () => Promise<void>;
}

/** PyTorch's side of the recipes; see there for its arguments. */
export const torchRecipe: string = fileURLToPath(new URL("../../bench/torch_recipe.py", import.meta.url));

/** How far whitened filters may be apart, as a share: they are single precision's. */
const WHITENING_LIMIT = 1e-3;
/** How far deviations of drawn weights may be apart, as a share: five deviations of 2000 draws. */
const START_LIMIT = 0.1;

/** As many threads for all, and large allocations in huge pages, as `residua train` sets it for itself. */
export function recipeEnvironment(threads: number): NodeJS.ProcessEnv {
  const count = String(threads);
  return {
    ...process.env,
    OMP_NUM_THREADS: count,
    OPENBLAS_NUM_THREADS: count,
    MKL_NUM_THREADS: count,
    GLIBC_TUNABLES: "glibc.malloc.hugetlb=1",
  };
}

function asSide(name: string, how: string, { ask, stop }: LineProcess): RecipeSide {
  return { name, how, take: async () => JSON.parse(await ask("step")) as RecipeStep, stop };
}

/** Starts Residua's side in a process of its own. */
export async function startOwnSide(folder: string): Promise<RecipeSide> {
  const { threads } = await readRecipeJob(folder);
  const contender = fileURLToPath(new URL("recipe-contender.js", import.meta.url));
  const lines = startLineProcess("Residua", process.execPath, [contender, folder], recipeEnvironment(threads));
  const { how } = JSON.parse(await lines.read()) as { readonly how: string };
  return asSide("Residua", how, lines);
}

/**
 * Starts PyTorch's side.
 *
 * @throws {EnvironmentError} if it lacks a part of the recipe, or its network is another
 */
export async function startTorchSide(
  { python }: Pick<Torch, "python">,
  mode: TorchMode,
  folder: string,
): Promise<RecipeSide> {
  const { threads, parameters } = await readRecipeJob(folder);
  const lines = startLineProcess(python, python, [torchRecipe, "steps", folder, mode], recipeEnvironment(threads));
  const found = JSON.parse(await lines.read()) as {
    readonly version: string;
    readonly blas: string;
    readonly parameters: number;
    readonly whitenedDiffersBy: number;
    readonly startDiffersBy: number;
  };
  const faults = [
    ...(found.parameters === parameters ? [] : [`has ${found.parameters} parameters, Residua's network ${parameters}`]),
    ...(found.whitenedDiffersBy < WHITENING_LIMIT ? [] : [`whitens otherwise, by ${found.whitenedDiffersBy}`]),
    ...(found.startDiffersBy < START_LIMIT ? [] : [`draws weights otherwise, by ${found.startDiffersBy}`]),
  ];
  if (faults.length === 0)
    return asSide(
      `PyTorch ${found.version} ${mode}`,
      `PyTorch ${found.version}, ${mode}, matrix products by ${found.blas}`,
      lines,
    );
  await lines.stop();
  throw new EnvironmentError(python, faults.join(", "));
}

/** The steps that one side took. */
export interface RecipeTurns {
  readonly side: RecipeSide;
  readonly steps: readonly RecipeStep[];
}

/**
 * Lets sides take steps in turns, one step each, so that what else runs on the machine reaches all alike.
 *
 * @param options.isOptional whether a side that cannot take its first step is left out
 * @param options.onLeftOut told why one is
 * @param options.onRound told after each has taken a step
 */
export async function takeRecipeTurns(
  sides: readonly RecipeSide[],
  count: number,
  {
    isOptional = () => false,
    onLeftOut,
    onRound,
  }: {
    readonly isOptional?: (side: RecipeSide) => boolean;
    readonly onLeftOut?: (side: RecipeSide, reason: string) => void;
    readonly onRound?: (turns: readonly RecipeTurns[]) => void;
  } = {},
): Promise<readonly RecipeTurns[]> {
  const out = new Set<RecipeSide>();
  const turns = sides.map((side) => ({ side, steps: [] as RecipeStep[] }));
  const left = (): readonly (typeof turns)[number][] => turns.filter(({ side }) => !out.has(side));
  for (let step = 0; step < count; step++) {
    for (const { side, steps } of left()) {
      try {
        steps.push(await side.take());
      } catch (error) {
        if (step > 0 || !isOptional(side)) throw error;
        out.add(side);
        onLeftOut?.(side, error instanceof Error ? error.message : String(error));
      }
    }
    onRound?.(left());
  }
  return left();
}

/** Processor seconds of a side's steps. */
export interface TurnsSummary {
  readonly how: string;
  /** Of all steps but the first, as the next two. */
  readonly median: number;
  readonly least: number;
  readonly most: number;
  /** Of the first, which compiles or loads. */
  readonly first: number;
}

/** Both ends and the middle of a side's steps, without the first. */
export function summarizeTurns({ side, steps }: RecipeTurns): TurnsSummary {
  const [first, ...rest] = steps.map(({ seconds }) => seconds);
  const sorted = rest.toSorted((a, b) => a - b);
  const [least, most] = [sorted[0], sorted[sorted.length - 1]];
  // Of an even number, the mean of the two in the middle.
  const [below, above] = [Math.floor, Math.ceil].map((whole) => sorted[whole((sorted.length - 1) / 2)]);
  const median = (below + above) / 2;
  return { how: side.how, median: round(median), least: round(least), most: round(most), first: round(first) };
}

const round = (seconds: number): number => Number(seconds.toFixed(4));

/** The largest difference of two sides' losses. */
export function differenceOf(one: RecipeTurns, other: RecipeTurns): number {
  return Math.max(...one.steps.map(({ loss }, step) => Math.abs(loss - other.steps[step].loss)));
}
