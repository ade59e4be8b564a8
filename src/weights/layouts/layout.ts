import type { Structure } from "../recognise/structure.ts";
import type { Origin } from "../weights-file.ts";
import type { NamePair } from "./names.ts";

/**
 * How a system names and builds its networks. The table says which of its names stands for which of the common names;
 * the rest is what the names cannot tell.
 *
 * The common names, which no file needs to have:
 *
 * | name | is |
 * |---|---|
 * | `stem.conv{i}.weight`, `stem.bn{i}.*` | the convolutions before the first block, from 1 |
 * | `layer{s}.{b}.conv{c}.weight`, `.bn{c}.*` | stage s from 1, block b from 0, convolution c from 1 |
 * | `layer{s}.{b}.downsample.conv.weight`, `.downsample.bn.*` | the projection |
 * | `layer{s}.{b}.se.fc{i}.*` | squeeze-and-excitation |
 * | `norm.*` | the norm after the last block of a pre-activation network |
 * | `fc.weight`, `fc.bias` | the classifier |
 */
export interface Layout {
  /** What messages call it. */
  readonly name: string;
  /** What an option `layout` calls it. */
  readonly id: string;
  readonly names: readonly NamePair[];
  /** Names of parts that are no residual network of Residua's, such as a segmentation head: left out, and said so. */
  readonly besides?: RegExp;
  readonly build: LayoutBuild;
  /** Whether a network of this structure can be this system's; several systems share names. */
  readonly takes: (structure: Structure, origin: Origin) => boolean;
}

/** What a system does that its names do not show; what is left out is as in torchvision. */
export interface LayoutBuild {
  /** What a network without any projections is: option A, where the system knows nothing else. */
  readonly withoutProjections?: "pad";
  /** Where option A puts its zero channels. */
  readonly padSide?: "both";
  /** Which convolution of a bottleneck takes the stride. */
  readonly stridePlace?: "1x1";
  /** The stride of the first convolution on each axis, where it is not 2 for large images and 1 for small ones. */
  readonly stemStride?: number | readonly number[];
  /** Stages 3 and 4 keep the stride at 1 and dilate instead. */
  readonly dilated?: boolean;
  /** Strided projections read means over windows (ResNet-D). */
  readonly averageDown?: boolean;
  /** Convolutions have biases that the batch norm after them takes up. */
  readonly foldBias?: boolean;
  /** Batch norm's epsilon, where it is not 1e-5. */
  readonly epsilon?: number;
  /** The projection of a pre-activation block reads the block's input, not its first activation. */
  readonly rawProjection?: boolean;
  /** What the system's images are normalised by, pixels counted from 0 to 1: x ← (x − mean) / deviation. */
  readonly normalization?: ChannelNormalization;
}

/** Each channel's mean and deviation. */
export interface ChannelNormalization {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** ImageNet's, as torchvision's recipes have it. */
export const imagenetNormalization: ChannelNormalization = {
  mean: [0.485, 0.456, 0.406],
  deviation: [0.229, 0.224, 0.225],
};

/** CIFAR's, as Zagoruyko and xternalz have it. */
export const cifarNormalization: ChannelNormalization = {
  mean: [125.3 / 255, 123 / 255, 113.9 / 255],
  deviation: [63 / 255, 62.1 / 255, 66.7 / 255],
};
