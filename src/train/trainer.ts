import { stepNames } from "../compile/step.ts";
import type { NoiseInput } from "../nn/forward.ts";
import { initializeState } from "../nn/initialization.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import type { RuntimeTensor } from "../runtime/runtime.ts";
import { TrainingError, WeightsError } from "../tensor/errors.ts";
import { randomStream } from "../tensor/random.ts";
import { formatShape, sameShape, type Shape, sizeOf } from "../tensor/shape.ts";
import { float32, type Tensor, zeros } from "../tensor/tensor.ts";
import type { LabeledBatch } from "./batch.ts";
import { type CompiledStep, compileStep, type StepOptions } from "./compiled-step.ts";

/** What a trainer is made from; a model from `createModel` brings `module` and `imageShape`. */
export interface TrainerOptions extends StepOptions {
  /** Of the first parameters and of dropout. */
  readonly seed: number;
}

/** What one step reports. */
export interface StepResult {
  /** Steps done, this one included. */
  readonly step: number;
  /** Mean over the batch, before the update. */
  readonly loss: number;
  /** How many of the batch were classified right, before the update. */
  readonly correct: number;
  /** Of all gradients together, before clipping. */
  readonly gradientNorm: number;
  /** Gradient norms of the watched parameters. */
  readonly norms: Readonly<Record<string, number>>;
}

/** Loss or gradient is not a finite number; the step was not taken. */
export class DivergenceError extends TrainingError {
  /** What the step would have reported. */
  readonly report: StepResult;

  constructor(report: StepResult) {
    const { step, loss, gradientNorm } = report;
    const [what, value] = Number.isFinite(loss) ? ["gradient norm", gradientNorm] : ["loss", loss];
    const shown = Number.isNaN(value) ? "NaN" : "infinite";
    super("training", `${what} is ${shown} at step ${step}; lower the learning rate`);
    this.report = report;
  }
}

/** Parameters, running statistics and the optimizer's state (`STATE/PARAMETER`) by name, row-major. */
export type TrainingState = ReadonlyMap<string, Tensor<"float32">>;

/** A network in training: its compiled step and all that is kept from step to step. */
export interface Trainer {
  /** Steps done. */
  readonly steps: number;
  /**
   * Trains on one batch.
   *
   * @throws {DivergenceError} if loss or gradient is not a finite number; the state stays as it was before the step
   */
  step(batch: LabeledBatch, learningRate: number): Promise<StepResult>;
  state(): Promise<TrainingState>;
  /**
   * Takes over a state. Where it has nothing of the optimizer, as weights alone, the optimizer starts at zero.
   *
   * @param steps how many steps the state has behind it
   * @throws {WeightsError} if something is missing or has another shape
   */
  load(state: ReadonlyMap<string, Tensor>, steps: number): void;
  /** Releases the compiled step when it is idle, and the tensors. Safe to call twice. */
  release(): Promise<void>;
}

/**
 * Compiles the training step of a network and starts it from fresh parameters. Between steps, every parameter, running
 * statistic and state tensor stays what the runtime returned, and is fed to the next step as it is.
 *
 * @throws {OptionError} if the batch is not a whole number above 0 or a watched parameter does not exist
 * @throws {ShapeError} if the network does not take such images
 */
