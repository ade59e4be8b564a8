import type { Running, RunOptions } from "../../jobs/job.ts";
import { describeComparison } from "../../lab/compare/describe-comparison.ts";
import type { CompareEvent, CompareResult as Compared } from "../../lab/compare/job.ts";
import { compareInPage, type WebCompareJob } from "../../lab/compare/web/perform.ts";
import { OptionError } from "../../tensor/errors.ts";
import {
  type CompareResult,
  gridOptions,
  nameOfData,
  planOptions,
  standardImages,
  withFindings,
} from "../compare-options.ts";
import { isLabelledImages } from "../network.ts";
import { onlyGiven, requireKnown } from "../options.ts";
import { recipeNames } from "../train-options.ts";
import { type PageJob, runWhere, workerOptions } from "./hosts.ts";
import type { CompareOptions, ComparisonData } from "./types.ts";

const comparison: PageJob<WebCompareJob, CompareEvent, Compared> = {
  name: "comparison",
  open: () => new Worker(new URL("./compare-worker.js", import.meta.url), { type: "module" }),
  perform: compareInPage,
};

/** A comparison under way, and how its result is completed. */
export interface StartedComparison {
  readonly running: Running<CompareEvent, Compared>;
  readonly finish: (result: Compared) => CompareResult;
}

/** Starts a comparison; see `compare` of `residua/web`. */
export function startComparison(
  images: ComparisonData,
  options: CompareOptions,
  run: RunOptions<CompareEvent>,
): StartedComparison {
  requireKnown("compare in a page", options, [...gridOptions, ...workerOptions, ...recipeNames]);
  if (!isLabelledImages(images))
    throw new OptionError("data", "must be { images, labels, channels, height, width } in a page");
  const { equal = "epochs", until, trainImages, testImages, batch } = options;
  const { runs, recipe } = planOptions(options, false);
  const job: WebCompareJob = {
    runs,
    images,
    recipe,
    trainImages: trainImages ?? standardImages.trainImages,
    testImages: testImages ?? standardImages.testImages,
    fitsBatch: batch === undefined,
    ...onlyGiven({ until }),
  };
  return {
    running: runWhere(comparison, job, options, run),
    finish: (result) => withFindings(describeComparison({ data: nameOfData(images), recipe, equal, until }, result)),
  };
}
