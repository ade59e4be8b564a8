import { shapeOf } from "../../onnx/builder.ts";
import type { Value } from "../../onnx/graph.ts";
import { type BlockedContext, type BlockedRule, cleanStored, type PendingConvolution } from "./context.ts";
import type { ConvolutionPlan } from "./convolution-plan.ts";
import { padVector, reshape } from "./layout.ts";
import { isWinograd, writeWinograd } from "./winograd.ts";
import { weightLayout } from "./weight-layout.ts";

/**
 * Writes a pending convolution. ONNX Runtime adds into the memory of the sum, unless something else still needs that:
 * then it copies it first, on one thread. A sum that others need is therefore added the other way round, onto the
 * result.
 */
export function writeConvolution(c: BlockedContext, pending: PendingConvolution, activation?: "Relu"): Value {
  const { sum } = pending;
  if (activation === undefined && isWinograd(pending)) return writeWinograd(c, pending);
  if (typeof sum === "string" && !c.isUsedOnce(sum)) {
    const result = writeNode(c, { ...pending, sum: undefined });
    return writeNode(c, tapOf(c, c.blocked(sum)), result, activation);
  }
  const added = sum === undefined ? undefined : typeof sum === "string" ? c.blocked(sum) : writeConvolution(c, sum);
  return writeNode(c, pending, added, activation);
}

function writeNode(
  c: BlockedContext,
  { x, weight, bias, attributes }: PendingConvolution,
  added?: Value,
  activation?: "Relu",
): Value {
  const operands = [x, weight, ...(bias || added ? [bias] : []), ...(added ? [added] : [])];
  return c.g.op("BlockedConv", operands, activation ? { ...attributes, activation } : attributes);
}

/** The same with a value added; undefined if there is no room for one. */
export function addSum(pending: PendingConvolution, name: string): PendingConvolution | undefined {
  if (pending.sum === undefined) return { ...pending, sum: name };
  const inner = typeof pending.sum === "string" ? undefined : addSum(pending.sum, name);
  return inner && { ...pending, sum: inner };
}

/** What else a depthwise convolution with one tap may do. */
interface TapOptions {
  /** Per channel, `[Cp]`; ones if left out. */
  readonly scale?: Value;
  readonly offset?: Value | undefined;
  readonly strides?: readonly [number, number];
  /** Zeros to add: top, left, bottom, right. */
  readonly pads?: readonly number[];
}

/** A depthwise convolution with one tap: scale·x + offset per channel, every stride-th point, zeros added around. */
export function tapOf(
  c: BlockedContext,
  x: Value,
  { scale, offset, strides = [1, 1], pads = [0, 0, 0, 0] }: TapOptions = {},
): PendingConvolution {
  const [, channels] = shapeOf(x);
  const shape = [channels, 1, 1, 1];
  return {
    kind: "convolution",
    x,
    weight: scale ? reshape(c.g, scale, shape) : c.memo(`ones/${channels}`, () => c.g.fill(1, shape)),
    bias: offset,
    attributes: {
      kernel_shape: [1, 1],
      pads,
      strides,
      dilations: [1, 1],
      group: channels,
    },
  };
}

/** scale·x + offset per channel. @param scale and offset `[Cp]` */
export function affine(c: BlockedContext, x: Value, scale: Value, offset?: Value): PendingConvolution {
  return tapOf(c, x, { scale, offset });
}

const isPoint = ({ kernel, begins, ends }: ConvolutionPlan): boolean =>
  [...kernel, ...begins, ...ends].join() === "1,1,0,0,0,0";

/** Every stride-th point of a blocked value: what a 1×1 convolution with stride reads. Made once for all its users. */
export function subsample(c: BlockedContext, name: string, strides: readonly [number, number]): Value {
  if (strides[0] === 1 && strides[1] === 1) return c.blocked(name);
  return c.memo(`subsample/${name}/${strides.join()}`, () =>
    writeConvolution(c, tapOf(c, c.blocked(name), { strides })),
  );
}

/** A convolution's blocked input; a 1×1 convolution with stride becomes one without, on the subsampled input. */
export function blockedSource(
  c: BlockedContext,
  name: string,
  plan: ConvolutionPlan,
): { x: Value; plan: ConvolutionPlan } {
  if (plan.kind !== "dense" || !isPoint(plan)) return { x: c.blocked(name), plan };
  return { x: subsample(c, name, plan.strides), plan: { ...plan, strides: [1, 1], input: plan.output } };
}

export const conv: BlockedRule<"Conv"> = (c, { node, inputs: [x, w, bias], outputs: [y] }) => {
  const plan = c.planOf(node);
  if (plan === undefined) return false;
  const source = plan.kind === "image" ? { x: c.plain(x), plan } : blockedSource(c, x, plan);
  const weight = cleanStored(c, w, weightLayout(plan));
  const { kernel, strides, dilations, begins, ends, blockedGroups } = source.plan;
  const pending: PendingConvolution = {
    kind: "convolution",
    x: source.x,
    weight,
    bias: bias ? padVector(c.g, c.plain(bias), c.block) : undefined,
    attributes: { kernel_shape: kernel, strides, dilations, pads: [...begins, ...ends], group: blockedGroups },
  };
  c.define(y, { pending });
  return true;
};
