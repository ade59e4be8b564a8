import { shapeOf } from "../../onnx/builder.ts";
import type { Value } from "../../onnx/graph.ts";
import { float32 } from "../../tensor/tensor.ts";
import type { BlockedContext, BlockedRule, LogicalNode, StridedGradient } from "./context.ts";
import { imageShape } from "./context.ts";
import { subsample } from "./convolution.ts";
import { type ConvolutionPlan, planConvolution } from "./convolution-plan.ts";
import { pad, padPlanes, reshape, roundUp, slice, spreadPlanes } from "./layout.ts";
import {
  type AxisStep,
  axisStep,
  identityRearrangement,
  isImageRearrangement,
  isWholeAxis,
  padAxes,
  type Rearrangement,
  reshapeAxes,
  sliceAxis,
} from "./rearrangement.ts";
import { plainContribution, phaseExtents } from "./strided-gradient.ts";
import { weightLayout } from "./weight-layout.ts";

type RearrangingOp = "Pad" | "Reshape" | "Slice" | "Squeeze" | "Unsqueeze";

const numbersOf = (c: BlockedContext, name: string | undefined): readonly number[] | undefined => {
  const value = name ? c.constantOf(name) : undefined;
  return value && Array.from(value.data as ArrayLike<number | bigint>, Number);
};

/** The rearrangement after a node, from its input's; undefined if the node does not rearrange. */
function rearrange(
  c: BlockedContext,
  { op, inputs, outputs, attributes }: LogicalNode<RearrangingOp>,
): Rearrangement | undefined {
  const name = inputs[0];
  const shape = imageShape(c, name);
  const known =
    c.formsOf(name).rearrangement ?? (shape && c.isBlocked(name) ? identityRearrangement(name, shape) : undefined);
  const target = c.typeOf(outputs[0]).shape as readonly number[];
  if (known === undefined) return undefined;
  if (op === "Pad") {
    const mode = "mode" in attributes ? attributes.mode : undefined;
    const fill = inputs[2] ? numbersOf(c, inputs[2]) : [0];
    const pads = inputs.length <= 3 ? numbersOf(c, inputs[1]) : undefined;
    return pads && fill?.[0] === 0 && (mode ?? "constant") === "constant" ? padAxes(known, pads) : undefined;
  }
  return op === "Slice" ? sliceAll(c, inputs, known, target) : reshapeAxes(known, target);
}

function sliceAll(
  c: BlockedContext,
  inputs: readonly string[],
  known: Rearrangement,
  target: readonly number[],
): Rearrangement | undefined {
  const starts = numbersOf(c, inputs[1]);
  const axes = inputs[3] ? numbersOf(c, inputs[3]) : starts?.map((_, index) => index);
  const steps = inputs[4] ? numbersOf(c, inputs[4]) : starts?.map(() => 1);
  if (starts === undefined || axes === undefined || steps === undefined) return undefined;
  return axes.reduce<Rearrangement>((current, given, index) => {
    const axis = given < 0 ? given + current.axes.length : given;
    const extent = current.axes[axis].places.length;
    const start = starts[index] < 0 ? starts[index] + extent : starts[index];
    const clamped = Math.min(Math.max(start, 0), steps[index] < 0 ? extent - 1 : extent);
    return sliceAxis(current, axis, clamped, target[axis], steps[index]);
  }, known);
}

/** Only records pads, slices and reshapes of blocked values: they are written when a node needs the value. */
const rearrangementRule: BlockedRule<RearrangingOp> = (c, logical) => {
  const rearrangement = rearrange(c, logical);
  if (rearrangement === undefined) return false;
  const { node, inputs, outputs } = logical;
  const plain = (): Value =>
    c.g.append({ ...node, inputs: inputs.map((name) => (name === "" ? "" : c.plain(name).name)) })[0];
  const steps = stepsOf(c, rearrangement);
  c.define(outputs[0], {
    rearrangement,
    plain,
    ...(steps ? { blocked: () => writeRearrangement(c, rearrangement.base, steps) } : {}),
  });
  return true;
};

export const rearrangementRules: { readonly [Op in RearrangingOp]: BlockedRule<Op> } = {
  Pad: rearrangementRule,
  Reshape: rearrangementRule,
  Slice: rearrangementRule,
  Squeeze: rearrangementRule,
  Unsqueeze: rearrangementRule,
};

interface ImageSteps {
  readonly channels: readonly number[];
  readonly rows: AxisStep;
  readonly columns: AxisStep;
}

/** The rearrangement as strided copies along rows and columns; undefined if it has no blocked form. */
function stepsOf(c: BlockedContext, { base, axes }: Rearrangement): ImageSteps | undefined {
  const shape = imageShape(c, base);
  if (shape === undefined || !isImageRearrangement({ base, axes }) || !isWholeAxis(axes[0], shape[0])) return undefined;
  const rows = axisStep(axes[2]);
  const columns = axisStep(axes[3]);
  const channels = axes[1].places;
  return rows && columns && channels.some((place) => place >= 0) ? { channels, rows, columns } : undefined;
}

