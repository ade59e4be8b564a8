import type { Value } from "../../onnx/graph.ts";
import { basicBlock, type BlockOptions } from "../blocks/index.ts";
import type { ModelFamily } from "../family.ts";
import { batchNorm, callInOrder, conv, convTranspose, relu, sequence } from "../layers.ts";
import { additiveOptionNames, type CompleteModelOptions, type ModelOptionName } from "../model-options.ts";
import { defineModule, type ForwardContext, type Module } from "../module.ts";
import { additiveShortcutTypes } from "../shortcuts/type.ts";
import { buildEncoder, imagenetDepths, imagenetPlan } from "./resnet.ts";

/** Levels of resolution, each at half the resolution of the one before. */
const LEVELS = 5;
/** Channels at full resolution. */
const WIDTH = 32;

/** Crops the spatial extents of x to those of `like`: a plane of odd size comes back one too large. */
export function cropLike({ g }: ForwardContext, x: Value, like: Value): Value {
  const extents = like.shape.slice(2);
  if (extents.every((extent, axis) => extent === x.shape[axis + 2])) return x;
  const axes = extents.map((_, axis) => axis + 2);
  return g.op("Slice", [x, g.ints(axes.map(() => 0)), g.ints(extents.map(Number)), g.ints(axes)]);
}

/**
 * Weights the points of a skip connection by a gate computed from the coarser level:
 * x · σ(BN(ψ(relu(BN(W_x·x) + BN(W_g·g))))).
 *
 * @source Oktay et al. 2018, arXiv:1804.03999, equations 1 and 2; names as in MONAI's AttentionBlock
 */
function attentionGate(channels: number): Module {
  const inner = Math.max(1, Math.floor(channels / 2));
  const point = (inside: number, outside: number): Module =>
    sequence([conv(inside, outside, { kernel: 1, bias: true }), batchNorm(outside)]);
  const children = { W_g: point(channels, inner), W_x: point(channels, inner), psi: point(inner, 1) };
  return defineModule("AttentionGate", { children }, ({ g, call }, joined) => {
    // The gate gets both concatenated, since a module has one input.
    const [skip, signal] = g.ops("Split", [joined, g.ints([channels, channels])], 2, { axis: 1 });
    const both = g.op("Relu", [g.op("Add", [call("W_g", signal), call("W_x", skip)])]);
    return g.op("Mul", [skip, g.op("Sigmoid", [call("psi", both)])]);
  });
}

/** Halves the plane before the first block. */
function halvingStem(channels: number, width: number): Module {
  return sequence([conv(channels, width, { kernel: 3, stride: 2, padding: 1 }), batchNorm(width), relu()]);
}

/** The network's options that its blocks share. */
function blockOptions(options: CompleteModelOptions): BlockOptions {
  const { firstDilation: _, ...rest } = options;
  return rest;
}

/**
 * The decoder: at each level the coarser one is enlarged and concatenated to the skip connection, which a gate weights
 * if there are any.
 */
interface WayUp {
  /** `up3`, `gate3`, `block3`, `up2` … */
  readonly children: Readonly<Record<string, Module>>;
  /** @param skips the levels' planes, finest first */
  readonly forward: (context: ForwardContext, skips: readonly Value[]) => Value;
}

/** @param widths channels of the levels, finest first */
function wayUp(widths: readonly number[], gates: boolean, options: CompleteModelOptions): WayUp {
  // Decoder blocks reduce channels, which option A cannot follow.
  const shortcut = options.shortcut === "pad" ? "project" : options.shortcut;
  const levels = widths.slice(0, -1);
  const children = levels.flatMap((width, level) => [
    [`up${level}`, convTranspose(widths[level + 1], width, { kernel: 2, stride: 2 })] as const,
    ...(gates ? [[`gate${level}`, attentionGate(width)] as const] : []),
    [`block${level}`, basicBlock(2 * width, width, { ...blockOptions(options), shortcut })] as const,
  ]);
  return {
    children: Object.fromEntries(children),
    forward: (context, skips) => {
      const { g, call } = context;
      return levels.reduceRight((y, _, level) => {
        const skip = skips[level];
        const raised = cropLike(context, call(`up${level}`, y), skip);
        const passed = gates ? call(`gate${level}`, g.op("Concat", [skip, raised], { axis: 1 })) : skip;
        return call(`block${level}`, g.op("Concat", [passed, raised], { axis: 1 }));
      }, skips[levels.length]);
    },
  };
}

/**
 * A U-Net of residual blocks, with or without attention gates on its skip connections, for images of any size. With
 * option A, decoder blocks still have projections, since they reduce channels. With a stem of stride 2 it works at half
 * the resolution, in a quarter of the time, and expands each point to four at the end.
 *
 * @shape `[N, channels, H, W]` → `[N, classes, H, W]`, the logits of each point
 * @source Ronneberger et al. 2015, arXiv:1505.04597; Zhang et al. 2017, arXiv:1711.10684 (residual blocks); Oktay et al.
 *   2018, arXiv:1804.03999 (attention gates)
 */
