import { type GraphBuilder, shapeOf } from "../../onnx/builder.ts";
import type { Value } from "../../onnx/graph.ts";
import { ShapeError } from "../../tensor/errors.ts";
import { batchNorm, conv, sequence } from "../layers.ts";
import { defineModule, type Module } from "../module.ts";
import type { ShortcutType } from "./type.ts";

/** What a shortcut type comes down to in one block. */
export type ShortcutKind = "none" | "identity" | "padded identity" | "projection";

/** Sub-options of the shortcut types, each with the published default. */
export interface ShortcutOptions {
  /** How a plane shrinks: every stride-th point, or means over windows (ResNet-D). Default "stride". */
  readonly subsample?: "stride" | "average";
  /** Where option A puts the zero channels. Default "after"; "both" halves them around (akamaster's CIFAR nets). */
  readonly padSide?: "after" | "both";
  /** Whether batch norm follows a projection. Default true. */
  readonly projectionNorm?: boolean;
  /** Whether a projection has a bias. Default false. */
  readonly projectionBias?: boolean;
}

/** The change of shape that a shortcut has to follow. */
export interface ShapeChange {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly stride: number;
}

/** A shortcut in one block: its kind, and the module that computes S(x) where there is something to compute. */
export interface Shortcut {
  readonly kind: ShortcutKind;
  readonly module: Module | undefined;
}

/**
 * Resolves a shortcut type for one block.
 * @throws {ShapeError} if the type cannot follow the change: `pad` cannot drop channels
 */
export function createShortcut(type: ShortcutType, change: ShapeChange, options: ShortcutOptions = {}): Shortcut {
  const keepsShape = change.inChannels === change.outChannels && change.stride === 1;
  if (type === "plain") return { kind: "none", module: undefined };
  if (type === "project-all" || (type === "project" && !keepsShape)) {
    return { kind: "projection", module: projection(change, options) };
  }
  if (keepsShape) return { kind: "identity", module: undefined };
  return { kind: "padded identity", module: paddedIdentity(change, options) };
}

/** A 1×1 convolution, by default with batch norm; ResNet-D's form takes means over windows first. */
function projection({ inChannels, outChannels, stride }: ShapeChange, options: ShortcutOptions): Module {
  const { subsample = "stride", projectionNorm = true, projectionBias = false } = options;
  const averaged = subsample === "average" && stride > 1;
  const point = conv(inChannels, outChannels, { kernel: 1, stride: averaged ? 1 : stride, bias: projectionBias });
  return sequence([
    ...(averaged ? [averageSubsample(stride)] : []),
    point,
    ...(projectionNorm ? [batchNorm(outChannels)] : []),
  ]);
}

/**
 * Option A: subsamples the plane and pads channels with zeros. No parameters; the gradient passes.
 * @shape `[N, inChannels, H, W]` → `[N, outChannels, ⌈H/stride⌉, ⌈W/stride⌉]`
 */
function paddedIdentity({ inChannels, outChannels, stride }: ShapeChange, options: ShortcutOptions): Module {
  const { subsample = "stride", padSide = "after" } = options;
  if (outChannels < inChannels) {
    throw new ShapeError("shortcut", `"pad" cannot go from ${inChannels} to ${outChannels} channels; use "project"`);
  }
  const added = outChannels - inChannels;
  const before = padSide === "both" ? Math.floor(added / 2) : 0;
  return defineModule("PaddedIdentity", {}, ({ g }, x) => {
    const small = stride === 1 ? x : subsample === "average" ? averagePool(g, x, stride) : takeEvery(g, x, stride);
    const spatial = x.shape.slice(2).map(() => 0);
    return added === 0 ? small : g.op("Pad", [small, g.ints([0, before, ...spatial, 0, added - before, ...spatial])]);
  });
}

function averageSubsample(stride: number): Module {
  return defineModule("AvgPool", {}, ({ g }, x) => averagePool(g, x, stride));
}

/** Means over windows of stride × stride; windows at the edge count only what is inside, as in timm's avg_down. */
function averagePool(g: GraphBuilder, x: Value, stride: number): Value {
  const along = x.shape.slice(2).map(() => stride);
  return g.op("AveragePool", [x], { kernel_shape: along, strides: along, ceil_mode: 1, count_include_pad: 0 });
}

/** Every stride-th point of every spatial axis, the first included. */
function takeEvery(g: GraphBuilder, x: Value, stride: number): Value {
  const extents = shapeOf({ ...x, shape: x.shape.slice(2) });
  const axes = extents.map((_, axis) => axis + 2);
  return g.op("Slice", [x, g.ints(axes.map(() => 0)), g.ints(extents), g.ints(axes), g.ints(axes.map(() => stride))]);
}
