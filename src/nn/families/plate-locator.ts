import { basicBlock } from "../blocks/basic.ts";
import type { ModelFamily } from "../family.ts";
import { constantInitializer, uniformFanIn } from "../initialization.ts";
import { batchNorm, callInOrder, conv, relu, sequence } from "../layers.ts";
import { additiveOptionNames, type CompleteModelOptions, type ModelOptionName } from "../model-options.ts";
import { defineModule, type Module } from "../module.ts";
import { additiveShortcutTypes } from "../shortcuts/type.ts";
import { enlarge } from "./feature-pyramid.ts";

/** Channels of the stages; the first has half, the others a quarter, an eighth and a sixteenth of the image's rows and columns. */
const WIDTHS = [16, 16, 32, 64] as const;
/** Channels of the pyramid. */
const PYRAMID = 24;

/**
 * Initial score of a plate's centre: σ(−4) = 0.018, so that the many points without a plate do not drown the few with one.
 * @source Lin et al. 2017, arXiv:1708.02002, section 4.1
 */
const RARE = -4;

/**
 * A residual network with a feature pyramid of one level that finds licence plates: at each point of a quarter of the image's rows and
 * columns, how likely a plate has its centre there, where its four corners are, and how many rows it has.
 *
 * @shape `[N, channels, H, W]` → `[N, classes, H/4, W/4]`, H and W multiples of 16
 * @source after Zhou et al. 2019, arXiv:1904.07850 (centres); Lin et al. 2017, arXiv:1612.03144 (the pyramid)
 */
function plateLocator(options: CompleteModelOptions): Module {
  // Blocks here have no dilation.
  const { firstDilation: _, ...shared } = options;
  const { channels, classes, width = 1 } = options;
  const scaled = (value: number): number => Math.max(1, Math.round(value * width));
  const widths = WIDTHS.map(scaled);
  const pyramid = scaled(PYRAMID);
  const blocks = (inside: number, outside: number, stride: number): Module =>
    sequence([
      basicBlock(inside, outside, { ...shared, stride }),
      basicBlock(outside, outside, { ...shared, stride: 1 }),
    ]);
  const stem = {
    conv1: conv(channels, widths[0], { kernel: 3, stride: 2, padding: 1 }),
    bn1: batchNorm(widths[0]),
    relu: relu(),
  };
  const children = {
    ...stem,
    layer1: blocks(widths[0], widths[1], 2),
    layer2: blocks(widths[1], widths[2], 2),
    layer3: blocks(widths[2], widths[3], 2),
    "inner.0": sequence([conv(widths[1], pyramid, { kernel: 1 }), batchNorm(pyramid)]),
    "inner.1": sequence([conv(widths[2], pyramid, { kernel: 1 }), batchNorm(pyramid)]),
    "inner.2": sequence([conv(widths[3], pyramid, { kernel: 1 }), batchNorm(pyramid)]),
    middle: sequence([conv(pyramid, pyramid, { kernel: 3, padding: 1 }), batchNorm(pyramid), relu()]),
    outer: sequence([conv(pyramid, pyramid, { kernel: 3, padding: 1 }), batchNorm(pyramid), relu()]),
    centre: conv(pyramid, 1, {
      kernel: 1,
      bias: true,
      initialize: uniformFanIn(),
      initializeBias: constantInitializer(RARE),
    }),
    corners: conv(pyramid, classes - 1, {
      kernel: 1,
      bias: true,
      initialize: uniformFanIn(),
      initializeBias: constantInitializer(0),
    }),
  };
  const head = ["centre.weight", "centre.bias", "corners.weight", "corners.bias"];
  return defineModule("PlateLocator", { children, facts: { head } }, (context, x) => {
    const { g, call } = context;
    const fine = call("layer1", callInOrder(context, x, Object.keys(stem)));
    const half = call("layer2", fine);
    const coarse = call("layer3", half);
    const low = g.op("Add", [call("inner.1", half), enlarge(context, call("inner.2", coarse))]);
    const sum = g.op("Add", [call("inner.0", fine), enlarge(context, call("middle", low))]);
    const seen = call("outer", sum);
    return g.op("Concat", [call("centre", seen), call("corners", seen)], { axis: 1 });
  });
}

const optionNames: readonly ModelOptionName[] = [...additiveOptionNames, "zeroInitResidual", "width"];

/** The locator of licence plates. */
export const plateLocatorFamily: ModelFamily = {
  title: "Locator of licence plates: ResNet with a feature pyramid",
  source: "Residua; centres after Zhou et al. 2019, arXiv:1904.07850",
  names: ["plate-locator"],
  forms: "plate-locator (licence plates in pictures)",
  find: (name) =>
    name === "plate-locator"
      ? {
          defaults: { shortcut: "project", channels: 3, classes: 10 },
          accepts: optionNames,
          shortcuts: additiveShortcutTypes,
          extents: [256, 256],
          build: plateLocator,
        }
      : undefined,
};
