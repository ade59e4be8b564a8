import type { Lowering } from "../compile/lowering.ts";
import { makeBatch, stepsPerEpoch } from "../data/batches.ts";
import { measureNormalization } from "../data/normalization.ts";
import type { JobContext } from "../jobs/job.ts";
import type { NetworkCard } from "../networks/card.ts";
import { withInference } from "../networks/inference.ts";
import { createModel } from "../nn/models.ts";
import { type Module, parametersOf } from "../nn/module.ts";
import type { Runtime, SessionOptions } from "../runtime/runtime.ts";
import { setUpInMemory } from "../tasks/classify/set-up-in-memory.ts";
import { openTrainer, planTraining, predictingState, type TrainingPlan } from "../train/engine.ts";
import type { MemorySetup } from "../train/memory-training.ts";
import { completeRecipe } from "../train/recipe-check.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { runSteps } from "../train/step-loop.ts";
import type { Trainer } from "../train/trainer.ts";
import { type Digits, digitCounts } from "./digits.ts";
import type { LaneEvent, RaceJob, RaceResult } from "./engine.ts";

/** A lane before its first step. */
interface Prepared {
  readonly network: NetworkCard;
  readonly setup: MemorySetup;
  readonly plan: TrainingPlan;
  /** The first convolution of each block. */
  readonly watch: readonly string[];
}

/** The first convolution of every block, from the input to the output. */
function firstConvolutions(module: Module): readonly string[] {
  return [...parametersOf(module).keys()].filter((name) => /^layer\d+\.\d+\.conv1\.weight$/.test(name));
}

/** @throws {OptionError} naming what the network or its recipe cannot be */
function prepare(job: RaceJob, { train, test }: Digits): Prepared {
  const { name, options, module } = createModel(`resnet${job.depth}`, {
    shortcut: job.shortcut,
    channels: 1,
    classes: digitCounts.classes,
  });
  const { size } = digitCounts;
  const network: NetworkCard = {
    model: { name, options },
    imageShape: [1, size, size],
    data: "digits 10×10",
    classes: Array.from({ length: digitCounts.classes }, (_, digit) => String(digit)),
    normalization: measureNormalization(train),
  };
  const recipe = completeRecipe({ batch: job.batch, learningRate: job.rate, seed: job.seed });
  const setup = setUpInMemory({ network, train, test }, recipe);
  const watch = firstConvolutions(module);
  const plan = planTraining({
    module,
    sampleShape: network.imageShape,
    recipe: setup.recipe,
    stepsPerEpoch: stepsPerEpoch(setup.source.plan),
    steps: job.steps,
    validates: false,
    watch,
  });
  return { network, setup, plan, watch };
}

/** Tests the trained network on the digits held back. */
async function testNetwork(
  { setup, plan }: Prepared,
  trainer: Trainer,
  { runtime, session }: LaneHost,
): Promise<NonNullable<RaceResult["test"]>> {
  const { module, sampleShape } = plan;
  const inference = { runtime, module, imageShape: sampleShape, state: await predictingState(trainer), session };
  const { loss, count, measures } = await withInference(inference, setup.test!);
  return { loss, count, correct: Math.round(count * (measures["accuracy"] ?? 0)) };
}

/** What a network of a race is computed with. */
export interface LaneHost {
  readonly runtime: Runtime;
  readonly lowering: Lowering;
  /** How both of its sessions run. */
  readonly session: SessionOptions;
}

/** A network that was trained to the end of its race. */
export interface TrainedLane {
  readonly network: NetworkCard;
  readonly module: Module;
  readonly state: ReadonlyMap<string, Tensor<"float32">>;
}

/**
 * Trains one network of a race in the thread that calls, and tests it on the digits held back.
 *
 * @param keep gets the network, if it was trained to the end
 * @throws {OptionError} naming what the network or its recipe cannot be
 */
export async function trainLane(
  job: RaceJob,
  digits: Digits,
  host: LaneHost,
  { report, shouldStop }: JobContext<LaneEvent>,
  keep: (trained: TrainedLane) => void = () => undefined,
): Promise<RaceResult> {
  report({ kind: "compiling" });
  const prepared = prepare(job, digits);
  const { setup, plan, watch } = prepared;
  const write = setup.source.createWriter();
  const trainer = await openTrainer(plan, {
    ...host,
    // As it stands: rewriting the training graph of 56 layers takes ONNX Runtime longer than many steps, and finds nothing to improve.
    session: { ...host.session, graphOptimization: "disabled" },
  });
  try {
    const nextBatch = (): ReturnType<typeof makeBatch> =>
      makeBatch(setup.source.shapes, plan.imagesPerStep, (images, labels) => write(trainer.steps, images, labels));
    const end = await runSteps({
      trainer,
      plan,
      shouldStop,
      nextBatch,
      afterStep: ({ step, loss, correct, gradientNorm, norms }) => {
        const accuracy = correct / plan.imagesPerStep;
        report({
          kind: "step",
          step: { step, loss, accuracy, gradientNorm, blockNorms: watch.map((name) => norms[name]) },
        });
      },
    });
    const { steps } = trainer;
    if (end.status === "diverged") return { status: "diverged", reason: end.error.message, steps };
    if (end.status === "stopped") return { status: "stopped", steps };
    report({ kind: "testing" });
    keep({ network: prepared.network, module: plan.module, state: await predictingState(trainer) });
    return { status: "done", steps, test: await testNetwork(prepared, trainer, host) };
  } finally {
    await trainer.release();
  }
}
