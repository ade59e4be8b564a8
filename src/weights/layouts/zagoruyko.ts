import { cifarNormalization, type Layout } from "./layout.ts";

/**
 * The authors' Wide ResNet: a flat dictionary in which a convolution is its weight. The projection reads the first
 * activation and has no norm.
 *
 * @source https://github.com/szagoruyko/wide-residual-networks pytorch/resnet.py
 */
export const zagoruyko: Layout = {
  name: "Wide ResNet (Zagoruyko)",
  id: "wide-zagoruyko",
  names: [
    ["conv0", "stem.conv1.weight"],
    ["group{s}.block{b}.conv{c}", "layer{s+1}.{b}.conv{c+1}.weight"],
    ["group{s}.block{b}.convdim", "layer{s+1}.{b}.downsample.conv.weight"],
    ["group{s}.block{b}.bn{c}.*", "layer{s+1}.{b}.bn{c+1}.*"],
    ["bn.*", "norm.*"],
    ["fc.*", "fc.*"],
  ],
  build: { normalization: cifarNormalization },
  takes: ({ dimensions }) => dimensions === 2,
};
