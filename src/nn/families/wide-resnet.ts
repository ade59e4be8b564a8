import type { ModelFamily } from "../family.ts";
import type { Module } from "../module.ts";
import { buildPreactivationResnet } from "./preactivation-resnet.ts";
import { buildResnet, imagenetDepths, imagenetPlan, residualModel, type ResnetOptions } from "./resnet.ts";

/** A larger factor is a mistake rather than a network. */
const MOST_TIMES = 64;

/**
 * The Wide ResNet for CIFAR: pre-activation with k times the channels; `dropout` is between the two convolutions of a
 * block.
 *
 * @param depth 6n + 4
 * @param times k, the widening factor
 * @shape `[N, channels, H, W]` → `[N, classes]`
 * @source Zagoruyko and Komodakis 2016, arXiv:1605.07146, table 1
 */
export function cifarWideResnet(depth: number, times: number, options: ResnetOptions): Module {
  const { dropout: innerDropout = 0, ...rest } = options;
  const count = (depth - 4) / 6;
  return buildPreactivationResnet(
    {
      bottleneck: false,
      counts: [count, count, count],
      widths: [16 * times, 32 * times, 64 * times],
      stem: { kind: "3x3", width: 16 },
      classifier: "linear",
      settings: { innerDropout },
    },
    rest,
  );
}

/** Wide ResNet: torchvision's bottlenecks with a wider middle, and the paper's WRN-depth-k. */
export const wideResnetFamily: ModelFamily = {
  title: "Wide ResNet",
  source: "Zagoruyko and Komodakis 2016, arXiv:1605.07146",
  names: [
    "wrn-16-4",
    "wrn-16-8",
    "wrn-22-8",
    "wrn-28-10",
    "wrn-40-2",
    "wrn-40-4",
    "wide_resnet50_2",
    "wide_resnet101_2",
  ],
  forms: "wide_resnet{50,101,152}_{k} (ImageNet) or wrn-{6n+4}-{k} (CIFAR)",
  find: (name) => {
    const [, form, ...numbers] = /^(wide_resnet|wrn-)(\d{1,4})[_-](\d{1,2})$/.exec(name) ?? [];
    const [depth, times] = numbers.map(Number);
    if (form === undefined || times < 1 || times > MOST_TIMES) return undefined;
    if (form === "wrn-") {
      if (!name.startsWith(`wrn-${depth}-`) || depth < 10 || (depth - 4) % 6 !== 0) return undefined;
      return residualModel("cifar", (options) => cifarWideResnet(depth, times, options));
    }
    if (name.includes("-") || !imagenetDepths.includes(depth) || depth < 50) return undefined;
    const settings = { baseWidth: 64 * times };
    return residualModel("imagenet", (options) => buildResnet({ ...imagenetPlan(depth), settings }, options));
  },
};
