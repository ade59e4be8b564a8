import type { Value } from "../../onnx/graph.ts";
import type { ModelFamily } from "../family.ts";
import { callInOrder, conv, convTranspose, relu, sequence } from "../layers.ts";
import type { CompleteModelOptions, ModelOptionName } from "../model-options.ts";
import { defineModule, type ForwardContext, type Module } from "../module.ts";
import { additiveShortcutTypes } from "../shortcuts/type.ts";
import { buildEncoder, imagenetDepths, imagenetPlan, normOf } from "./resnet.ts";
import { cropLike, encoderOptionNames } from "./residual-unet.ts";

/** Channels of the pyramid, as in the paper; its head has half as many. */
const WIDTH = 256;

/** Nearest-neighbour enlargement, each point becoming four: `torch.nn.functional.interpolate(x, scale_factor=2)`. */
export function enlarge({ g }: ForwardContext, x: Value): Value {
  const [channels, height, width] = x.shape.slice(1).map(Number);
  // 0 keeps the axis as it is.
  const apart = g.op("Reshape", [x, g.ints([0, channels, height, 1, width, 1])]);
  const spread = g.op("Expand", [apart, g.ints([1, 1, 1, 2, 1, 2])]);
  return g.op("Reshape", [spread, g.ints([0, channels, 2 * height, 2 * width])]);
}

/** Names of the pyramid's parts, as in torchvision's `FeaturePyramidNetwork`. */
const inner = (level: number): string => `fpn.inner_blocks.${level}`;
const outer = (level: number): string => `fpn.layer_blocks.${level}`;
/** Convolutions of the head on a level: one, or one before each enlargement. */
const headNames = (level: number): readonly string[] =>
  Array.from({ length: Math.max(1, level) }, (_, place) => `head.${level}.${place}`);

/**
 * A ResNet with a feature pyramid and a segmentation head: the planes of its four stages are brought to one width,
 * added to the enlarged coarser ones, enlarged to the finest and summed; at the end each point is expanded by the
 * stem's reduction. The encoder has torchvision's names and may be pre-trained.
 *
 * Planes are enlarged by nearest neighbour, not bilinearly; norms are batch norms.
 *
 * @shape `[N, channels, H, W]` → `[N, classes, H, W]`, the logits of each point
 * @source Lin et al. 2017, arXiv:1612.03144, section 3 (the pyramid); Kirillov et al. 2019, arXiv:1901.02446, figure 3 (the head)
 */
function featurePyramid(depth: number, options: CompleteModelOptions): Module {
  const { pyramidWidth = WIDTH, classes } = options;
  const { stem, stages, channels, reach } = buildEncoder(imagenetPlan(depth), options);
  const norm = normOf(options);
  const headWidth = Math.max(1, Math.floor(pyramidWidth / 2));
  const headLayer = (inside: number): Module =>
    sequence([conv(inside, headWidth, { kernel: 3, padding: 1 }), norm(headWidth), relu()]);
  const parts = channels.flatMap((width, level) => [
    [inner(level), sequence([conv(width, pyramidWidth, { kernel: 1, bias: true })])] as const,
    [outer(level), sequence([conv(pyramidWidth, pyramidWidth, { kernel: 3, padding: 1, bias: true })])] as const,
    ...headNames(level).map((name, place) => [name, headLayer(place === 0 ? pyramidWidth : headWidth)] as const),
  ]);
  const final = convTranspose(headWidth, classes, { kernel: reach, stride: reach });
  const facts = { head: ["final.weight", "final.bias"] };
  const children = { ...stem, ...stages, ...Object.fromEntries(parts), final };
  return defineModule("ResNetFPN", { children, facts }, (context, x) => {
    const { g, call } = context;
    const planes: Value[] = [];
    const start = callInOrder(context, x, Object.keys(stem));
    for (const stage of Object.keys(stages)) planes.push(call(stage, planes.at(-1) ?? start));
    const raise = (y: Value, level: number): Value => cropLike(context, enlarge(context, y), planes[level]);
    const pyramid: Value[] = [];
    for (let level = planes.length - 1; level >= 0; level--) {
      const own = call(inner(level), planes[level]);
      const coarser = pyramid[level + 1];
      pyramid[level] = coarser === undefined ? own : g.op("Add", [own, raise(coarser, level)]);
    }
    const said = pyramid.map((plane, level) =>
      headNames(level).reduce(
        (y, name, place) => {
          const z = call(name, y);
          return level === 0 ? z : raise(z, level - 1 - place);
        },
        call(outer(level), plane),
      ),
    );
    const sum = said.reduce((all, one) => g.op("Add", [all, one]));
    return cropLike(context, call("final", sum), x);
  });
}

const optionNames: readonly ModelOptionName[] = [...encoderOptionNames, "pyramidWidth"];

/** ResNets with a feature pyramid, for segmentation. */
export const featurePyramidFamily: ModelFamily = {
  title: "ResNet with a feature pyramid (FPN)",
  source: "Lin et al. 2017, arXiv:1612.03144; Kirillov et al. 2019, arXiv:1901.02446",
  names: ["resnet18-fpn", "resnet50-fpn"],
  forms: "resnet18-fpn, 34, 50, 101 or 152 (segmentation)",
  find: (name) => {
    const depth = Number(/^resnet(\d+)-fpn$/.exec(name)?.[1]);
    if (!imagenetDepths.includes(depth)) return undefined;
    return {
      defaults: { shortcut: "project", channels: 3, classes: 2 },
      accepts: optionNames,
      shortcuts: additiveShortcutTypes,
      extents: [128, 128],
      build: (options) => featurePyramid(depth, options),
    };
  },
};
