import { type GraphBuilder, shapeOf } from "../../onnx/builder.ts";
import type { Value } from "../../onnx/graph.ts";
import { ShapeError } from "../../tensor/errors.ts";
import { constantInitializer } from "../initialization.ts";
import { batchNorm, conv, dropout, sequence, sequential } from "../layers.ts";
import { defineModule, type ForwardContext, type Module } from "../module.ts";
import { layerScale, type LayerScaleOptions } from "./layer-scale.ts";
import type { NormKind } from "../norm-free.ts";
import type { ShortcutType } from "./type.ts";

/** What a shortcut type resolves to in one block. */
export type ShortcutKind =
  | "none"
  | "identity"
  | "padded identity"
  | "projection"
  | "scaled identity"
  | "gated identity and residual"
  | "gated identity"
  | "identity with dropout"
  | "concatenation";

/** Sub-options of the shortcut types, each with the published default. */
export interface ShortcutOptions extends LayerScaleOptions {
  /** How a plane shrinks: by taking every stride-th point, or means over windows (ResNet-D). Default "stride". */
  readonly subsample?: "stride" | "average";
  /**
   * Where option A puts the zero channels. Default "after"; "both" puts half of them on each side (akamaster's CIFAR
   * nets).
   */
  readonly padSide?: "after" | "both";
  /** What normalises the network. Default "batch". */
  readonly norm?: NormKind;
  /** Whether batch norm follows a projection. Default: where there is batch norm; pre-activation blocks have none. */
  readonly projectionNorm?: boolean;
  /** Whether a projection has a bias. Default: with `norm` "none". */
  readonly projectionBias?: boolean;
  /** Names of a projection's layers: 0, 1, 2 as in torchvision, or pool, conv and norm as in timm's resnetv2. Default "numbers". */
  readonly projectionNames?: "numbers" | "words";
  /** Name of a projection in its block. Default "downsample", torchvision's in a ResNet. */
  readonly projectionName?: string;
  /** λ of `scaled`. Default 0.5. */
  readonly shortcutScale?: number;
  /** Whether `scaled` multiplies the residual by 1 − λ. Default false. */
  readonly scaleResidual?: boolean;
  /** Initial bias of a gate. Default −6: the gate starts nearly closed. */
  readonly gateBias?: number;
  /** Probability of `dropout`. Default 0.5. */
  readonly shortcutDropout?: number;
  /** Spatial axes: 1, 2 or 3. Default 2. */
  readonly dimensions?: number;
  /** Epsilon of batch norms. Default 1e-5. */
  readonly normEpsilon?: number;
  /** Weight of the new batch in batch norms' running statistics. Default 0.1. */
  readonly normMomentum?: number;
}

/** The change of shape that a shortcut has to follow. */
export interface ShapeChange {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly stride: number;
}

/** What a shortcut carries. */
export interface ShortcutInput {
  /** The block's input: what an identity carries. */
  readonly x: Value;
  /** What a projection reads if not the input: the first activation of a pre-activation block. */
  readonly activated?: Value;
}

/** A shortcut in one block: its kind, the modules that it adds, and how it is joined with the residual. */
export interface Shortcut {
  readonly kind: ShortcutKind;
  /** Modules that it adds to the block, by name. */
  readonly children: Readonly<Record<string, Module>>;
  /** Joins S(x) with F(x), before the activation. `context` is the block's. */
  readonly join: (context: ForwardContext, input: ShortcutInput, residual: Value) => Value;
}

type Join = Shortcut["join"];

const add = ({ g }: ForwardContext, a: Value, b: Value): Value => g.op("Add", [a, b]);

/** S(x) = module(x), added. */
const addChild =
  (child: string): Join =>
  (context, { x }, residual) =>
    add(context, residual, context.call(child, x));

/** Shortcuts of blocks that keep channels and size, by type; types without a row are the identity there. */
const sameShapeShortcuts: {
  readonly [Type in ShortcutType]?: (channels: number, options: ShortcutOptions) => Shortcut;
} = {
  scaled: (_, options) => ({ kind: "scaled identity", children: {}, join: joinScaled(options) }),
  gated: (channels, options) => ({
    kind: "gated identity and residual",
    children: { gate: gate(channels, options) },
    join: (context, { x }, residual) => {
      const { g } = context;
      const opening = context.call("gate", x);
      // (1 − g)·x + g·F = x + g·(F − x)
      return add(context, x, g.op("Mul", [opening, g.op("Sub", [residual, x])]));
    },
  }),
  "gated-shortcut": (channels, options) => ({
    kind: "gated identity",
    children: { gate: gate(channels, options) },
    join: (context, { x }, residual) => {
      const { g } = context;
      const passed = g.op("Mul", [x, g.op("Sub", [g.fill(1), context.call("gate", x)])]);
      return add(context, residual, passed);
    },
  }),
  dropout: (_, { shortcutDropout = 0.5 }) => ({
    kind: "identity with dropout",
    children: { shortcut: dropout(shortcutDropout) },
    join: addChild("shortcut"),
  }),
};

