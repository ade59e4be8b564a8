import { stepNames } from "../../compile/step/names.ts";
import type { RuntimeTensor } from "../../runtime/runtime.ts";
import { OptionError, ResiduaError } from "../../tensor/errors.ts";
import { float32, type Tensor } from "../../tensor/tensor.ts";
import { type LabeledBatch, splitBatch } from "../batch.ts";
import { createStateMemory, takenBy } from "../held-state.ts";
import { createLossScale } from "../loss-scale.ts";
import { drawMask, scalarValues } from "../step-inputs.ts";
import { requireAsManyRanks } from "../sync-batch-norm.ts";
import { DivergenceError, type StepResult, type Trainer, type TrainerOptions } from "../trainer.ts";
import { completeState, freshState, readScalar } from "../trainer-state.ts";
import type { Collective } from "./collective.ts";
import { createMessage } from "./message.ts";
import { compileSplitStep } from "./split-step.ts";
import type { TrainerStrategy } from "./strategy.ts";
import { releaseAll } from "../../runtime/release.ts";

/**
 * Trains one network on several ranks: they share out the batches that a step accumulates, and all apply the update of
 * the mean gradient, so that they hold the same bits after every step. Options and steps are those of one process that
 * accumulates all batches; each rank is given only its own, which follow one another in the whole step. Two ranks of
 * one batch each leave the bits of that process; more add up gradients in another order.
 *
 * A batch norm normalises by the images of its own batch, as in PyTorch's `DistributedDataParallel` without
 * `SyncBatchNorm`; running statistics take in the batches of all ranks, in order, as an accumulating process does.
 * With `syncBatchNorm` it normalises by the batches of all ranks that are computed at the same time: K ranks of batch b
 * then train as one process of batch K·b. Clipping is by the norm of the mean gradient.
 *
 * @throws {OptionError} if the accumulated batches cannot be shared out evenly
 * @source Li et al. 2020, arXiv:2006.15704; `torch.nn.parallel.DistributedDataParallel`
 */
export function dataParallel(collective: Collective): TrainerStrategy {
  const { rank, size } = collective;
  if (!(Number.isInteger(size) && Number.isInteger(rank) && 0 <= rank && rank < size))
    throw new ResiduaError("collective", `rank ${rank} of ${size} does not exist; must be 0 to size − 1`);
  return (options) => createRank(options, collective);
}

/** The number of batches of a step that each rank takes. @throws {OptionError} if they cannot be shared out evenly */
export function batchesPerRank(accumulate: number, ranks: number): number {
  if (!Number.isInteger(accumulate) || accumulate < 1)
    throw new OptionError("accumulate", `must be a whole number above 0, got ${accumulate}`);
  if (accumulate % ranks === 0) return accumulate / ranks;
  throw new OptionError(
    "accumulate",
    `must be a multiple of ${ranks}, the number of ranks that share a step's batches, got ${accumulate}`,
  );
}

