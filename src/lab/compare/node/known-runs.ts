import * as v from "valibot";
import { decodeNumber } from "../../../store/json.ts";
import { listRuns, readMetricPages, type RunStore } from "../../../store/run-store.ts";
import { hashConfiguration, type Run } from "../../../store/run.ts";
import { cellOf, type CurvePoint, type DrawnRun } from "../comparison.ts";
import { goalOutcomeSchema } from "../goal.ts";
import type { RunPlan } from "../plan.ts";
import type { CompareJob } from "./job.ts";
import { comparedRunConfiguration, curveMetrics } from "./record.ts";

/** What names a run: equal keys are the same experiment. */
export function keyOfRun(job: Parameters<typeof comparedRunConfiguration>[0], plan: RunPlan): string {
  return hashConfiguration(comparedRunConfiguration(job, plan));
}

/** Runs of a comparison that a store has already, by their place among the plans; those that diverged are results too. */
export async function findKnownRuns(
  store: RunStore,
  job: Pick<CompareJob, "runs" | "recipe" | "data" | "content" | "trainImages" | "testImages" | "until" | "device">,
): Promise<ReadonlyMap<number, DrawnRun>> {
  const ended = new Map<string, Run>();
  for (const run of await listRuns(store, { command: "compare" })) {
    const isResult = (run.status === "done" || run.status === "diverged") && run.result !== null;
    // The latest comes first.
    if (isResult && !ended.has(run.configHash)) ended.set(run.configHash, run);
  }
  const known = new Map<number, DrawnRun>();
  for (const [index, plan] of job.runs.entries()) {
    const run = ended.get(keyOfRun(job, plan));
    if (run !== undefined) known.set(index, await restoreRun(store, run, plan));
  }
  return known;
}

async function restoreRun(store: RunStore, run: Run, plan: RunPlan): Promise<DrawnRun> {
  const result = run.result as Readonly<Record<string, unknown>>;
  const number = (name: string): number => decodeNumber(result[name] ?? "NaN");
  return {
    ...cellOf(plan),
    seed: plan.seed,
    parameters: number("parameters"),
    multiplyAdds: number("multiplyAdds"),
    testAccuracy: number("testAccuracy"),
    ...(result["testLoss"] === undefined ? {} : { testLoss: number("testLoss") }),
    trainLoss: number("trainLoss"),
    firstLayerGradientNorm: number("firstLayerGradientNorm"),
    imagesPerSecond: number("imagesPerSecond"),
    status: run.status === "diverged" ? "diverged" : "done",
    ...(result["trainImages"] === undefined
      ? {}
      : { trainImages: number("trainImages"), testImages: number("testImages") }),
    ...(typeof result["device"] === "string" ? { device: result["device"] } : {}),
    ...(result["goal"] === undefined ? {} : { goal: v.parse(goalOutcomeSchema, result["goal"]) }),
    curve: await restoreCurve(store, run.id),
  };
}

async function restoreCurve(store: RunStore, id: string): Promise<readonly CurvePoint[]> {
  const read = async (name: string): Promise<ReadonlyMap<number, number>> => {
    const values = new Map<number, number>();
    for await (const page of readMetricPages(store, id, name))
      for (const { step, value } of page) values.set(step, value);
    return values;
  };
  const [losses, norms] = [await read(curveMetrics.loss), await read(curveMetrics.firstLayerGradientNorm)];
  // The step that a run diverged at was not taken, and has no norm.
  return [...losses].flatMap(([step, loss]) => {
    const firstLayerGradientNorm = norms.get(step);
    return firstLayerGradientNorm === undefined ? [] : [{ step, loss, firstLayerGradientNorm }];
  });
}
