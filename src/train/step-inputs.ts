import { stepNames } from "../compile/step/names.ts";
import type { ParameterGroup } from "../compile/step/update.ts";
import type { NoiseInput } from "../nn/forward.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import { drawBeta } from "../tensor/distributions.ts";
import { randomStream } from "../tensor/random.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";
import { float32, type Tensor } from "../tensor/tensor.ts";
import type { LossScale } from "./loss-scale.ts";

/** The settings behind a step's scalars: see the trainer's options. */
interface StepScalars {
  readonly optimizer: Optimizer;
  readonly groups?: readonly ParameterGroup[];
  readonly mixup?: number | undefined;
  readonly average?: number | undefined;
}

/** All scalar inputs of a step, by name. @param step counts from 1 */
export function scalarValues(
  { optimizer, groups = [], mixup, average }: StepScalars,
  learningRate: number,
  step: number,
  draw: { readonly seed: number; readonly step: number },
  lossScale?: LossScale,
): Readonly<Record<string, number>> {
  // A skipped update is none to the optimizer and the average.
  const updates = step - (lossScale?.skipped ?? 0);
  const valuesAt = (rate: number): readonly number[] => optimizer.scalarValues(rate, updates);
  const values = valuesAt(learningRate);
  return {
    ...Object.fromEntries(optimizer.scalars.map((name, index) => [name, values[index]])),
    ...Object.fromEntries(
      groups.map(({ rateAt }, place) => [stepNames.groupRate(place), valuesAt(rateAt(step - 1))[0]]),
    ),
    ...(mixup === undefined ? {} : { [stepNames.mixup]: drawMixup(draw.seed, draw.step, mixup) }),
    ...(average === undefined ? {} : { [stepNames.averageDecay]: averageDecay(average, updates) }),
    ...(lossScale === undefined ? {} : { [stepNames.lossScale]: lossScale.value }),
  };
}

/**
 * Decay of the average: smaller in the first steps, so that the initial values do not dominate.
 *
 * @param decay asked for, in [0, 1)
 * @param step counts from 1
 * @source `tf.train.ExponentialMovingAverage`, num_updates
 */
export function averageDecay(decay: number, step: number): number {
  return Math.min(decay, (1 + step) / (10 + step));
}

/** λ ~ Beta(α, α), the larger of λ and 1 − λ: with the batch reversed, both give the same blends. */
function drawMixup(seed: number, step: number, alpha: number): number {
  const share = drawBeta(randomStream(seed, "mixup", step), alpha);
  return Math.max(share, 1 - share);
}

/** Bernoulli(keep) / keep: the mask of one dropout layer in one step. */
export function drawMask(
  { seed, name, step }: { readonly seed: number; readonly name: string; readonly step: number },
  { value, keep }: NoiseInput,
): Tensor<"float32"> {
  const shape = value.shape as Shape;
  const stream = randomStream(seed, `dropout:${name}`, step);
  const draw = (): number => (stream.uniform() < keep ? 1 / keep : 0);
  return float32(shape, Float32Array.from({ length: sizeOf(shape) }, draw));
}
