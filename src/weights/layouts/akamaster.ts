import { imagenetNormalization, type Layout } from "./layout.ts";

/**
 * CIFAR ResNets, always option A, with half of the zero channels before and half after.
 *
 * @source https://github.com/akamaster/pytorch_resnet_cifar10 resnet.py
 */
export const akamaster: Layout = {
  name: "akamaster (CIFAR)",
  id: "akamaster",
  names: [
    ["conv1.*", "stem.conv1.*"],
    ["bn1.*", "stem.bn1.*"],
    ["layer{s}.{b}.conv{c}.*", "layer{s}.{b}.conv{c}.*"],
    ["layer{s}.{b}.bn{c}.*", "layer{s}.{b}.bn{c}.*"],
    ["layer{s}.{b}.shortcut.0.*", "layer{s}.{b}.downsample.conv.*"],
    ["layer{s}.{b}.shortcut.1.*", "layer{s}.{b}.downsample.bn.*"],
    ["linear.*", "fc.*"],
  ],
  build: { withoutProjections: "pad", padSide: "both", normalization: imagenetNormalization },
  takes: ({ dimensions, preactivation }) => dimensions === 2 && !preactivation,
};
