import { type Dataset, type Images, takeFirst } from "../../data/image-set.ts";
import type { JobContext } from "../../jobs/job.ts";
import { cautionsOfAverages } from "../../train/cautions.ts";
import { fitBatch } from "../../train/fit-batch.ts";
import { imagesPerStep } from "../../train/recipe.ts";
import { createClock } from "./clock.ts";
import { type DrawnRun, keyOfCell } from "./comparison.ts";
import { requireGoal } from "./goal.ts";
import type { CompareEvent, CompareResult, ComparisonWork } from "./job.ts";
import type { ComparisonHost, Workplace } from "./host.ts";
import { performRun } from "./run/perform-run.ts";
import { countSteps, planRun, recipeOf } from "./run/plan-run.ts";

/** The data's first images, as many as are wanted. */
function takeWanted(data: Dataset, { trainImages, testImages }: ComparisonWork): Dataset {
  const first = (images: Images, wanted: number | undefined): Images =>
    takeFirst(images, Math.min(wanted ?? images.count, images.count));
  return { ...data, train: first(data.train, trainImages), test: first(data.test, testImages) };
}

/** The work with a batch that the data are enough for, if it may be brought down. */
function fitWork(work: ComparisonWork, images: number, note: (text: string) => void): ComparisonWork {
  if (work.fitsBatch !== true) return work;
  const { seed: _, ...recipe } = fitBatch({ ...work.recipe, seed: 0 }, images, note);
  return { ...work, recipe };
}

/** Trains and tests all networks of a comparison, one after another. */
export async function performComparison(
  work: ComparisonWork,
  given: ComparisonHost,
  context: JobContext<CompareEvent>,
): Promise<CompareResult> {
  requireGoal(work.until);
  const data = takeWanted(given.data, work);
  const host: ComparisonHost = { ...given, data };
  const { chosen } = host;
  const note = (text: string): void => context.report({ kind: "note", text });
  if (chosen.reason !== undefined) note(`training with the portable lowering: ${chosen.reason}`);
  const job = fitWork(work, data.train.count, note);
  const place: Workplace = { host, job, context };
  // Checked before anything is reported or trained: even a grid's last row may hold a mistake.
  for (const run of new Map(job.runs.map((each) => [keyOfCell(each), each])).values()) planRun(place, run);
  const runs: DrawnRun[] = [];
  const stepsOf = (index: number): number => {
    const own = recipeOf(job, job.runs[index]);
    return countSteps(data.train.count, own, job.runs[index]);
  };
  const fits = createClock(job, (index) => stepsOf(index) * imagesPerStep(recipeOf(job, job.runs[index])));
  const averages = job.runs.map((run, index) => ({ decay: recipeOf(job, run).average, steps: stepsOf(index) }));
  for (const caution of cautionsOfAverages(averages)) note(caution);
  let skipped = 0;
  for (const [index, plan] of job.runs.entries()) {
    const seconds = fits.missing(index);
    if (seconds !== undefined) {
      skipped++;
      context.report({ kind: "skip", run: index, seconds });
      continue;
    }
    const { result, stepsBefore } = await performRun(place, plan, index);
    if (result.status === "stopped") break;
    fits.done(index, (result.curve.length - stepsBefore) / stepsOf(index));
    runs.push(result);
    context.report({ kind: "run", run: index, result });
  }
  return {
    runs,
    skipped,
    lowering: chosen.name,
    trainImages: data.train.count,
    testImages: data.test.count,
    ...(job === work ? {} : { batch: job.recipe.batch }),
  };
}
