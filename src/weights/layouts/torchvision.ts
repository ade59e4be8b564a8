import { imagenetNormalization, type Layout } from "./layout.ts";
import type { NamePair } from "./names.ts";

/** Names that torchvision established; MONAI, MedicalNet and 3D-ResNets-PyTorch use them too. */
export const torchvisionNames: readonly NamePair[] = [
  ["conv1.*", "stem.conv1.*"],
  ["bn1.*", "stem.bn1.*"],
  ["layer{s}.{b}.conv{c}.*", "layer{s}.{b}.conv{c}.*"],
  ["layer{s}.{b}.bn{c}.*", "layer{s}.{b}.bn{c}.*"],
  ["layer{s}.{b}.downsample.0.*", "layer{s}.{b}.downsample.conv.*"],
  ["layer{s}.{b}.downsample.1.*", "layer{s}.{b}.downsample.bn.*"],
  // Neither torchvision nor timm has it in a ResNet: it is Residua's own, beside their names.
  ["layer{s}.{b}.layer_scale.*", "layer{s}.{b}.layer_scale.*"],
  ["fc.*", "fc.*"],
];

/** @source https://github.com/pytorch/vision torchvision/models/resnet.py; ResNeXt and Wide ResNet (_2) among them */
export const torchvision: Layout = {
  name: "torchvision",
  id: "torchvision",
  names: torchvisionNames,
  build: { normalization: imagenetNormalization },
  takes: ({ dimensions, projection, stem }) => dimensions === 2 && projection?.bias !== true && stem.convolutions === 1,
};