/** Writes a rearrangement: planes shrink first, then channels move, then planes grow. */
function writeRearrangement(c: BlockedContext, base: string, { channels, rows, columns }: ImageSteps): Value {
  const taken = takePoints(c, base, rows, columns);
  const moved = moveChannels(c, taken, imageShape(c, base)![1], channels);
  const spread = spreadPlanes(c.g, moved, c.block, [rows.spread, columns.spread]);
  const border = (axis: AxisStep): readonly [number, number] => [
    axis.offset,
    axis.extent - axis.offset - axis.count * axis.spread,
  ];
  const [top, bottom] = border(rows);
  const [left, right] = border(columns);
  return padPlanes(c.g, spread, c.block, { top, left, bottom, right });
}

/** Every step-th point of the planes. Starting from the first point, a convolution takes them on all threads. */
function takePoints(c: BlockedContext, base: string, rows: AxisStep, columns: AxisStep): Value {
  const [N, , H, W] = imageShape(c, base) as readonly [number, number, number, number];
  const takesAll = ({ start, count, step }: AxisStep, extent: number): boolean =>
    start === 0 && count === Math.ceil(extent / step);
  if (takesAll(rows, H) && takesAll(columns, W)) return subsample(c, base, [rows.step, columns.step]);
  const x = c.blocked(base);
  const planes = (N * shapeOf(x)[1]) / c.block;
  const stop = ({ start, count, step }: AxisStep): number => start + (count - 1) * step + 1;
  const down = slice(c.g, reshape(c.g, x, [planes, H, W, c.block]), 1, rows.start, stop(rows), rows.step);
  const across = slice(c.g, down, 2, columns.start, stop(columns), columns.step);
  return reshape(c.g, across, [N, shapeOf(x)[1], rows.count, columns.count]);
}

/** How far the channels are moved as a whole, if by whole blocks that stay intact; undefined otherwise. */
function blockOffset(c: BlockedContext, count: number, channels: readonly number[]): number | undefined {
  const first = channels.findIndex((place) => place >= 0);
  const offset = first - channels[first];
  const isShift = channels.every((place, at) => place === (at >= offset && at - offset < count ? at - offset : -1));
  const cutsBlock = channels.length - offset < count && channels.length % c.block !== 0;
  return isShift && offset % c.block === 0 && !cutsBlock ? offset : undefined;
}

/**
 * Moves channels to other positions. By whole blocks that is a copy; otherwise a 1×1 convolution with a matrix of zeros
 * and ones, which is exact.
 *
 * @param count logical channels of x
 * @param channels for each channel of the result, the one it comes from, or −1
 */
function moveChannels(c: BlockedContext, x: Value, count: number, channels: readonly number[]): Value {
  const [N, declared, H, W] = shapeOf(x) as readonly [number, number, number, number];
  const target = roundUp(channels.length, c.block);
  const offset = blockOffset(c, count, channels);
  if (offset === undefined) return c.g.op("BlockedConv", [x, channelMatrix(c, count, channels)], pointAttributes);
  if (offset === 0 && target === declared) return x;
  const size = H * W * c.block;
  const blocks = reshape(c.g, x, [N, declared / c.block, size]);
  const moved = pad(c.g, blocks, [0, offset / c.block, 0], [0, (target - declared - offset) / c.block, 0]);
  return reshape(c.g, moved, [N, target, H, W]);
}

const pointAttributes = {
  kernel_shape: [1, 1],
  pads: [0, 0, 0, 0],
  strides: [1, 1],
  dilations: [1, 1],
  group: 1,
} as const;

function channelMatrix(c: BlockedContext, count: number, channels: readonly number[]): Value {
  return c.memo(`channel-matrix/${count}/${channels.join()}`, () => {
    const matrix = new Float32Array(channels.length * count);
    channels.forEach((place, at) => {
      if (place >= 0) matrix[at * count + place] = 1;
    });
    const logical = float32([channels.length, count, 1, 1], matrix);
    return c.g.constant(weightLayout(pointPlan(c, count, channels.length)).pack(logical));
  });
}

function pointPlan(c: BlockedContext, inChannels: number, outChannels: number): ConvolutionPlan {
  const one = [1, 1] as const;
  const none = [0, 0] as const;
  const geometry = {
    batch: 1,
    inChannels,
    outChannels,
    groups: 1,
    input: one,
    output: one,
    kernel: one,
    strides: one,
    dilations: one,
  };
  return planConvolution({ ...geometry, begins: none, ends: none }, c.block, false)!;
}

/** A spread rearrangement (the gradient of subsampling) as a strided gradient, to be joined with a convolution's. */
export function stridedRearrangement(
  c: BlockedContext,
  name: string,
  like: StridedGradient,
): StridedGradient | undefined {
  const rearrangement = c.formsOf(name).rearrangement;
  const steps = rearrangement && stepsOf(c, rearrangement);
  if (steps === undefined || rearrangement === undefined) return undefined;
  const extents = phaseExtents(like.shape.slice(2), like.strides);
  const base = imageShape(c, rearrangement.base)!;
  const fits = [steps.rows, steps.columns].every(
    (axis, index) =>
      axis.start === 0 &&
      axis.step === 1 &&
      axis.offset === 0 &&
      axis.count === extents[index] &&
      base[index + 2] === extents[index] &&
      (axis.spread === like.strides[index] || (axis.count === 1 && axis.extent <= like.strides[index])),
  );
  if (!fits) return undefined;
  const value = moveChannels(c, c.blocked(rearrangement.base), base[1], steps.channels);
  return { ...like, groups: 1, contributions: [plainContribution(value)] };
}
