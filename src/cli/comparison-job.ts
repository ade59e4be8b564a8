import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { catalog } from "../data/catalog.ts";
import { findDatasetName } from "../data/dataset.ts";
import { type CellName, type Comparison, type DrawnRun, keyOfCell } from "../lab/compare/comparison.ts";
import type { RunPlan } from "../lab/compare/plan.ts";
import { describeComparison } from "../lab/compare/describe-comparison.ts";
import { takePart } from "../lab/compare/parts.ts";
import { planComparison } from "../lab/compare/plan-comparison.ts";
import type { CompareJob, CompareResult } from "../lab/compare/node/job.ts";
import { identifyImages } from "../lab/compare/node/identify-images.ts";
import { findKnownRuns, keyOfRun } from "../lab/compare/node/known-runs.ts";
import type { CompareConfig } from "../lab/compare/node/project-config.ts";
import { median } from "../statistics/summary.ts";
import { errorMessage, OptionError } from "../tensor/errors.ts";
import type { LoweringChoice } from "../compile/lowering.ts";
import type { RecipeFields } from "../train/standard-recipe.ts";
import { cacheFolder } from "./cache.ts";
import { type GridOptions, toGridChoice } from "./comparison-grid.ts";
import { type ComputeOptions, computePlace } from "./options.ts";
import { say } from "./output.ts";
import { storePlace, withStore } from "./store.ts";
import { spokenMessage } from "./lang/language.ts";

/** What defines a comparison. */
export interface ComparisonOptions extends GridOptions, ComputeOptions {
  readonly config?: string;
  readonly lowering: LoweringChoice;
  readonly out: string;
  readonly store?: string | false;
  readonly fresh?: boolean;
  /** Leaves the training to workers, through the store's database. */
  readonly queue?: string | true;
}

/** All runs of the comparison, with the results already known. */
export interface ComparisonPlan {
  readonly job: CompareJob;
  readonly costs: readonly number[];
  readonly known: ReadonlyMap<number, DrawnRun>;
}

/** @throws {OptionError} if parts could not come together, or would not be parts of one whole */
function refuseBesidePart({ part, store, budget }: ComparisonOptions): void {
  if (part === undefined) return;
  if (store === false)
    throw new OptionError("part", "needs the run store, in which the parts come together; leave --no-store out");
  if (budget !== undefined)
    throw new OptionError(
      "part",
      "cannot be combined with `budget`: each part would leave out other networks; leave one out",
    );
}

/** Where a comparison's report goes: parts, which may run at once, have a folder each. */
export function reportFolder({ out, part }: Pick<ComparisonOptions, "out" | "part">): string {
  return part === undefined ? out : join(out, `part-${part.index}-of-${part.count}`);
}

function createJob(
  options: ComparisonOptions,
  config: CompareConfig,
  typed: RecipeFields,
): Omit<ComparisonPlan, "known"> {
  if (existsSync(options.out) && !statSync(options.out).isDirectory())
    throw new OptionError("out", `"${options.out}" is a file, must be a folder`);
  refuseBesidePart(options);
  const whole = planComparison(toGridChoice(options, config, typed));
  const { runs, costs, recipe } = options.part === undefined ? whole : takePart(whole, options.part);
  const job: CompareJob = {
    runs,
    data: options.data,
    cache: cacheFolder(),
    trainImages: options.limit,
    testImages: options.testLimit,
    recipe,
    lowering: options.lowering,
    ...computePlace(options),
    workers: 1,
    ...(options.until === undefined ? {} : { until: options.until }),
  };
  return { job, costs };
}

/** The job with what tells its images from others of the same name, by which its runs are kept. */
async function withContent(job: CompareJob, { queue }: ComparisonOptions): Promise<CompareJob> {
  if (queue !== undefined && findDatasetName(job.data) === undefined && !existsSync(job.data))
    throw new OptionError(
      "data",
      `"${job.data}" must be here too, not only below the workers' folder of data: a run is known by its images`,
    );
  const content = await identifyImages(job);
  return content === undefined ? job : { ...job, content };
}

/** Looks up known runs in the run store. If the store cannot be read, says so and trains everything; a queue needs the store. */
async function findKnown(
  { store, fresh, queue }: ComparisonOptions,
  job: CompareJob,
): Promise<ComparisonPlan["known"]> {
  if (store === false || fresh === true) return new Map();
  const place = storePlace(store);
  if (!place.exists) return new Map();
  try {
    return await withStore(place, (opened) => findKnownRuns(opened, job));
  } catch (error) {
    if (queue !== undefined) throw error;
    const reason = errorMessage(error);
    say({
      en: `run store: ${reason}; earlier runs are not reused`,
      zh: `运行存储：${spokenMessage(reason)}；不沿用先前的运行`,
    });
    return new Map();
  }
}

/** The job for the remaining runs. */
export function restOf({ job, costs, known }: ComparisonPlan, { store, budget }: ComparisonOptions): CompareJob {
  const left = job.runs.map((_, index) => index).filter((index) => !known.has(index));
  const runs = left.map((index) => job.runs[index]);
  const rates = [...known]
    .map(([index, { imagesPerSecond }]) => 1 / (imagesPerSecond * costs[index]))
    .filter((rate) => Number.isFinite(rate) && rate > 0);
  const secondsPerUnit = rates.length === 0 ? undefined : median(rates);
  return {
    ...job,
    runs,
    ...(store === false ? {} : { checkpoints: checkpointsOf(job, runs, store) }),
    ...(budget === undefined
      ? {}
      : {
          budget: {
            seconds: budget,
            costs: left.map((index) => costs[index]),
            ...(secondsPerUnit === undefined ? {} : { secondsPerUnit }),
          },
        }),
  };
}

function checkpointsOf(job: CompareJob, runs: readonly RunPlan[], store: string | undefined): readonly string[] {
  const folder = join(storePlace(store).project.path, "interrupted");
  return runs.map((plan) => join(folder, `${keyOfRun(job, plan)}.safetensors`));
}

/** All runs that were asked for: what was known, and what was trained. */
export function toComparison(
  { job, known }: ComparisonPlan,
  { equal, until }: ComparisonOptions,
  rest: CompareJob,
  result: CompareResult,
): Comparison {
  // Results come in the order of the remaining runs, without the skipped ones.
  const keyOf = (plan: CellName & Pick<RunPlan, "seed">): string => `${keyOfCell(plan)} ${plan.seed}`;
  const made = new Map(result.runs.map((run) => [keyOf(run), run]));
  const runs = job.runs.flatMap((plan, index) => known.get(index) ?? made.get(keyOf(plan)) ?? []);
  return describeComparison({ data: job.data, recipe: rest.recipe, equal, until }, { ...result, runs });
}

/** Stands in for a running job when every result is known. */
export function nothingToTrain({
  job: { data, trainImages = Infinity, testImages = Infinity },
}: ComparisonPlan): CompareResult {
  const name = findDatasetName(data);
  const { train, test } = name === undefined ? { train: trainImages, test: testImages } : catalog[name].counts;
  return {
    runs: [],
    skipped: 0,
    lowering: "kept",
    trainImages: Math.min(trainImages, train),
    testImages: Math.min(testImages, test),
  };
}

export async function planRuns(
  options: ComparisonOptions,
  config: CompareConfig,
  typed: RecipeFields,
): Promise<ComparisonPlan> {
  const planned = createJob(options, config, typed);
  const job = options.store === false ? planned.job : await withContent(planned.job, options);
  return { ...planned, job, known: await findKnown(options, job) };
}
