import type { Value } from "../onnx/graph.ts";
import { OptionError } from "../tensor/errors.ts";
import { sizeOf } from "../tensor/shape.ts";
import { shapeOf } from "../onnx/builder.ts";
import { activation } from "./activations.ts";
import { constantInitializer, kaimingNormal, uniformFanIn } from "./initialization.ts";
import { defineModule, type ForwardContext, type Initializer, type Module, requireInput } from "./module.ts";

/** Options of a convolution; the same value is used on every spatial axis. */
export interface ConvOptions {
  readonly kernel: number;
  /** One for all spatial axes, or one for each. */
  readonly stride?: number | readonly number[];
  readonly padding?: number;
  readonly dilation?: number;
  readonly groups?: number;
  readonly bias?: boolean;
  /** Spatial axes: 1, 2 or 3. */
  readonly dimensions?: number;
  readonly initialize?: Initializer;
  /** Default: uniform in ±1/√fanIn, as PyTorch's. */
  readonly initializeBias?: Initializer;
}

/**
 * A convolution over N channels of images (or signals, or volumes).
 *
 * @shape `[N, inChannels, H, W]` → `[N, outChannels, ⌊(H + 2·padding − dilation·(kernel−1) − 1)/stride⌋ + 1, …]`
 * @throws {OptionError} if groups do not divide both channel counts
 * @source `torch.nn.Conv2d`; weights start as He et al. 2015 (fan-out), as torchvision's networks do
 */
export function conv(inChannels: number, outChannels: number, options: ConvOptions): Module {
  const { kernel, stride = 1, padding = 0, dilation = 1, groups = 1, bias = false, dimensions = 2 } = options;
  if (inChannels % groups !== 0 || outChannels % groups !== 0) {
    throw new OptionError(
      "conv",
      `groups (=${groups}) must divide in_channels (=${inChannels}) and out_channels (=${outChannels})`,
    );
  }
  const along = (value: number): number[] => Array.from({ length: dimensions }, () => value);
  const shape = [outChannels, inChannels / groups, ...along(kernel)];
  const weight = { shape, role: "weight", initialize: options.initialize ?? kaimingNormal("fan-out") } as const;
  const initializeBias = options.initializeBias ?? uniformFanIn(sizeOf(shape.slice(1)));
  const biasSpec = { shape: [outChannels], role: "bias", initialize: initializeBias } as const;
  return defineModule(
    `Conv${dimensions}d`,
    { parameters: bias ? { weight, bias: biasSpec } : { weight } },
    (context, x) => {
      requireInput(context.path, x, dimensions + 2, inChannels);
      return context.g.op(
        "Conv",
        [x, context.parameter("weight"), bias ? context.parameter("bias") : undefined].slice(0, bias ? 3 : 2),
        {
          kernel_shape: along(kernel),
          strides: typeof stride === "number" ? along(stride) : stride,
          pads: [...along(padding), ...along(padding)],
          dilations: along(dilation),
          group: groups,
        },
      );
    },
  );
}

/** Options of batch norm; the defaults are PyTorch's. */
export interface BatchNormOptions {
  /** Added to the variance before taking the root. */
  readonly epsilon?: number;
  /** Weight of the new batch in the running statistics (ONNX counts the other way round). */
  readonly momentum?: number;
  /** Initial value of the scale γ; 0 makes a residual branch start at zero. */
  readonly initialScale?: number;
}

/**
 * Batch normalisation over N and the spatial axes: by the batch's own mean and biased variance in training, by the
 * running ones in evaluation. The running variance is updated with the unbiased one, as in PyTorch.
 *
 * @shape `[N, channels, …]` → the same
 * @throws {ShapeError} in training, if there is only one value per channel
 * @source Ioffe and Szegedy 2015, arXiv:1502.03167; `torch.nn.BatchNorm2d`
 */
export function batchNorm(channels: number, options: BatchNormOptions = {}): Module {
  const { epsilon = 1e-5, momentum = 0.1, initialScale = 1 } = options;
  const vector = (role: "norm", value: number) =>
    ({ shape: [channels], role, initialize: constantInitializer(value) }) as const;
  const parts = {
    parameters: { weight: vector("norm", initialScale), bias: vector("norm", 0) },
    buffers: { running_mean: vector("norm", 0), running_var: vector("norm", 1) },
  };
  return defineModule("BatchNorm", parts, (context, x) => {
    requireInput(context.path, x, x.shape.length, channels);
    return addBatchNorm(context, x, ["weight", "bias", "running_mean", "running_var"], { epsilon, momentum });
  });
}

