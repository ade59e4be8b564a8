import * as v from "valibot";
import { type LoweringChoice, loweringChoices } from "../../compile/lowering.ts";
import { datasetNames } from "../../data/catalog.ts";
import { findDatasetName } from "../../data/dataset.ts";
import { checkPlainData, countingNumber, wholeNumber } from "../../files/schema.ts";
import { shortcutTypes } from "../../nn/shortcuts/type.ts";
import { OptionError } from "../../tensor/errors.ts";
import type { Recipe } from "../../train/recipe.ts";
import { partialRecipeSchema, refuseRecipeFields } from "../../train/recipe-check.ts";
import { requireGoal } from "./goal.ts";
import type { CompareJob } from "./job.ts";
import { measurePlans, type RunPlan } from "./plan.ts";
import { notForComparisons } from "./plan-comparison.ts";

/**
 * One run of a comparison as a job of a queue: data alone. It holds no command, program, script, address or place on a machine;
 * where the data and the results lie is up to the worker that takes it.
 */
export interface QueuedRun {
  readonly version: 1;
  readonly run: RunPlan;
  readonly recipe: Omit<Recipe, "seed">;
  /** A data set's name, or a folder of images below the worker's folder of data. */
  readonly data: string;
  /** Which images the folder holds: those of a worker must be the same. */
  readonly content?: string;
  readonly trainImages: number;
  readonly testImages: number;
  readonly until?: number;
  readonly lowering: LoweringChoice;
}

/** The jobs of a comparison's runs, in their order. @throws {OptionError} if its data cannot be found by a worker */
export function toQueuedRuns(
  job: Pick<CompareJob, "runs" | "recipe" | "data" | "content" | "trainImages" | "testImages" | "until" | "lowering">,
): readonly QueuedRun[] {
  const {
    runs,
    recipe,
    data,
    content,
    trainImages = Number.MAX_SAFE_INTEGER,
    testImages = trainImages,
    until,
    lowering,
  } = job;
  requireQueuedData(data);
  const rest = {
    recipe,
    data,
    ...(content === undefined ? {} : { content }),
    trainImages,
    testImages,
    lowering,
    ...(until === undefined ? {} : { until }),
  };
  return runs.map((run) => ({ version: 1, run, ...rest }));
}

const text = (length: number): v.GenericSchema<unknown, string> =>
  v.pipe(v.string(), v.nonEmpty(), v.maxLength(length));

/** Networks are made by name; numbers of five digits would be networks that no machine holds. */
const modelName = v.pipe(
  text(80),
  v.check((name) => /^[a-z0-9][\w.-]*$/i.test(name) && !/\d{5}/.test(name), "a network's name"),
);

const hash = v.pipe(
  v.string(),
  v.check((digits) => /^[\da-f]{64}$/.test(digits), "a SHA-256 in hexadecimal"),
);

const schema = v.strictObject({
  version: v.literal(1),
  run: v.strictObject({
    depth: v.pipe(countingNumber, v.maxValue(9999)),
    shortcut: v.picklist(shortcutTypes),
    seed: wholeNumber,
    model: modelName,
    block: v.exactOptional(text(80)),
    variant: v.exactOptional(text(1000)),
    options: v.exactOptional(v.record(v.string(), v.union([v.string(), v.number(), v.boolean()]))),
    recipe: v.exactOptional(partialRecipeSchema),
    length: v.exactOptional(v.pipe(v.number(), v.finite(), v.gtValue(0))),
  }),
  recipe: partialRecipeSchema,
  data: text(400),
  content: v.exactOptional(hash),
  trainImages: countingNumber,
  testImages: countingNumber,
  until: v.exactOptional(v.number()),
  lowering: v.picklist(loweringChoices),
});

/**
 * Checks a job that comes from a queue: its form, its recipe, its network and the name of its data.
 *
 * @throws {OptionError} naming the first field that a run of a comparison cannot have
 */
export function checkQueuedRun(value: unknown): QueuedRun {
  const job = checkPlainData(
    schema as unknown as v.GenericSchema<unknown, QueuedRun>,
    value,
    ({ path, detail }) => new OptionError(path === "" ? "job" : path, detail),
  );
  requireQueuedData(job.data);
  if (job.content === undefined && findDatasetName(job.data) === undefined)
    throw new OptionError("content", "is missing: a folder is trained on only if its images are those that were meant");
  requireGoal(job.until);
  for (const recipe of [job.recipe, job.run.recipe ?? {}]) refuseRecipeFields(recipe, notForComparisons);
  measurePlans([job.run], job.recipe);
  return job;
}

/**
 * Whether a job may name these data.
 *
 * @throws {OptionError} unless they are a known data set, or a path without "..", that begins at no root
 */
export function requireQueuedData(data: string): void {
  if (findDatasetName(data) !== undefined) return;
  const parts = data.replace(/\/$/, "").split("/");
  const isPlain = parts.every((part) => part !== "" && part !== "." && part !== "..");
  if (isPlain && !/[\\:~\p{Cc}]/u.test(data)) return;
  throw new OptionError(
    "data",
    `must be one of ${datasetNames.join(", ")}, or a folder below the workers' folder of data, such as photos/birds; got "${data}"`,
  );
}