async function createRank(options: TrainerOptions, collective: Collective): Promise<Trainer> {
  const { mixup, average, accumulate = 1, seed, watch = [], syncBatchNorm } = options;
  const share = batchesPerRank(accumulate, collective.size);
  requireAsManyRanks(syncBatchNorm, collective.size);
  const split = await compileSplitStep(
    { ...options, mixup: mixup !== undefined, average: average !== undefined },
    collective,
  );
  const { gradient, update, shapes, inPlace, pack, unpack } = split;
  const lossScale = options.lowering?.precision === "mixed" ? createLossScale() : undefined;
  const message = createMessage(split, {
    rank: collective.rank,
    parts: accumulate,
    partsPerRank: share,
    isJoined: syncBatchNorm !== undefined,
  });
  const gradientOutputs = gradient.session.outputNames.filter((name) => name !== stepNames.scores);
  let steps = 0;
  const memory = createStateMemory({ inPlace, pack, writesInPlace: options.runtime.writesInPlace });
  const readHeld = async (name: string): Promise<Tensor> => {
    const value = memory.held[name];
    return "read" in value ? value.read() : value;
  };
  memory.take(freshState(options, split));

  /** Adds the gradients of this rank's part to the message. @param part counts this rank's from 0 */
  const addPart = async (part: number, { images, labels }: LabeledBatch, learningRate: number): Promise<void> => {
    const place = collective.rank * share + part;
    const draw = { seed, step: steps * accumulate + place };
    const scalars = scalarValues(options, learningRate, steps + 1, draw, lossScale);
    const inputs = [
      ...gradient.logical.scalars.map((name) => [name, float32([], [scalars[name]])] as const),
      ...Array.from(gradient.logical.noise, ([name, noise]) => [name, drawMask({ ...draw, name }, noise)] as const),
      [stepNames.images, images] as const,
      [stepNames.labels, labels] as const,
    ].map(([name, value]) => [name, pack(name, value)] as const);
    const results = await gradient.session.run(
      { ...takenBy(gradient.session, memory.held), ...Object.fromEntries(inputs) },
      gradientOutputs,
      message.gradientPlaces(part === 0),
    );
    await message.add(results, place, part === 0);
  };

  return {
    get steps() {
      return steps;
    },
    step: async (own, learningRate) => {
      message.clear();
      for (const [part, batch] of splitBatch(own, share).entries()) await addPart(part, batch, learningRate);
      await collective.allReduce(message.values);
      const statistics = await message.blendStatistics(async (name) => (await readHeld(name)).data as Float32Array);
      const totals = message.totals();
      const moved = Object.entries(statistics).map(([name, value]) => [stepNames.next(name), value] as const);
      const scalars: Readonly<Record<string, number>> = {
        ...scalarValues(options, learningRate, steps + 1, { seed, step: 0 }, lossScale),
        [stepNames.gradientScale]: 1 / accumulate / (lossScale?.value ?? 1),
        [stepNames.loss]: totals.loss,
      };
      const results = await update.session.run(
        {
          ...takenBy(update.session, { ...memory.held, ...message.gradients, ...Object.fromEntries(moved) }),
          ...Object.fromEntries(update.logical.scalars.map((name) => [name, float32([], [scalars[name]])])),
        },
        undefined,
        memory.places(),
      );
      memory.markWritten();
      const report = await readReport(results, { step: steps + 1, ...totals, watch });
      const next = Object.fromEntries(update.logical.kept.map((name) => [name, results[stepNames.next(name)]]));
      if (!Number.isFinite(report.loss) || !Number.isFinite(report.gradientNorm)) {
        memory.retire(next);
        // All ranks have the same sums, so that all skip the step or none.
        if (Number.isFinite(report.loss) && lossScale?.halve() === true) {
          steps++;
          return { ...report, isSkipped: true };
        }
        const isUndone = inPlace.size === 0 || options.clipNorm !== undefined || !Number.isFinite(report.loss);
        throw new DivergenceError(report, isUndone);
      }
      memory.hold({ ...next, ...statistics });
      lossScale?.grow();
      steps++;
      return report;
    },
    state: async () => {
      const entries = Array.from(shapes.keys(), async (name) => {
        const { shape, data } = unpack(name, await readHeld(name)) as Tensor<"float32">;
        return [name, float32(shape, data.slice())] as const;
      });
      return new Map([...(await Promise.all(entries)), ...(lossScale ? [lossScale.entry()] : [])]);
    },
    load: (state, done, { partial = false } = {}) => {
      memory.take(completeState(state, split, partial));
      lossScale?.load(state);
      steps = done;
    },
    release: () =>
      releaseAll([() => gradient.session.release(), () => update.session.release(), () => memory.release()]),
  };
}

async function readReport(
  results: Readonly<Record<string, RuntimeTensor>>,
  { watch, ...totals }: Pick<StepResult, "step" | "loss" | "correct"> & { readonly watch: readonly string[] },
): Promise<StepResult> {
  const gradientNorm = await readScalar(results, stepNames.gradientNorm);
  const norms: Record<string, number> = {};
  for (const name of watch) norms[name] = await readScalar(results, stepNames.normOf(name));
  return { ...totals, gradientNorm, norms };
}
