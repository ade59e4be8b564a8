import { stepNames } from "../../compile/step/names.ts";
import { drawState } from "../../nn/initialization.ts";
import type { RuntimeTensor } from "../../runtime/runtime.ts";
import { OptionError, ResiduaError } from "../../tensor/errors.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { float32, type Tensor, tensor, zeros } from "../../tensor/tensor.ts";
import { type LabeledBatch, splitBatch } from "../batch.ts";
import { drawMask, scalarValues } from "../step-inputs.ts";
import { DivergenceError, type StepResult, type Trainer, type TrainerOptions } from "../trainer.ts";
import { completeState, readScalar } from "../trainer-state.ts";
import type { Collective } from "./collective.ts";
import { compileSplitStep, type SplitStep } from "./split-step.ts";
import type { TrainerStrategy } from "./strategy.ts";

/**
 * Trains one network on several ranks: each takes its share of every batch, and all apply the update of the batch's
 * mean gradient, so that they hold the same bits after every step. Every rank is given the whole batch. `n` ranks
 * compute the same as one process that accumulates over `n` times as many batches of 1/n the size, with the same masks
 * and blends, except for running statistics.
 *
 * A batch norm normalises by the images of its own rank, and the running statistics kept are those of rank 0, as in
 * PyTorch's `DistributedDataParallel` (`broadcast_buffers`, without `SyncBatchNorm`). Clipping is by the norm of the
 * mean gradient. If the batch does not divide evenly, the first ranks take one extra image, and each mean is weighted
 * by its images.
 *
 * @throws {OptionError} if there are more ranks than images in a batch
 * @source Li et al. 2020, arXiv:2006.15704; `torch.nn.parallel.DistributedDataParallel`
 */
export function dataParallel(collective: Collective): TrainerStrategy {
  const { rank, size } = collective;
  if (!(Number.isInteger(size) && Number.isInteger(rank) && 0 <= rank && rank < size))
    throw new ResiduaError("collective", `rank ${rank} of ${size} does not exist; must be 0 to size − 1`);
  return (options) => createRank(options, collective);
}

/** The size and offset of a rank's share of a batch. */
function shareOf(batch: number, { rank, size }: Collective): { readonly first: number; readonly count: number } {
  const [least, rest] = [Math.floor(batch / size), batch % size];
  return { first: rank * least + Math.min(rank, rest), count: least + (rank < rest ? 1 : 0) };
}

async function createRank(options: TrainerOptions, collective: Collective): Promise<Trainer> {
  const { batch, mixup, average, accumulate = 1, seed, module } = options;
  if (!Number.isInteger(accumulate) || accumulate < 1)
    throw new OptionError("accumulate", `must be a whole number above 0, got ${accumulate}`);
  if (batch < collective.size)
    throw new OptionError("batch", `must be at least ${collective.size}, one image for each rank, got ${batch}`);
  const share = shareOf(batch, collective);
  const split = await compileSplitStep({
    ...options,
    batch: share.count,
    mixup: mixup !== undefined,
    average: average !== undefined,
  });
  const { gradient, update, shapes, pack, unpack } = split;
  const message = createMessage(split, accumulate * collective.size);
  /** 1 if the batch divides evenly: then the sum of the means is exactly `size` times the mean. */
  const weight = (share.count * collective.size) / batch;
  let steps = 0;
  let held: Held = {};
  const hold = (next: Held): void => {
    for (const name of Object.keys(next)) disposeTensor(held[name]);
    held = { ...held, ...next };
  };
  for (const [name, value] of drawState(module, seed)) {
    for (const each of [name, stepNames.average(name)])
      if (shapes.has(each)) held = { ...held, [each]: pack(each, value) };
  }
  for (const name of split.optimizerState) held = { ...held, [name]: pack(name, zeros("float32", shapes.get(name)!)) };

  /** Adds this rank's gradients for one part to the message. @returns the running statistics after it */
  const addPart = async (part: number, own: LabeledBatch, statistics: Held, learningRate: number): Promise<Held> => {
    const place = part * collective.size + collective.rank;
    const draw = { seed, step: steps * accumulate * collective.size + place };
    const scalars = scalarValues(options, learningRate, steps + 1, draw);
    const inputs = [
      ...gradient.logical.scalars.map((name) => [name, float32([], [scalars[name]])] as const),
      ...Array.from(gradient.logical.noise, ([name, noise]) => [name, drawMask({ ...draw, name }, noise)] as const),
      [stepNames.images, own.images] as const,
      [stepNames.labels, own.labels] as const,
    ].map(([name, value]) => [name, pack(name, value)] as const);
    const results = await gradient.session.run({
      ...takenBy(gradient.session.inputNames, { ...held, ...statistics }),
      ...Object.fromEntries(inputs),
    });
    await message.add(results, place, weight);
    results[stepNames.scores].dispose();
    return Object.fromEntries(gradient.logical.kept.map((name) => [name, results[stepNames.next(name)]]));
  };

  return {
    get steps() {
      return steps;
    },
    step: async (whole, learningRate) => {
      message.clear();
      let statistics: Held = {};
      for (const [part, partBatch] of splitBatch(whole, accumulate).entries()) {
        const next = await addPart(part, takeShare(partBatch, share), statistics, learningRate);
        Object.values(statistics).forEach(disposeTensor);
        statistics = next;
      }
      if (collective.rank === 0) await message.setStatistics(statistics);
      Object.values(statistics).forEach(disposeTensor);
      await collective.allReduce(message.values);
      const scalars: Readonly<Record<string, number>> = {
        ...scalarValues(options, learningRate, steps + 1, { seed, step: 0 }),
        [stepNames.gradientScale]: 1 / (accumulate * collective.size),
      };
      const results = await update.session.run({
        ...takenBy(update.session.inputNames, { ...held, ...message.feeds }),
        ...Object.fromEntries(update.logical.scalars.map((name) => [name, float32([], [scalars[name]])])),
      });
      const report = await readReport(results, { step: steps + 1, ...message.totals(), watch: options.watch ?? [] });
      const next = Object.fromEntries(update.logical.kept.map((name) => [name, results[stepNames.next(name)]]));
      if (!Number.isFinite(report.loss) || !Number.isFinite(report.gradientNorm)) {
        Object.values(next).forEach(disposeTensor);
        throw new DivergenceError(report, true);
      }
      hold({ ...next, ...message.copyStatistics() });
      steps++;
      return report;
    },
    state: async () => {
      const entries = Array.from(shapes.keys(), async (name) => {
        const value = held[name];
        const stored = "read" in value ? await value.read() : value;
        const { shape, data } = unpack(name, stored) as Tensor<"float32">;
        return [name, float32(shape, data.slice())] as const;
      });
      return new Map(await Promise.all(entries));
    },
    load: (state, done, { partial = false } = {}) => {
      const complete = completeState(state, split, partial);
      hold(Object.fromEntries(complete.map(([name, value]) => [name, pack(name, value)])));
      steps = done;
    },
    release: async () => {
      await gradient.session.release();
      await update.session.release();
      Object.values(held).forEach(disposeTensor);
      held = {};
    },
  };
}