/**
 * Adds a batch norm whose parameters and buffers are the module's own under these names. If its scale and offset are
 * both frozen, it normalises by its running statistics in training too, and leaves them unchanged.
 */
export function addBatchNorm(
  context: ForwardContext,
  x: Value,
  [scale, offset, mean, variance]: readonly [scale: string, offset: string, mean: string, variance: string],
  { epsilon, momentum }: Required<Pick<BatchNormOptions, "epsilon" | "momentum">>,
): Value {
  const { g } = context;
  const affine = [context.parameter(scale), context.parameter(offset)];
  const running = [context.buffer(mean), context.buffer(variance)];
  const isStill = context.isFrozen(scale) && context.isFrozen(offset);
  if (context.mode === "evaluate" || isStill)
    return g.op("BatchNormalization", [x, ...affine, ...running], { epsilon });
  const { syncBatchNorm: ranks } = context;
  const [y, batchMean, batchVariance] = g.ops("BatchNormTraining", [x, ...affine], 3, {
    epsilon,
    ...(ranks === undefined ? {} : { ranks }),
  });
  const shape = shapeOf(x);
  const count = ((ranks ?? 1) * sizeOf(shape)) / shape[1];
  const unbiased = g.op("Mul", [batchVariance, g.fill(count / (count - 1))]);
  context.blendBuffer(mean, batchMean, momentum);
  context.blendBuffer(variance, unbiased, momentum);
  return y;
}

/** Options of a fully connected layer; how it starts is by default as in PyTorch. */
export interface LinearOptions {
  readonly bias?: boolean;
  readonly initialize?: Initializer;
  readonly initializeBias?: Initializer;
}

/**
 * A fully connected layer, y = x·Wᵀ + b.
 *
 * @shape `[N, inFeatures]` → `[N, outFeatures]`
 * @source `torch.nn.Linear`
 */
export function linear(inFeatures: number, outFeatures: number, options: LinearOptions = {}): Module {
  const { bias = true, initialize = uniformFanIn(), initializeBias = uniformFanIn(inFeatures) } = options;
  const weight = { shape: [outFeatures, inFeatures], role: "weight", initialize } as const;
  const biasSpec = { shape: [outFeatures], role: "bias", initialize: initializeBias } as const;
  return defineModule("Linear", { parameters: bias ? { weight, bias: biasSpec } : { weight } }, (context, x) => {
    requireInput(context.path, x, 2, inFeatures);
    const operands = [x, context.parameter("weight"), ...(bias ? [context.parameter("bias")] : [])];
    return context.g.op("Gemm", operands, { transB: 1 });
  });
}

/**
 * A transposed convolution, by default one that enlarges a plane by `stride`.
 *
 * @shape `[N, inChannels, H, W]` → `[N, outChannels, stride·(H − 1) + kernel, …]`
 * @source `torch.nn.ConvTranspose2d`
 */
export function convTranspose(
  inChannels: number,
  outChannels: number,
  options: { readonly kernel: number; readonly stride: number; readonly dimensions?: number },
): Module {
  const { kernel, stride, dimensions = 2 } = options;
  const along = (value: number): number[] => Array.from({ length: dimensions }, () => value);
  const fan = outChannels * kernel ** dimensions;
  const weight = {
    shape: [inChannels, outChannels, ...along(kernel)],
    role: "weight",
    initialize: uniformFanIn(fan),
  } as const;
  const bias = { shape: [outChannels], role: "bias", initialize: uniformFanIn(fan) } as const;
  return defineModule(`ConvTranspose${dimensions}d`, { parameters: { weight, bias } }, (context, x) => {
    requireInput(context.path, x, dimensions + 2, inChannels);
    const operands = [x, context.parameter("weight"), context.parameter("bias")];
    return context.g.op("ConvTranspose", operands, {
      kernel_shape: along(kernel),
      strides: along(stride),
      pads: along(0).concat(along(0)),
      dilations: along(1),
    });
  });
}

