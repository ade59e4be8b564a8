import { constantInitializer, normal } from "../initialization.ts";
import { channelsLast, channelsSecond, layerNorm, linearPerPoint, permute } from "../last-axis.ts";
import { conv, type ConvOptions, gelu, sequence } from "../layers.ts";
import type { ForwardContext, Module, ParameterSpec } from "../module.ts";
import type { Value } from "../../onnx/graph.ts";
import { createShortcut, type ShortcutOptions } from "../shortcuts/create.ts";
import { layerScaleStarts } from "../shortcuts/layer-scale.ts";
import type { ShortcutType } from "../shortcuts/type.ts";
import { residualBlock } from "./residual.ts";
import { dropPath } from "./stochastic-depth.ts";

/** How ConvNeXt's layers start. @source Liu et al. 2022, appendix A.1; torchvision/models/convnext.py */
export const convnextStart: Required<Pick<ConvOptions, "initialize" | "initializeBias">> = {
  initialize: normal(0.02),
  initializeBias: constantInitializer(0),
};

/** Epsilon of ConvNeXt's layer norms. */
export const CONVNEXT_EPSILON = 1e-6;

const KERNEL = 7;
/** Channels within a block, as a multiple of its own. */
const EXPANSION = 4;

/** Options of a ConvNeXt block. */
export interface ConvnextBlockOptions extends ShortcutOptions {
  readonly shortcut: ShortcutType;
  /** Probability that a sample's residual is dropped in training. Default 0. */
  readonly dropPath?: number;
}

/** The factor on F, as a parameter of the block: `[channels, 1, 1]`, or `[1]` for one per block. */
function factorOf(
  channels: number,
  { layerScale = "none", layerScaleInit }: ShortcutOptions,
): Readonly<Record<string, ParameterSpec>> {
  if (layerScale === "none") return {};
  const start = layerScaleInit ?? layerScaleStarts[layerScale];
  const shape = layerScale === "scalar" ? [1] : [channels, 1, 1];
  return { layer_scale: { shape, role: "norm", initialize: constantInitializer(start) } };
}

/**
 * A depthwise 7×7 convolution, layer norm over the channels, and two fully connected layers at each point with a GELU between
 * them: F = λ·W₂·gelu(W₁·LN(conv(x))). Nothing follows the addition, and no block changes the shape.
 *
 * @shape `[N, channels, H, W]` → the same
 * @source Liu et al. 2022, arXiv:2201.03545, figure 4; names as in torchvision's CNBlock
 */
export function convnextBlock(channels: number, options: ConvnextBlockOptions): Module {
  const { dropPath: probability = 0, layerScale: _, layerScaleInit: __, ...rest } = options;
  const parameters = factorOf(channels, options);
  const branch = {
    block: sequence([
      conv(channels, channels, {
        kernel: KERNEL,
        padding: (KERNEL - 1) / 2,
        groups: channels,
        bias: true,
        ...convnextStart,
      }),
      permute(channelsLast),
      layerNorm(channels, { epsilon: CONVNEXT_EPSILON }),
      linearPerPoint(channels, EXPANSION * channels, convnextStart),
      gelu(),
      linearPerPoint(EXPANSION * channels, channels, convnextStart),
      permute(channelsSecond),
    ]),
    ...(probability === 0 ? {} : { stochastic_depth: dropPath(probability) }),
  };
  // Projections have no norm: there is no batch norm in this family.
  const shortcutOptions = { ...rest, projectionNorm: false };
  const shortcut = createShortcut(
    options.shortcut,
    { inChannels: channels, outChannels: channels, stride: 1 },
    shortcutOptions,
  );
  const run = (context: ForwardContext, x: Value) => {
    const y = context.call("block", x);
    const scaled = "layer_scale" in parameters ? context.g.op("Mul", [y, context.parameter("layer_scale")]) : y;
    return { residual: probability === 0 ? scaled : context.call("stochastic_depth", scaled) };
  };
  return residualBlock("ConvNeXtBlock", { branch, parameters, shortcut, run, activation: "none" });
}
