import type { ModelFamily, ModelPlan } from "../family.ts";
import { buildResnet, imagenetDepths, imagenetPlan, residualModel, type ResnetPlan } from "./resnet.ts";

/** Cardinality and width per group. */
interface Groups {
  readonly groups: number;
  readonly baseWidth: number;
}

/**
 * For CIFAR: three stages of n bottlenecks after a 3×3 convolution with 64 channels; depth 9n + 2.
 * @source section 5.3
 */
function cifarResnextPlan(count: number, settings: Groups): ResnetPlan {
  const stem = { kind: "3x3", width: 64 } as const;
  return { bottleneck: true, counts: [count, count, count], widths: [64, 128, 256], stem, settings };
}

function resnextModel(depth: number, settings: Groups): ModelPlan | undefined {
  if (imagenetDepths.includes(depth) && depth >= 50) {
    return residualModel("imagenet", (options) => buildResnet({ ...imagenetPlan(depth), settings }, options));
  }
  const count = (depth - 2) / 9;
  if (!Number.isInteger(count) || count < 1) return undefined;
  return residualModel("cifar", (options) => buildResnet(cifarResnextPlan(count, settings), options));
}

/** The groups in a name such as "32x4d". */
export function parseGroups(cardinality: string, width: string): Groups | undefined {
  const [groups, baseWidth] = [Number(cardinality), Number(width)];
  return groups >= 1 && groups <= 1024 && baseWidth >= 1 && baseWidth <= 1024 ? { groups, baseWidth } : undefined;
}

/** ResNeXt: bottlenecks whose 3×3 convolution has many groups. Names as in torchvision. */
export const resnextFamily: ModelFamily = {
  title: "ResNeXt",
  source: "Xie et al. 2016, arXiv:1611.05431",
  names: ["resnext29_8x64d", "resnext29_16x64d", "resnext50_32x4d", "resnext101_32x8d", "resnext101_64x4d"],
  forms: "resnext{50,101,152}_{groups}x{width}d (ImageNet) or resnext{9n+2}_{groups}x{width}d (CIFAR)",
  find: (name) => {
    const match = /^resnext(\d{1,4})_(\d{1,4})x(\d{1,4})d$/.exec(name);
    const settings = match === null ? undefined : parseGroups(match[2], match[3]);
    return settings === undefined ? undefined : resnextModel(Number(match?.[1]), settings);
  },
};
