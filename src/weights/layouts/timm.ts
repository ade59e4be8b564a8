import { imagenetNormalization, type Layout } from "./layout.ts";
import type { NamePair } from "./names.ts";
import { torchvisionNames } from "./torchvision.ts";

const attentionNames: readonly NamePair[] = [["layer{s}.{b}.se.fc{i}.*", "layer{s}.{b}.se.fc{i}.*"]];

/** The three convolutions of the deep stem, in an `nn.Sequential` with norms and activations; its last norm is `bn1`. */
const deepStemNames: readonly NamePair[] = [
  ["conv1.0.*", "stem.conv1.*"],
  ["conv1.1.*", "stem.bn1.*"],
  ["conv1.3.*", "stem.conv2.*"],
  ["conv1.4.*", "stem.bn2.*"],
  ["conv1.6.*", "stem.conv3.*"],
  ["bn1.*", "stem.bn3.*"],
];

/** The projection of ResNet-D: `downsample.0` is pooling, without weights. */
const averageDownNames: readonly NamePair[] = [
  ["layer{s}.{b}.downsample.1.*", "layer{s}.{b}.downsample.conv.*"],
  ["layer{s}.{b}.downsample.2.*", "layer{s}.{b}.downsample.bn.*"],
];

const blockNames = torchvisionNames.filter(([theirs]) => /conv\{c\}|bn\{c\}|layer_scale|^fc/.test(theirs));
const stemNames = torchvisionNames.filter(([theirs]) => /^(conv1|bn1)/.test(theirs));

/** Without any of these features timm's names are torchvision's, and such files are reported as that. */
const build = { normalization: imagenetNormalization } as const;

/** ResNet-D: deep stem and averaged projections. @source timm/models/resnet.py `resnet50d` */
export const timmResnetD: Layout = {
  name: "timm (resnet, deep stem, average-down)",
  id: "timm-d",
  names: [...deepStemNames, ...blockNames, ...averageDownNames, ...attentionNames],
  build: { ...build, averageDown: true },
  takes: ({ dimensions, stem }) => dimensions === 2 && stem.convolutions === 3,
};

/** Average-down projections on the plain stem. @source timm/models/resnet.py `avg_down` */
export const timmAverageDown: Layout = {
  name: "timm (resnet, average-down)",
  id: "timm-average-down",
  names: [...stemNames, ...blockNames, ...averageDownNames, ...attentionNames],
  build: { ...build, averageDown: true },
  takes: ({ dimensions, projection, stem }) => dimensions === 2 && projection !== undefined && stem.convolutions === 1,
};

/** Squeeze-and-excitation, or a deep stem, with torchvision's projections. @source timm/models/resnet.py `seresnet50` */
export const timmResnet: Layout = {
  name: "timm (resnet)",
  id: "timm",
  names: [...deepStemNames.slice(0, 5), ...torchvisionNames, ...attentionNames],
  build,
  takes: ({ dimensions, attention }) => dimensions === 2 && attention === "se",
};
