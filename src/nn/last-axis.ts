import { ShapeError } from "../tensor/errors.ts";
import { formatShape } from "../tensor/shape.ts";
import type { Value } from "../onnx/graph.ts";
import { constantInitializer, uniformFanIn } from "./initialization.ts";
import type { LinearOptions } from "./layers.ts";
import { defineModule, type ForwardContext, type Module } from "./module.ts";

// Layers that work on the last axis, where networks of patches have their channels.

/** @throws {ShapeError} unless the last axis has `extent` */
function requireLast({ path }: ForwardContext, x: Value, extent: number): void {
  if (x.shape.at(-1) !== extent)
    throw new ShapeError(path || "input", `needs [N,…,${extent}], got ${formatShape(x.shape)}`);
}

/** Puts axes into another order. @param order the axis of the input at each place, as in `torch.permute` */
export function permute(order: readonly number[]): Module {
  return defineModule("Permute", {}, ({ g }, x) => g.op("Transpose", [x], { perm: order }));
}

/** From `[N,C,H,W]` to `[N,H,W,C]`. */
export const channelsLast: readonly number[] = [0, 2, 3, 1];
/** From `[N,H,W,C]` to `[N,C,H,W]`. */
export const channelsSecond: readonly number[] = [0, 3, 1, 2];

/** Where the channels are, and what is added to the variance before taking the root. */
interface LayerNormOptions {
  readonly epsilon: number;
  /** Channels lie along the second axis of `[N,C,H,W]`, not along the last one. Default false. */
  readonly ofPlanes?: boolean;
}

/**
 * Layer normalisation over the channels of each point: y = γ·(x − E[x])/√(Var[x] + ε) + β.
 *
 * @shape `[N,…,channels]`, or `[N,channels,H,W]` of planes → the same
 * @source Ba et al. 2016, arXiv:1607.06450; `torch.nn.LayerNorm`, torchvision's `LayerNorm2d`
 */
export function layerNorm(channels: number, { epsilon, ofPlanes = false }: LayerNormOptions): Module {
  const vector = (value: number) =>
    ({ shape: [channels], role: "norm", initialize: constantInitializer(value) }) as const;
  return defineModule("LayerNorm", { parameters: { weight: vector(1), bias: vector(0) } }, (context, x) => {
    const { g, parameter } = context;
    const points = ofPlanes ? g.op("Transpose", [x], { perm: channelsLast }) : x;
    requireLast(context, points, channels);
    const affine = [parameter("weight"), parameter("bias")];
    const y = g.op("LayerNormalization", [points, ...affine], { axis: -1, epsilon });
    return ofPlanes ? g.op("Transpose", [y], { perm: channelsSecond }) : y;
  });
}

/**
 * A fully connected layer at each point, y = x·Wᵀ + b.
 *
 * @shape `[N,…,inFeatures]` → `[N,…,outFeatures]`
 * @source `torch.nn.Linear`
 */
export function linearPerPoint(
  inFeatures: number,
  outFeatures: number,
  { initialize = uniformFanIn(), initializeBias = uniformFanIn(inFeatures) }: Omit<LinearOptions, "bias"> = {},
): Module {
  const weight = { shape: [outFeatures, inFeatures], role: "weight", initialize } as const;
  const bias = { shape: [outFeatures], role: "bias", initialize: initializeBias } as const;
  return defineModule("Linear", { parameters: { weight, bias } }, (context, x) => {
    const { g, parameter } = context;
    requireLast(context, x, inFeatures);
    const product = g.op("MatMul", [x, g.op("Transpose", [parameter("weight")], { perm: [1, 0] })]);
    return g.op("Add", [product, parameter("bias")]);
  });
}