function residualUnet(gates: boolean, options: CompleteModelOptions): Module {
  const { channels, classes, stemWidth = WIDTH, stemStride = 1 } = options;
  const halves = stemStride === 2;
  const widths = Array.from({ length: LEVELS }, (_, level) => stemWidth * 2 ** level);
  const down = widths.map((width, level) => {
    const inside = level > 0 ? widths[level - 1] : halves ? stemWidth : channels;
    return [
      `down${level}`,
      basicBlock(inside, width, { ...blockOptions(options), stride: level === 0 ? 1 : 2 }),
    ] as const;
  });
  const up = wayUp(widths, gates, options);
  const final = halves
    ? convTranspose(stemWidth, classes, { kernel: 2, stride: 2 })
    : conv(stemWidth, classes, { kernel: 1, bias: true });
  const stem = halves ? [["stem", halvingStem(channels, stemWidth)] as const] : [];
  const children = { ...Object.fromEntries([...stem, ...down]), ...up.children, final };
  const facts = { head: ["final.weight", "final.bias"] };
  return defineModule(gates ? "AttentionResUNet" : "ResUNet", { children, facts }, (context, x) => {
    const { call } = context;
    const skips: Value[] = [];
    const start = halves ? call("stem", x) : x;
    for (let level = 0; level < LEVELS; level++) skips.push(call(`down${level}`, skips.at(-1) ?? start));
    return cropLike(context, call("final", up.forward(context, skips)), x);
  });
}

/**
 * A U-Net whose encoder is a ResNet under torchvision's names, which may be pre-trained. Its levels are the planes of
 * the stem, at half the image's resolution, and of the four stages; at the end each point is expanded to four.
 *
 * @shape `[N, channels, H, W]` → `[N, classes, H, W]`, the logits of each point
 * @source Ronneberger et al. 2015, arXiv:1505.04597; Iglovikov and Shvets 2018, arXiv:1801.05746 (a pretrained encoder); Oktay
 *   et al. 2018, arXiv:1804.03999 (attention gates)
 */
function encoderUnet(depth: number, gates: boolean, options: CompleteModelOptions): Module {
  const { stem, stages, stemWidth, channels } = buildEncoder(imagenetPlan(depth), options);
  const up = wayUp([stemWidth, ...channels], gates, options);
  const final = convTranspose(stemWidth, options.classes, { kernel: 2, stride: 2 });
  const facts = { head: ["final.weight", "final.bias"] };
  const children = { ...stem, ...stages, ...up.children, final };
  return defineModule(gates ? "AttentionResNetUNet" : "ResNetUNet", { children, facts }, (context, x) => {
    const { call } = context;
    const { maxpool: _, ...first } = stem;
    const finest = callInOrder(context, x, Object.keys(first));
    const skips = [finest];
    for (const stage of Object.keys(stages))
      skips.push(call(stage, skips.length === 1 ? call("maxpool", finest) : skips.at(-1)!));
    return cropLike(context, call("final", up.forward(context, skips)), x);
  });
}

/** Options of networks on a ResNet's planes: its stem is the published one, and no stride becomes dilation. */
export const encoderOptionNames: readonly ModelOptionName[] = [
  ...additiveOptionNames,
  "subsample",
  "zeroInitResidual",
  "stridePlace",
  "attention",
  "stochasticDepth",
  "stemWidth",
  "normEpsilon",
];

const optionNames: readonly ModelOptionName[] = [
  ...additiveOptionNames,
  "subsample",
  "zeroInitResidual",
  "attention",
  "stemWidth",
  "stemStride",
];

/** Residual U-Nets for segmentation. */
export const residualUnetFamily: ModelFamily = {
  title: "Residual U-Net",
  source: "Zhang et al. 2017, arXiv:1711.10684; Oktay et al. 2018, arXiv:1804.03999",
  names: ["resunet", "attention-resunet", "resnet18-unet", "attention-resnet18-unet"],
  forms:
    "resunet, attention-resunet, or with the encoder of an ImageNet ResNet resnet18-unet, attention-resnet34-unet … (segmentation)",
  find: (name) => {
    const match = /^(attention-)?res(?:net(\d+)-)?unet$/.exec(name);
    if (match === null) return undefined;
    const gates = match[1] !== undefined;
    const depth = match[2] === undefined ? undefined : Number(match[2]);
    if (depth !== undefined && !imagenetDepths.includes(depth)) return undefined;
    return {
      defaults: { shortcut: "project", channels: depth === undefined ? 1 : 3, classes: 2 },
      accepts: depth === undefined ? optionNames : encoderOptionNames,
      shortcuts: additiveShortcutTypes,
      extents: [128, 128],
      build: (options) => (depth === undefined ? residualUnet(gates, options) : encoderUnet(depth, gates, options)),
    };
  },
};
