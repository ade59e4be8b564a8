import type { Value } from "../../onnx/graph.ts";
import { OptionError } from "../../tensor/errors.ts";
import { averagePool, callInOrder, relu } from "../layers.ts";
import type { ForwardContext, Module } from "../module.ts";
import { createShortcut } from "../shortcuts/create.ts";
import { BOTTLENECK_EXPANSION, innerWidth } from "./bottleneck.ts";
import type { BlockOptions } from "./options.ts";
import { blockLayers, residualBlock, residualEnd } from "./residual.ts";

/** Options of a Res2Net block. */
export interface Res2netBlockOptions extends BlockOptions {
  /** Parts into which the channels are split. */
  readonly scale: number;
}

/** How the channels between the two 1×1 convolutions are split. */
interface Parts {
  readonly count: number;
  readonly channels: number;
  /** Parts with a 3×3 convolution: all but the last; of a single part, that part. */
  readonly convolved: readonly number[];
  /** Whether the parts do not meet, since they change their size. */
  readonly apart: boolean;
}

/** x₁ … x_s → y₁ … y_s, side by side. */
function runParts({ g, call }: ForwardContext, x: Value, { count, channels, convolved, apart }: Parts): Value {
  const sizes = Array.from({ length: count }, () => channels);
  const parts = count === 1 ? [x] : g.ops("Split", [x, g.ints(sizes)], count, { axis: 1 });
  const outputs: Value[] = [];
  for (const index of convolved) {
    const before = apart ? undefined : outputs.at(-1);
    const taken = before === undefined ? parts[index] : g.op("Add", [before, parts[index]]);
    outputs.push(call("relu", call(`bns.${index}`, call(`convs.${index}`, taken))));
  }
  if (count === 1) return outputs[0];
  const rest = parts[count - 1];
  return g.op("Concat", [...outputs, apart ? call("pool", rest) : rest], { axis: 1 });
}

/**
 * A bottleneck whose 3×3 convolutions read parts of the channels, each with what the one before it made. With the s parts xᵢ of
 * the first 1×1 convolution's output, and Kᵢ a 3×3 convolution, batch norm and relu:
 *
 *     y₁ = K₁(x₁),  yᵢ = Kᵢ(xᵢ + yᵢ₋₁) for 1 < i < s,  y_s = x_s
 *
 * so that the block sees windows of 1 to 2s − 1 points at once. Where a block changes the shape, the parts do not meet:
 * yᵢ = Kᵢ(xᵢ), and y_s is the mean of x_s over 3×3 windows. That follows from the shapes alone, whatever the shortcut is.
 *
 * @shape `[N, inChannels, H, W]` → `[N, 4·width, ⌈H/stride⌉, ⌈W/stride⌉]`
 * @throws {OptionError} if `scale` is no whole number above 0
 * @throws {ShapeError} if the shortcut cannot follow the change of shape
 * @source Gao et al. 2019, arXiv:1904.01169, figure 2(b); names as in timm's Bottle2neck
 */
export function res2netBottleneck(inChannels: number, width: number, options: Res2netBlockOptions): Module {
  const { scale, stride = 1, groups = 1, dilation = 1, firstDilation = dilation } = options;
  if (!Number.isSafeInteger(scale) || scale < 1)
    throw new OptionError("scale", `must be a whole number above 0, got ${scale}`);
  const { conv, norm } = blockLayers(options);
  const channels = width * BOTTLENECK_EXPANSION;
  const part = innerWidth(width, options);
  const parts: Parts = {
    count: scale,
    channels: part,
    convolved: Array.from({ length: Math.max(1, scale - 1) }, (_, index) => index),
    apart: inChannels !== channels || stride !== 1,
  };
  const middle = { kernel: 3, stride, padding: firstDilation, dilation: firstDilation, groups };
  const convolution = (index: number): Module => ({
    ...conv(part, part, middle),
    facts: { beside: parts.apart && index > 0 },
  });
  const end = residualEnd(channels, options);
  const branch = {
    conv1: conv(inChannels, part * scale, { kernel: 1 }),
    bn1: norm(part * scale),
    relu: relu(),
    // The names of the members of an nn.ModuleList.
    ...Object.fromEntries(parts.convolved.map((index) => [`convs.${index}`, convolution(index)])),
    ...Object.fromEntries(parts.convolved.map((index) => [`bns.${index}`, norm(part)])),
    ...(parts.apart && scale > 1 ? { pool: averagePool({ kernel: 3, stride, padding: 1 }) } : {}),
    conv3: conv(part * scale, channels, { kernel: 1 }),
    bn3: norm(channels, { last: true }),
    ...end,
  };
  const shortcut = createShortcut(options.shortcut, { inChannels, outChannels: channels, stride }, options);
  const run = (context: ForwardContext, x: Value) => {
    const inner = runParts(context, callInOrder(context, x, ["conv1", "bn1", "relu"]), parts);
    return { residual: callInOrder(context, inner, ["conv3", "bn3", ...Object.keys(end)]) };
  };
  return residualBlock("Res2NetBottleneck", { branch, shortcut, run, activation: "relu" });
}