type Held = Readonly<Record<string, Tensor | RuntimeTensor>>;
type Results = Readonly<Record<string, RuntimeTensor>>;

/**
 * The message that ranks sum in one step: gradients, rank 0's running statistics, and the loss and correct count of
 * every part.
 */
interface Message {
  readonly values: Float32Array;
  /** The part that the update reads. */
  readonly feeds: Held;
  readonly clear: () => void;
  /** @param weight the weight of this rank's means */
  readonly add: (results: Results, place: number, weight: number) => Promise<void>;
  readonly setStatistics: (statistics: Held) => Promise<void>;
  readonly copyStatistics: () => Held;
  readonly totals: () => Pick<StepResult, "loss" | "correct">;
}

/** One array, so that each step needs one exchange; its parts are fed without copying. @param parts over all ranks */
function createMessage({ gradientShapes, statistics }: SplitStep, parts: number): Message {
  const named = [
    ...Array.from(gradientShapes, ([name, shape]) => [stepNames.gradient(name), shape] as const),
    ...Array.from(statistics, ([name, shape]) => [stepNames.next(name), shape] as const),
  ];
  const length = named.reduce((sum, [, shape]) => sum + sizeOf(shape), 0);
  const values = new Float32Array(length + parts + 1);
  let offset = 0;
  const view = (shape: Shape): Tensor<"float32"> => {
    const start = offset;
    offset += sizeOf(shape);
    return float32(shape, values.subarray(start, offset));
  };
  const feeds: Readonly<Record<string, Tensor<"float32">>> = Object.fromEntries(
    named.map(([name, shape]) => [name, view(shape)]),
  );
  const losses = values.subarray(length, length + parts);
  return {
    values,
    feeds,
    clear: () => void values.fill(0),
    add: async (results, place, weight) => {
      for (const name of gradientShapes.keys()) {
        const result = results[stepNames.gradient(name)];
        const { data } = await result.read();
        const sum = feeds[stepNames.gradient(name)].data;
        for (let index = 0; index < sum.length; index++) sum[index] += weight * Number(data[index]);
        result.dispose();
      }
      losses[place] = weight * (await readScalar(results, stepNames.loss));
      values[length + parts] += await readScalar(results, stepNames.correct);
    },
    setStatistics: async (state) => {
      for (const name of statistics.keys()) {
        const value = state[name];
        const { data } = "read" in value ? await value.read() : value;
        feeds[stepNames.next(name)].data.set(data as Float32Array);
      }
    },
    copyStatistics: () =>
      Object.fromEntries(
        Array.from(statistics, ([name, shape]) => [name, float32(shape, feeds[stepNames.next(name)].data.slice())]),
      ),
    totals: () => ({ loss: losses.reduce((sum, loss) => sum + loss, 0) / parts, correct: values[length + parts] }),
  };
}

function takeShare(
  { images, labels }: LabeledBatch,
  { first, count }: { readonly first: number; readonly count: number },
): LabeledBatch {
  const [, ...imageShape] = images.shape;
  const [, ...labelShape] = labels.shape;
  const [pixels, points] = [sizeOf(imageShape), sizeOf(labelShape)];
  const end = first + count;
  return {
    images: float32([count, ...imageShape], images.data.subarray(first * pixels, end * pixels)),
    labels: tensor("int64", [count, ...labelShape], labels.data.subarray(first * points, end * points)),
  };
}

async function readReport(
  results: Results,
  { watch, ...totals }: Pick<StepResult, "step" | "loss" | "correct"> & { readonly watch: readonly string[] },
): Promise<StepResult> {
  const gradientNorm = await readScalar(results, stepNames.gradientNorm);
  const norms: Record<string, number> = {};
  for (const name of watch) norms[name] = await readScalar(results, stepNames.normOf(name));
  return { ...totals, gradientNorm, norms };
}

function takenBy(names: readonly string[], state: Held): Held {
  return Object.fromEntries(names.flatMap((name) => (state[name] === undefined ? [] : [[name, state[name]] as const])));
}

function disposeTensor(value: Tensor | RuntimeTensor | undefined): void {
  if (value !== undefined && "dispose" in value) value.dispose();
}
