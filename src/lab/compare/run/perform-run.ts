import * as v from "valibot";
import { describeModule } from "../../../nn/describe.ts";
import type { NamedModel } from "../../../nn/models.ts";
import { evaluateClassifier } from "../../../tasks/classify/judge.ts";
import { withInference } from "../../../networks/inference.ts";
import { openTrainer, predictingState } from "../../../train/engine.ts";
import { evaluationBatchSize } from "../../../train/evaluation.ts";
import type { Trainer } from "../../../train/trainer.ts";
import { cellOf, type CurvePoint, type DrawnRun } from "../comparison.ts";
import { judgeGoal } from "../goal.ts";
import type { RunPlan } from "../plan.ts";
import { keptNumber } from "../../../jobs/journal.ts";
import { finalLoss } from "../../final-loss.ts";
import type { Workplace } from "../host.ts";
import { planRun } from "./plan-run.ts";
import { type Tested, trainRun } from "./train-run.ts";

const curveSchema: v.GenericSchema<unknown, readonly CurvePoint[]> = v.pipe(
  v.array(
    v.strictObject({
      step: v.number(),
      loss: v.number(),
      firstLayerGradientNorm: keptNumber,
      milliseconds: v.exactOptional(v.number()),
      testAccuracy: v.exactOptional(v.number()),
    }),
  ),
  v.check((curve) => curve.every(({ step }, index) => step === index + 1)),
);

async function testRun(
  { host: { runtime, data, evaluate }, job }: Workplace,
  { module, imageShape }: NamedModel,
  trainer: Trainer,
): Promise<Tested> {
  const state = await predictingState(trainer);
  const batches = evaluate(data.test, data.normalization, evaluationBatchSize(imageShape));
  const found = await withInference({ runtime, module, imageShape, state, session: job.session }, (session) =>
    evaluateClassifier(session, batches),
  );
  return { testAccuracy: found.measures.accuracy ?? Number.NaN, testLoss: found.loss };
}

/** A run that has ended, and how many of its steps were taken before it was interrupted. */
export interface PerformedRun {
  readonly result: DrawnRun;
  readonly stepsBefore: number;
}

/** Trains and tests one network, from where it was interrupted if it was. */
export async function performRun(place: Workplace, run: RunPlan, index: number): Promise<PerformedRun> {
  const { host, job } = place;
  const { runtime, chosen, data, cache, device } = host;
  const { model, plan } = planRun(place, run);
  const { recipe } = plan;
  // The file's name tells one run from another.
  const keeper = host.openJournal(index, { identity: "compared run", notes: curveSchema });
  const before = await keeper.read();
  const { parameters, multiplyAdds } = describeModule(model.module, model.imageShape);
  place.context.report({
    kind: "begin",
    run: index,
    begin: {
      recipe,
      imageShape: model.imageShape,
      classes: data.classes,
      trainImages: data.train.count,
      testImages: data.test.count,
      stepsPerEpoch: plan.stepsPerEpoch,
      parameters,
      lowering: chosen.name,
      runtime: `${runtime.name} ${runtime.version}`,
      ...(device === undefined ? {} : { device }),
      ...(before === undefined ? {} : { resumed: before.notes }),
    },
  });
  const engine = {
    runtime,
    lowering: chosen.lowering,
    session: job.session,
    ...(cache === undefined ? {} : { cache }),
  };
  const trainer = await openTrainer(plan, engine, before && { state: before.state, steps: before.notes.length });
  try {
    const [firstLayer] = plan.watch!;
    const test = (): Promise<Tested> => testRun(place, model, trainer);
    const start = { run: index, plan, before, keeper, firstLayer, test };
    const { curve, status, imagesPerSecond, tested: last } = await trainRun(place, trainer, start);
    const tested = status === "done" ? (last ?? (await test())) : { testAccuracy: Number.NaN };
    if (status !== "stopped") await keeper.forget();
    const result: DrawnRun = {
      ...cellOf(run),
      seed: run.seed,
      parameters,
      multiplyAdds,
      ...tested,
      trainLoss: status === "diverged" ? Number.NaN : finalLoss(curve.map(({ loss }) => loss)),
      firstLayerGradientNorm: curve[0]?.firstLayerGradientNorm ?? Number.NaN,
      imagesPerSecond,
      trainImages: data.train.count,
      testImages: data.test.count,
      status,
      ...(device === undefined ? {} : { device }),
      ...(job.until === undefined ? {} : { goal: judgeGoal(job.until, curve, plan) }),
      curve,
    };
    return { result, stepsBefore: before?.notes.length ?? 0 };
  } finally {
    await trainer.release();
  }
}
