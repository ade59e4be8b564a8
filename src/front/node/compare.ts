import type { Running, RunOptions } from "../../jobs/job.ts";
import { runInChild } from "../../jobs/node/child-process.ts";
import type { Comparison } from "../../lab/compare/comparison.ts";
import { describeComparison } from "../../lab/compare/describe-comparison.ts";
import { type CompareEvent, type CompareJob, comparisonJob } from "../../lab/compare/node/job.ts";
import type { CompareResult as Compared } from "../../lab/compare/job.ts";
import { parseDevice } from "../../runtime/device.ts";
import { OptionError } from "../../tensor/errors.ts";
import { gridOptions, nameOfData, planOptions, standardImages, withFindings } from "../compare-options.ts";
import { isLabelledImages } from "../network.ts";
import { onlyGiven, requireKnown } from "../options.ts";
import { recipeNames } from "../train-options.ts";
import { cacheFolder } from "./cache.ts";
import type { CompareOptions, CompareResult, ComparisonData } from "./types.ts";

const hostOptions = ["budget", "threads", "device", "lowering", "cache"] as const;

/** A comparison under way, and how its result is completed. */
export interface StartedComparison {
  readonly running: Running<CompareEvent, Compared>;
  readonly finish: (result: Compared) => CompareResult;
}

function toJob(data: ComparisonData, options: CompareOptions): CompareJob {
  requireKnown("compare", options, [...gridOptions, ...hostOptions, ...recipeNames]);
  const images = isLabelledImages(data) ? data : undefined;
  if (images === undefined && typeof data !== "string")
    throw new OptionError(
      "data",
      "must be a data set's name, a folder, or { images, labels, channels, height, width }",
    );
  const { budget, threads, device, lowering = "auto", cache = cacheFolder(), batch } = options;
  if (budget !== undefined && !(budget > 0)) throw new OptionError("budget", `must be seconds above 0, got ${budget}`);
  const { runs, costs, recipe } = planOptions(options, budget !== undefined);
  return {
    runs,
    data: nameOfData(data),
    ...onlyGiven({ images, until: options.until }),
    cache,
    trainImages: options.trainImages ?? standardImages.trainImages,
    testImages: options.testImages ?? standardImages.testImages,
    recipe,
    fitsBatch: batch === undefined,
    lowering,
    ...(device === undefined ? {} : { device: parseDevice(device) }),
    session: onlyGiven({ threads }),
    workers: 1,
    ...(budget === undefined ? {} : { budget: { seconds: budget, costs } }),
  };
}

/** The comparison's page. */
async function renderPage(comparison: Comparison): Promise<string> {
  if (comparison.runs.length === 0) throw new OptionError("report", "needs a run that was finished; there is none");
  const [{ renderReport }, { reportComparison }] = await Promise.all([
    import("../../report/node/render-report.ts"),
    import("../../lab/compare/report.ts"),
  ]);
  return renderReport(reportComparison(comparison));
}

/** Starts a comparison in a process of its own; see `compare` of `residua/node`. */
export function startComparison(
  data: ComparisonData,
  options: CompareOptions,
  run: RunOptions<CompareEvent>,
): StartedComparison {
  const job = toJob(data, options);
  const { equal = "epochs", until } = options;
  return {
    running: runInChild(comparisonJob, job, run),
    finish: (result) => {
      const comparison = describeComparison({ data: job.data, recipe: job.recipe, equal, until }, result);
      return { ...withFindings(comparison), report: () => renderPage(comparison) };
    },
  };
}
