import { imagesPerStep, type Recipe } from "../../train/recipe.ts";
import type { Comparison, DrawnRun, EqualBudget } from "./comparison.ts";
import type { CompareResult } from "./job.ts";
import { completeOptimizer } from "../../train/recipe-step.ts";

/** What a comparison was asked for. */
export interface ComparisonRequest {
  /** The data's name. */
  readonly data: string;
  readonly recipe: Omit<Recipe, "seed">;
  readonly equal: EqualBudget;
  readonly until?: number | undefined;
}

function imagesOf({
  trainImages,
  testImages,
}: DrawnRun): Pick<CompareResult, "trainImages" | "testImages"> | undefined {
  return trainImages === undefined || testImages === undefined ? undefined : { trainImages, testImages };
}

/** A finished comparison, with all that its runs share. */
export function describeComparison(
  { data, recipe, equal, until }: ComparisonRequest,
  result: CompareResult,
): Comparison {
  const { runs, skipped, lowering, batch = recipe.batch } = result;
  // Runs that were known had as many as there were then: no more than were asked for, but perhaps fewer.
  const { trainImages, testImages } = { ...result, ...runs.map(imagesOf).find((counts) => counts !== undefined) };
  // Runs that were known may have been trained elsewhere.
  const devices = [...new Set(runs.map(({ device = "cpu" }) => device))];
  const { epochs, learningRate, optimizer, schedule } = recipe;
  return {
    runs,
    ...(skipped === 0 ? {} : { skipped }),
    settings: {
      data,
      trainImages,
      testImages,
      epochs,
      steps: epochs * Math.floor(trainImages / imagesPerStep({ ...recipe, batch })),
      batchSize: batch,
      learningRate,
      optimizer: describeOptimizer(optimizer),
      schedule,
      lowering,
      ...(devices.every((device) => device === "cpu") ? {} : { device: devices.join(", ") }),
      ...(equal === "epochs" ? {} : { equal }),
      ...(until === undefined ? {} : { until }),
    },
  };
}

const optimizerTitles: { readonly [Name in Recipe["optimizer"]["name"]]: string } = {
  sgd: "SGD",
  adamw: "AdamW",
  muon: "Muon",
};

function describeOptimizer(optimizer: Recipe["optimizer"]): string {
  const { name, weightDecay = 0, ...rest } = completeOptimizer(optimizer);
  const momentum = "momentum" in rest ? ` with ${rest.nesterov ? "Nesterov " : ""}momentum ${rest.momentum}` : "";
  return `${optimizerTitles[name]}${momentum}, weight decay ${weightDecay}`;
}
