import { addGradients } from "../../autodiff/backward.ts";
import { addForward, type ForwardPass } from "../../nn/forward.ts";
import { countCorrect } from "../../nn/losses.ts";
import type { Module, ParameterSpec } from "../../nn/module.ts";
import type { GraphBuilder } from "../../onnx/builder.ts";
import type { Value } from "../../onnx/graph.ts";
import { OptionError } from "../../tensor/errors.ts";
import type { Shape } from "../../tensor/shape.ts";
import { stepNames } from "./names.ts";
import { groupBy, joinRows, type NamedRow, shapesOf, splitRow } from "./rows.ts";
import type { UpdateOptions } from "./update.ts";

/** Adds a loss to scores and labels; returns a scalar. */
export type LossFunction = (g: GraphBuilder, scores: Value, labels: Value) => Value;

/** What every kind of training graph is built from. */
export interface ForwardOptions {
  readonly module: Module;
  /** `[channels, H, W]` */
  readonly imageShape: Shape;
  readonly batch: number;
  readonly loss: LossFunction;
  /**
   * Trains on blends λ·x + (1 − λ)·x', x' being the batch in reverse order; the loss is blended the same way. λ is a
   * scalar input.
   * @source Zhang et al. 2018, arXiv:1710.09412
   */
  readonly mixup?: boolean;
  /**
   * Differentiates the loss times a scalar input, so that small gradients do not vanish in float16. Default false.
   * @source Micikevicius et al. 2018, arXiv:1710.03740
   */
  readonly scalesLoss?: boolean;
  /** Moves running statistics together, in a row; see the same option of updates. Default false. */
  readonly joinsSmall?: boolean;
  /** Extents of one sample's labels; none, or those of the scores' points, if left out. */
  readonly labelShape?: Shape;
  /**
   * The ranks whose batches a batch norm normalises together; each by its own if left out. The graph then has to be cut where they
   * exchange their statistics, see `cutAtGathers`.
   */
  readonly syncBatchNorm?: number | undefined;
  /** Counts correct samples; compares the highest score with the label if left out. */
  readonly correct?: LossFunction;
}

export interface LossPass {
  readonly pass: ForwardPass;
  readonly loss: Value;
  /** Times the loss scale, if there is one. */
  readonly gradients: ReadonlyMap<string, Value>;
  /** The input that the loss was multiplied by. */
  readonly lossScale?: Value;
  readonly frozen: ReadonlyMap<string, ParameterSpec>;
  /** Scalars that every pass takes as inputs. */
  readonly scalars: readonly string[];
  /** The rows in which running statistics were moved. */
  readonly rows: readonly NamedRow[];
}

interface Blend {
  readonly images: Value;
  readonly loss: LossFunction;
}

/** λ·x + (1 − λ)·x reversed, and the loss for it: each image is paired with another, and no order has to be drawn. */
function blendBatch(g: GraphBuilder, images: Value, { batch, loss }: ForwardOptions): Blend {
  const share = g.input(stepNames.mixup, "float32", []);
  const rest = g.op("Sub", [g.fill(1), share]);
  const blend = (a: Value, b: Value): Value => g.op("Add", [g.op("Mul", [a, share]), g.op("Mul", [b, rest])]);
  const reversed = g.ints(Array.from({ length: batch }, (_, index) => batch - 1 - index));
  const reverse = (x: Value): Value => g.op("Gather", [x, reversed], { axis: 0 });
  return {
    images: blend(images, reverse(images)),
    loss: (builder, scores, labels) => blend(loss(builder, scores, labels), loss(builder, scores, reverse(labels))),
  };
}

/** Running statistics after the step. */
interface MovedStatistics {
  readonly values: ReadonlyMap<string, Value>;
  readonly rows: readonly NamedRow[];
}

/** Moves those of equal momentum in a row. */
function joinBlends(g: GraphBuilder, { buffers, bufferBlends }: ForwardPass): MovedStatistics {
  const rows: NamedRow[] = [];
  const groups = groupBy([...bufferBlends], ([, { kept }]) => String(kept));
  const next = groups.flatMap((blends) => {
    const old = blends.map(([name]) => buffers.get(name)!.value);
    const [[, { kept }]] = blends;
    const row = g.op("Add", [
      g.op("Mul", [joinRows(g, old), g.fill(kept)]),
      joinRows(
        g,
        blends.map(([, { added }]) => added),
      ),
    ]);
    rows.push({ names: blends.map(([name]) => name), row });
    return splitRow(g, row, shapesOf(old)).map((value, index) => [blends[index][0], value] as const);
  });
  const known = new Map(next);
  return { values: new Map(Array.from(bufferBlends.keys(), (name) => [name, known.get(name)!])), rows };
}

/**
 * Forward, loss and gradients: the part that a training step and a gradient step share.
 *
 * @param addsStatistics whether to output what the batch adds to a running statistic, in place of its next value
 */
export function addLossPass(
  g: GraphBuilder,
  options: ForwardOptions,
  isFrozen: UpdateOptions["frozen"],
  addsStatistics = false,
): LossPass {
  if (!Number.isInteger(options.batch) || options.batch < 1) {
    throw new OptionError("batch", `must be a whole number above 0, got ${options.batch}`);
  }
  const images = g.input(stepNames.images, "float32", [options.batch, ...options.imageShape]);
  const blended = options.mixup === true ? blendBatch(g, images, options) : { images, loss: options.loss };
  const { module, syncBatchNorm } = options;
  const pass = addForward(g, module, blended.images, { mode: "train", frozen: isFrozen, syncBatchNorm });
  // One label per sample, or one per point if the scores are a map.
  const { labelShape = pass.output.shape.slice(2), correct = countCorrect } = options;
  const labels = g.input(stepNames.labels, "int64", [options.batch, ...labelShape]);
  const loss = blended.loss(g, pass.output, labels);
  const entries = [...pass.parameters];
  if (entries.every(([name, { spec }]) => isFrozen?.(name, spec)))
    throw new OptionError("freeze", "leaves nothing to train");
  const trained = entries.filter(([name, { spec }]) => !isFrozen?.(name, spec));
  const lossScale = options.scalesLoss === true ? g.input(stepNames.lossScale, "float32", []) : undefined;
  const found = addGradients(
    g,
    lossScale === undefined ? loss : g.op("Mul", [loss, lossScale]),
    trained.map(([, { value }]) => value),
  );
  const gradients = new Map(
    trained.map(([name, { value }], index) => [name, found[index] ?? g.op("Mul", [value, g.fill(0)])]),
  );
  g.output(stepNames.loss, loss);
  g.output(stepNames.correct, correct(g, pass.output, labels));
  const { values: bufferUpdates, rows } =
    options.joinsSmall === true ? joinBlends(g, pass) : { values: pass.bufferUpdates, rows: [] };
  if (addsStatistics) for (const [name, { added }] of pass.bufferBlends) g.output(stepNames.added(name), added);
  else for (const [name, value] of bufferUpdates) g.output(stepNames.next(name), value);
  const frozen = new Map(entries.filter(([name]) => !gradients.has(name)).map(([name, { spec }]) => [name, spec]));
  const scalars = [
    ...(options.mixup === true ? [stepNames.mixup] : []),
    ...(lossScale === undefined ? [] : [stepNames.lossScale]),
  ];
  return {
    pass: { ...pass, bufferUpdates },
    loss,
    gradients,
    frozen,
    scalars,
    rows,
    ...(lossScale === undefined ? {} : { lossScale }),
  };
}