/**
 * Resolves a shortcut type for one block, with a learnable factor on the residual if one is wanted.
 * @throws {ShapeError} if the type cannot follow the change: `pad` cannot drop channels, `concat` cannot shrink a plane
 */
export function createShortcut(type: ShortcutType, change: ShapeChange, options: ShortcutOptions = {}): Shortcut {
  const shortcut = resolveShortcut(type, change, options);
  const { layerScale: kind = "none", layerScaleInit: start, dimensions = 2 } = options;
  if (kind === "none") return shortcut;
  const factor = layerScale(kind, change.outChannels, { dimensions, ...(start === undefined ? {} : { start }) });
  return {
    kind: shortcut.kind,
    children: { ...shortcut.children, layer_scale: factor },
    join: (context, input, residual) => shortcut.join(context, input, context.call("layer_scale", residual)),
  };
}

function resolveShortcut(type: ShortcutType, change: ShapeChange, options: ShortcutOptions): Shortcut {
  const keepsShape = change.inChannels === change.outChannels && change.stride === 1;
  if (type === "plain") return { kind: "none", children: {}, join: (_context, _input, residual) => residual };
  if (type === "concat") return concatenation(change);
  if (type === "project-all" || (type !== "pad" && !keepsShape)) {
    const { projectionName = "downsample" } = options;
    return {
      kind: "projection",
      children: { [projectionName]: projection(change, options) },
      join: (context, { x, activated = x }, residual) =>
        add(context, residual, context.call(projectionName, activated)),
    };
  }
  if (!keepsShape) {
    return {
      kind: "padded identity",
      children: { shortcut: paddedIdentity(change, options) },
      join: addChild("shortcut"),
    };
  }
  const special = sameShapeShortcuts[type];
  if (special !== undefined) return special(change.inChannels, options);
  return { kind: "identity", children: {}, join: (context, { x }, residual) => add(context, residual, x) };
}

/** λ·x + F, or λ·x + (1 − λ)·F. @source He et al. 2016, arXiv:1603.05027, section 3.1, equation 6 and table 1 */
function joinScaled({ shortcutScale = 0.5, scaleResidual = false }: ShortcutOptions): Join {
  return (context, { x }, residual) => {
    const { g } = context;
    const scaled = g.op("Mul", [x, g.fill(shortcutScale)]);
    return add(context, scaleResidual ? g.op("Mul", [residual, g.fill(1 - shortcutScale)]) : residual, scaled);
  };
}

/**
 * g(x) = σ(W·x + b), W a 1×1 convolution: a number between 0 and 1 for each element of x.
 * @source He et al. 2016, arXiv:1603.05027, section 3.1
 */
function gate(channels: number, { gateBias = -6, dimensions = 2 }: ShortcutOptions): Module {
  const point = conv(channels, channels, {
    kernel: 1,
    bias: true,
    dimensions,
    initializeBias: constantInitializer(gateBias),
  });
  return defineModule("Gate", { children: { conv: point } }, (context, x) =>
    context.g.op("Sigmoid", [context.call("conv", x)]),
  );
}

/** Channels of x, then those of F. @source Huang et al. 2016, arXiv:1608.06993, equation 2 */
function concatenation({ stride }: ShapeChange): Shortcut {
  if (stride !== 1) {
    throw new ShapeError(
      "shortcut",
      `"concat" cannot shrink a plane by stride ${stride}; use a transition between stages`,
    );
  }
  return {
    kind: "concatenation",
    children: {},
    join: ({ g }, { x }, residual) => g.op("Concat", [x, residual], { axis: 1 }),
  };
}

/**
 * A 1×1 convolution, by default with batch norm; ResNet-D's form averages over windows first. That form reserves a
 * place for the averaging in every block, so that the convolution's name does not depend on the stride.
 */
function projection({ inChannels, outChannels, stride }: ShapeChange, options: ShortcutOptions): Module {
  const { subsample = "stride", norm = "batch", dimensions = 2, normEpsilon, normMomentum } = options;
  const { projectionNorm = norm === "batch", projectionBias = norm === "none" } = options;
  const averaged = subsample === "average";
  const conv1x1 = conv(inChannels, outChannels, {
    kernel: 1,
    stride: averaged ? 1 : stride,
    bias: projectionBias,
    dimensions,
  });
  const layers = {
    ...(averaged ? { pool: stride > 1 ? averageSubsample(stride) : identity() } : {}),
    conv: conv1x1,
    ...(projectionNorm
      ? {
          norm: batchNorm(outChannels, {
            ...(normEpsilon === undefined ? {} : { epsilon: normEpsilon }),
            ...(normMomentum === undefined ? {} : { momentum: normMomentum }),
          }),
        }
      : {}),
  };
  return options.projectionNames === "words" ? sequential(layers) : sequence(Object.values(layers));
}

/**
 * Option A: subsamples the plane and pads channels with zeros. No parameters; the gradient passes through.
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

function identity(): Module {
  return defineModule("Identity", {}, (_, x) => x);
}

/** Means over windows of stride × stride; windows at the edge average only what is inside, as in timm's avg_down. */
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
