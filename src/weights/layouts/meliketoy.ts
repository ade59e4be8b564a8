import type { Layout } from "./layout.ts";

/**
 * Wide ResNet with biases in all convolutions, the stride in the second one, and a projection of the block's input
 * itself: not the authors' network.
 *
 * @source https://github.com/meliketoy/wide-resnet.pytorch networks/wide_resnet.py
 */
export const meliketoy: Layout = {
  name: "Wide ResNet (meliketoy)",
  id: "wide-meliketoy",
  names: [
    ["conv1.*", "stem.conv1.*"],
    ["layer{s}.{b}.conv{c}.*", "layer{s}.{b}.conv{c}.*"],
    ["layer{s}.{b}.bn{c}.*", "layer{s}.{b}.bn{c}.*"],
    ["layer{s}.{b}.shortcut.0.*", "layer{s}.{b}.downsample.conv.*"],
    ["bn1.*", "norm.*"],
    ["linear.*", "fc.*"],
  ],
  build: { rawProjection: true },
  takes: ({ dimensions, preactivation, projection }) => dimensions === 2 && preactivation && projection?.norm !== true,
};
