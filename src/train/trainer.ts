import { stepNames } from "../compile/step/names.ts";
import type { RuntimeTensor } from "../runtime/runtime.ts";
import { createUploader, keepsOnDevice } from "../runtime/uploader.ts";
import { TrainingError } from "../tensor/errors.ts";
import { float32, type Tensor, zeros } from "../tensor/tensor.ts";
import { type LabeledBatch, splitBatch } from "./batch.ts";
import { createStateMemory, disposeTensor, type HeldState as Held, takenBy } from "./held-state.ts";
import { type CompiledCollection, type CompiledStep, compileStep, type StepOptions } from "./compiled-step.ts";
import { createLossScale } from "./loss-scale.ts";
import { drawMask, scalarValues } from "./step-inputs.ts";
import { completeState, freshState, readScalar } from "./trainer-state.ts";
import { releaseAll } from "../runtime/release.ts";

/** The options of a trainer; a model from `createModel` supplies `module` and `imageShape`. */
export interface TrainerOptions extends Omit<StepOptions, "mixup" | "average"> {
  /** Seeds parameter initialisation, dropout and mixup. */
  readonly seed: number;
  /** α of mixup's λ ~ Beta(α, α); no mixup if left out. */
  readonly mixup?: number | undefined;
  /** Decay of the moving averages `ema/NAME`, reached within the first steps; none are kept if left out. */
  readonly average?: number | undefined;
}

/** The report of one step. */
export interface StepResult {
  /** Steps done, including this one. */
  readonly step: number;
  /** Mean over the batch, before the update. */
  readonly loss: number;
  /** How many images of the batch were classified correctly, before the update. */
  readonly correct: number;
  /** The global gradient norm, before clipping. */
  readonly gradientNorm: number;
  /** Gradient norms of the watched parameters. */
  readonly norms: Readonly<Record<string, number>>;
  /** Present if gradients overflowed with mixed precision: the update was skipped, and the loss scale halved. */
  readonly isSkipped?: true;
}

/** Thrown when loss or gradient is not finite; the step does not count. */
export class DivergenceError extends TrainingError {
  override readonly name: string = "DivergenceError";
  /** The report that the step would have given. */
  readonly report: StepResult;
  /**
   * Whether the state is intact from before the step; otherwise some large parameters, those with finite gradients,
   * were updated.
   */
  readonly isUndone: boolean;

  constructor(report: StepResult, isUndone: boolean) {
    const { step, loss, gradientNorm } = report;
    const [what, value] = Number.isFinite(loss) ? ["gradient norm", gradientNorm] : ["loss", loss];
    const shown = Number.isNaN(value) ? "NaN" : "infinite";
    super("training", `${what} is ${shown} at step ${step}; lower the learning rate`);
    this.report = report;
    this.isUndone = isUndone;
  }
}

/** Parameters, running statistics and the optimizer's state (`STATE/PARAMETER`) by name, row-major. */
export type TrainingState = ReadonlyMap<string, Tensor<"float32">>;

/** A network in training: its compiled step and its persistent state. */
export interface Trainer {
  /** Steps done. */
  readonly steps: number;
  /**
   * Trains on one batch, or on all accumulated batches, concatenated in one tensor. With mixed precision, a step whose gradient is not
   * finite counts, changes no parameter, and halves the loss scale, as long as that is above 1.
   *
   * @throws {DivergenceError} if loss or gradient is not finite; the state stays as before the step unless the error
   *   says otherwise
   */
  step(batch: LabeledBatch, learningRate: number): Promise<StepResult>;
  state(): Promise<TrainingState>;
  /**
   * Loads a state. If it has no optimizer state, as with weights alone, the optimizer starts at zero; a missing moving
   * average starts from the value itself.
   *
   * @param steps the number of steps behind the state
   * @param options.partial whether the optimizer may lack some parameters' state, which then starts at zero
   * @throws {WeightsError} if something is missing or has another shape
   */
  load(state: ReadonlyMap<string, Tensor>, steps: number, options?: { readonly partial?: boolean }): void;
  /** Releases the compiled step when it is idle, and the tensors. Safe to call twice. */
  release(): Promise<void>;
}

/**
 * Compiles the training step of a network and starts from fresh parameters. Parameters, running statistics and state
 * tensors stay in the runtime's tensors and feed the next step directly. If the runtime writes in place, large
 * parameters and their state are updated in place, unless the loss or their gradient is not finite; the others are
 * double-buffered.
 *
 * @throws {OptionError} if the batch is not a whole number above 0 or a watched parameter does not exist
 * @throws {ShapeError} if the network does not accept such images
 */