export async function createTrainer(options: TrainerOptions): Promise<Trainer> {
  const { optimizer, seed, watch = [] } = options;
  const compiled = await compileStep(options);
  const { session, logical, shapes, pack, unpack } = compiled;
  let steps = 0;
  let held: Readonly<Record<string, Tensor | RuntimeTensor>> = {};
  const hold = (next: typeof held): void => {
    const replaced = Object.keys(next).map((name) => held[name]);
    held = { ...held, ...next };
    replaced.forEach(disposeTensor);
  };
  const load: Trainer["load"] = (state, done) => {
    hold(Object.fromEntries(completeState(state, compiled).map(([name, value]) => [name, pack(name, value)])));
    steps = done;
  };
  load(initializeState(options.module, seed), 0);

  return {
    get steps() {
      return steps;
    },
    step: async (batch, learningRate) => {
      const inputs = [
        ...scalarInputs(optimizer, learningRate, steps + 1),
        ...Array.from(logical.noise, ([name, noise]) => [name, drawMask({ seed, name, step: steps }, noise)] as const),
        [stepNames.images, batch.images] as const,
        [stepNames.labels, batch.labels] as const,
      ];
      const fed = Object.fromEntries(inputs.map(([name, value]) => [name, pack(name, value)]));
      const results = await session.run({ ...held, ...fed });
      const report = await readReport(results, steps + 1, watch);
      const next = Object.fromEntries(logical.kept.map((name) => [name, results[stepNames.next(name)]]));
      if (!Number.isFinite(report.loss) || !Number.isFinite(report.gradientNorm)) {
        Object.values(next).forEach(disposeTensor);
        throw new DivergenceError(report);
      }
      hold(next);
      steps++;
      return report;
    },
    state: async () => {
      const entries = Array.from(shapes.keys(), async (name) => {
        const value = held[name];
        const stored = "read" in value ? await value.read() : value;
        return [name, unpack(name, stored) as Tensor<"float32">] as const;
      });
      return new Map(await Promise.all(entries));
    },
    load,
    release: async () => {
      await session.release();
      Object.values(held).forEach(disposeTensor);
      held = {};
    },
  };
}

function disposeTensor(value: Tensor | RuntimeTensor | undefined): void {
  if (value !== undefined && "dispose" in value) value.dispose();
}

function scalarInputs(
  optimizer: Optimizer,
  learningRate: number,
  step: number,
): readonly (readonly [string, Tensor])[] {
  const values = optimizer.scalarValues(learningRate, step);
  return optimizer.scalars.map((name, index) => [name, float32([], [values[index]])]);
}

/** Bernoulli(keep) / keep: the mask of one dropout in one step. */
function drawMask(
  { seed, name, step }: { readonly seed: number; readonly name: string; readonly step: number },
  { value, keep }: NoiseInput,
): Tensor<"float32"> {
  const shape = value.shape as Shape;
  const stream = randomStream(seed, `dropout:${name}`, step);
  const draw = (): number => (stream.uniform() < keep ? 1 / keep : 0);
  return float32(shape, Float32Array.from({ length: sizeOf(shape) }, draw));
}

async function readReport(
  results: Readonly<Record<string, RuntimeTensor>>,
  step: number,
  watch: readonly string[],
): Promise<StepResult> {
  const scalar = async (name: string): Promise<number> => {
    const { data } = await results[name].read();
    results[name].dispose();
    return Number(data[0]);
  };
  const norms: Record<string, number> = {};
  for (const name of watch) norms[name] = await scalar(stepNames.normOf(name));
  return {
    step,
    loss: await scalar(stepNames.loss),
    correct: await scalar(stepNames.correct),
    gradientNorm: await scalar(stepNames.gradientNorm),
    norms,
  };
}

/** A state with every tensor that the step keeps, in the step's order. */
function completeState(
  given: ReadonlyMap<string, Tensor>,
  { shapes, optimizerState }: CompiledStep,
): readonly (readonly [string, Tensor])[] {
  const weightsAlone = !Array.from(optimizerState).some((name) => given.has(name));
  return Array.from(shapes, ([name, shape]) => {
    const value = given.get(name) ?? (weightsAlone && optimizerState.has(name) ? zeros("float32", shape) : undefined);
    if (value === undefined) throw new WeightsError("state", `has no "${name}"; it belongs to another training`);
    if (value.dtype === "float32" && sameShape(value.shape, shape)) return [name, value];
    const found = `${value.dtype} ${formatShape(value.shape)}`;
    throw new WeightsError("state", `"${name}" is ${found}, must be float32 ${formatShape(shape)}`);
  });
}
