import { cifarNormalization, type Layout } from "./layout.ts";

/**
 * The authors' Wide ResNet, written with modules.
 *
 * @source https://github.com/xternalz/WideResNet-pytorch wideresnet.py
 */
export const xternalz: Layout = {
  name: "Wide ResNet (xternalz)",
  id: "wide-xternalz",
  names: [
    ["conv1.*", "stem.conv1.*"],
    ["block{s}.layer.{b}.conv{c}.*", "layer{s}.{b}.conv{c}.*"],
    ["block{s}.layer.{b}.bn{c}.*", "layer{s}.{b}.bn{c}.*"],
    ["block{s}.layer.{b}.convShortcut.*", "layer{s}.{b}.downsample.conv.*"],
    ["bn1.*", "norm.*"],
    ["fc.*", "fc.*"],
  ],
  build: { normalization: cifarNormalization },
  takes: ({ dimensions }) => dimensions === 2,
};