export async function createTrainer(options: TrainerOptions): Promise<Trainer> {
  const { watch = [], mixup, average, accumulate = 1, ...rest } = options;
  const compiled = await compileStep({
    ...rest,
    watch,
    accumulate,
    mixup: mixup !== undefined,
    average: average !== undefined,
  });
  const { session, logical, shapes, pack, unpack, collection, inPlace } = compiled;
  const lossScale = options.lowering?.precision === "mixed" ? createLossScale() : undefined;
  let steps = 0;
  const memory = createStateMemory({ inPlace, pack, writesInPlace: options.runtime.writesInPlace });
  const load: Trainer["load"] = (state, done, { partial = false } = {}) => {
    memory.take(completeState(state, compiled, partial));
    lossScale?.load(state);
    steps = done;
  };
  memory.take(freshState(options, compiled));

  const uploader = createUploader(options.runtime, options.session);
  const kept = new Set(logical.kept);
  const fixed = keepsOnDevice(options.runtime, options.session ?? {})
    ? Array.from(shapes.keys()).filter((name) => !kept.has(name))
    : [];
  /** Uploads what no step changes, frozen parameters and their statistics: once, instead of with every step. */
  const uploadFixed = async (): Promise<void> => {
    for (const name of fixed) {
      const value = memory.held[name];
      if ("data" in value) memory.hold({ [name]: await uploader.upload(value) });
    }
  };
  let empty: Held | undefined;
  /** Sums of nothing, uploaded once. */
  const emptySums = async (of: CompiledCollection): Promise<Held> => {
    const entries = Array.from(of.sums, ([name, shape]) => [name, pack(name, zeros("float32", shape))] as const);
    const sums: Record<string, Tensor | RuntimeTensor> = {};
    for (const [name, value] of entries) sums[name] = await uploader.upload(value);
    return sums;
  };

  /** Runs one part of a step on the state so far. @param part counts from 0 */
  const runPart = (
    on: Pick<CompiledStep, "session" | "logical">,
    state: Held,
    { images, labels }: LabeledBatch,
    fed: { readonly part: number; readonly learningRate: number },
  ): Promise<Readonly<Record<string, RuntimeTensor>>> => {
    const draw = { seed: options.seed, step: steps * accumulate + fed.part };
    const scalars = scalarValues(options, fed.learningRate, steps + 1, draw, lossScale);
    const inputs = [
      ...on.logical.scalars.map((name) => [name, float32([], [scalars[name]])] as const),
      ...Array.from(on.logical.noise, ([name, noise]) => [name, drawMask({ ...draw, name }, noise)] as const),
      [stepNames.images, images] as const,
      [stepNames.labels, labels] as const,
    ];
    const feeds = {
      ...takenBy(on.session, state),
      ...Object.fromEntries(inputs.map(([name, value]) => [name, pack(name, value)])),
    };
    return on.session.run(feeds, undefined, on.session === session ? memory.places() : {});
  };

  /** All parts of a step but the last: sums gradients and updates running statistics. */
  const collect = async (parts: readonly LabeledBatch[], learningRate: number): Promise<Collected> => {
    empty ??= collection ? await emptySums(collection) : {};
    let [state, loss, correct]: [Held, number, number] = [empty, 0, 0];
    for (const [part, batch] of parts.entries()) {
      const results = await runPart(collection!, { ...memory.held, ...state }, batch, { part, learningRate });
      loss += await readScalar(results, stepNames.loss);
      correct += await readScalar(results, stepNames.correct);
      if (part > 0) Object.values(state).forEach(disposeTensor);
      state = Object.fromEntries(collection!.logical.kept.map((name) => [name, results[stepNames.next(name)]]));
    }
    return { state, loss, correct };
  };

  return {
    get steps() {
      return steps;
    },
    step: async (batch, learningRate) => {
      const parts = splitBatch(batch, accumulate);
      await uploadFixed();
      const collected = await collect(parts.slice(0, -1), learningRate);
      const last = { part: accumulate - 1, learningRate };
      const results = await runPart(compiled, { ...memory.held, ...collected.state }, parts.at(-1)!, last);
      memory.markWritten();
      const final = await readReport(results, steps + 1, watch);
      const report = {
        ...final,
        loss: (collected.loss + final.loss) / accumulate,
        correct: collected.correct + final.correct,
      };
      Object.values(collected.state).forEach(disposeTensor);
      const next = Object.fromEntries(logical.kept.map((name) => [name, results[stepNames.next(name)]]));
      if (!Number.isFinite(report.loss) || !Number.isFinite(report.gradientNorm)) {
        memory.retire(next);
        if (Number.isFinite(report.loss) && lossScale?.halve() === true) {
          steps++;
          return { ...report, isSkipped: true };
        }
        const isUndone = inPlace.size === 0 || options.clipNorm !== undefined || !Number.isFinite(final.loss);
        throw new DivergenceError(report, isUndone);
      }
      memory.hold(next);
      lossScale?.grow();
      steps++;
      return report;
    },
    state: async () => {
      const entries = Array.from(shapes.keys(), async (name) => {
        const value = memory.held[name];
        const stored = "read" in value ? await value.read() : value;
        const unpacked = unpack(name, stored) as Tensor<"float32">;
        // A later step may write into its memory.
        return [
          name,
          unpacked.data === stored.data ? float32(unpacked.shape, unpacked.data.slice()) : unpacked,
        ] as const;
      });
      return new Map([...(await Promise.all(entries)), ...(lossScale ? [lossScale.entry()] : [])]);
    },
    load,
    release: () =>
      releaseAll([
        () => session.release(),
        () => collection?.session.release(),
        () => Object.values(empty ?? {}).forEach(disposeTensor),
        () => uploader.release(),
        () => memory.release(),
      ]),
  };
}

interface Collected {
  readonly state: Held;
  readonly loss: number;
  readonly correct: number;
}

async function readReport(
  results: Readonly<Record<string, RuntimeTensor>>,
  step: number,
  watch: readonly string[],
): Promise<StepResult> {
  const scalar = (name: string): Promise<number> => readScalar(results, name);
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
