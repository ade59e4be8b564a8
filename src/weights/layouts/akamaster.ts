import { cifarNormalization, imagenetNormalization, type Layout } from "./layout.ts";
import type { NamePair } from "./names.ts";

const names: readonly NamePair[] = [
  ["conv1.*", "stem.conv1.*"],
  ["bn1.*", "stem.bn1.*"],
  ["layer{s}.{b}.conv{c}.*", "layer{s}.{b}.conv{c}.*"],
  ["layer{s}.{b}.bn{c}.*", "layer{s}.{b}.bn{c}.*"],
  ["layer{s}.{b}.shortcut.0.*", "layer{s}.{b}.downsample.conv.*"],
  ["layer{s}.{b}.shortcut.1.*", "layer{s}.{b}.downsample.bn.*"],
  ["linear.*", "fc.*"],
];

/**
 * CIFAR ResNets, always with option A, half of the zero channels before and half after.
 *
 * @source https://github.com/akamaster/pytorch_resnet_cifar10 resnet.py
 */
export const akamaster: Layout = {
  name: "akamaster (CIFAR)",
  id: "akamaster",
  names,
  build: { withoutProjections: "pad", padSide: "both", normalization: imagenetNormalization },
  takes: ({ dimensions, preactivation, stages }) => dimensions === 2 && !preactivation && stages.length === 3,
};

/**
 * ImageNet ResNets with a 3×3 stem for CIFAR, under the same names.
 *
 * @source https://github.com/kuangliu/pytorch-cifar models/resnet.py
 */
export const kuangliu: Layout = {
  name: "kuangliu (CIFAR)",
  id: "kuangliu",
  names,
  build: { normalization: cifarNormalization },
  takes: ({ dimensions, preactivation, stages }) => dimensions === 2 && !preactivation && stages.length === 4,
};