/** max(x, 0), with any shape. */
export function relu(): Module {
  return activation("relu");
}

/** x·Φ(x), with any shape. @source Hendrycks and Gimpel 2016, arXiv:1606.08415; `torch.nn.GELU` */
export function gelu(): Module {
  return activation("gelu");
}

/** A pooling window, the same on every spatial axis. */
export interface PoolOptions {
  readonly kernel: number;
  readonly stride: number;
  readonly padding?: number;
}

function poolingAttributes(x: Value, { kernel, stride, padding = 0 }: PoolOptions) {
  const along = (value: number): number[] => x.shape.slice(2).map(() => value);
  return { kernel_shape: along(kernel), strides: along(stride), pads: [...along(padding), ...along(padding)] };
}

/**
 * The maximum over windows; padding never wins.
 * @shape `[N,C,H,W]` → `[N,C,⌊(H + 2·padding − kernel)/stride⌋ + 1, …]`
 * @source `torch.nn.MaxPool2d`
 */
export function maxPool(options: PoolOptions): Module {
  return defineModule("MaxPool", {}, ({ g }, x) =>
    g.op("MaxPool", [x], { ...poolingAttributes(x, options), dilations: x.shape.slice(2).map(() => 1) }),
  );
}

/**
 * The mean over windows, padding counted as zeros.
 * @shape `[N,C,H,W]` → `[N,C,⌊(H + 2·padding − kernel)/stride⌋ + 1, …]`
 * @source `torch.nn.AvgPool2d`
 */
export function averagePool(options: PoolOptions): Module {
  return defineModule("AvgPool", {}, ({ g }, x) =>
    g.op("AveragePool", [x], { ...poolingAttributes(x, options), count_include_pad: 1 }),
  );
}

/** The mean of each plane. @shape `[N,C,…]` → `[N,C]`, or `[N,C,1,…]` if axes are kept */
export function globalAveragePool(options: { readonly keepsAxes?: boolean } = {}): Module {
  return defineModule("GlobalAveragePool", {}, ({ g }, x) => {
    const means = g.op("GlobalAveragePool", [x]);
    return options.keepsAxes === true ? means : g.op("Flatten", [means], { axis: 1 });
  });
}

/** The maximum of each plane. @shape `[N,C,…]` → `[N,C]` */
export function globalMaxPool(): Module {
  return defineModule("GlobalMaxPool", {}, ({ g }, x) => g.op("Flatten", [g.op("GlobalMaxPool", [x])], { axis: 1 }));
}

/** Multiplies by a constant, with any shape. */
export function scaleBy(factor: number): Module {
  return defineModule("Scale", {}, ({ g }, x) => g.op("Mul", [x, g.fill(factor)]));
}

/** Flattens all axes but the batch. @shape `[N,…]` → `[N, elements]` */
export function flatten(): Module {
  return defineModule("Flatten", {}, ({ g }, x) => g.op("Flatten", [x], { axis: 1 }));
}

/**
 * In training, sets each element to 0 with probability `probability` and scales the rest by 1/(1 − probability).
 * @source Srivastava et al. 2014; `torch.nn.Dropout`
 */
export function dropout(probability: number): Module {
  if (!(probability >= 0 && probability < 1))
    throw new OptionError("dropout", `probability must be in [0, 1), got ${probability}`);
  return defineModule("Dropout", {}, (context, x) => {
    if (context.mode === "evaluate" || probability === 0) return x;
    return context.g.op("Mul", [x, context.noise("mask", 1 - probability, shapeOf(x))]);
  });
}

/** A sequence of modules, named as given. */
export function sequential(children: Readonly<Record<string, Module>>): Module {
  return defineModule("Sequential", { children }, (context, x) =>
    Object.keys(children).reduce((value, child) => context.call(child, value), x),
  );
}

/** A sequence of modules, named 0, 1, 2 … as in `torch.nn.Sequential`. */
export function sequence(modules: readonly Module[]): Module {
  return sequential(Object.fromEntries(modules.map((module, index) => [String(index), module])));
}

/** Runs children in the order of their names. */
export function callInOrder(context: ForwardContext, x: Value, children: readonly string[]): Value {
  return children.reduce((value, child) => context.call(child, value), x);
}
