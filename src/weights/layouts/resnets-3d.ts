import type { Layout } from "./layout.ts";
import { torchvisionNames } from "./torchvision.ts";

/**
 * Video: three channels, a first convolution that keeps the number of frames, no bias in projections.
 *
 * @source https://github.com/kenshohara/3D-ResNets-PyTorch models/resnet.py
 */
export const resnets3d: Layout = {
  name: "3D-ResNets-PyTorch",
  id: "3d-resnets",
  names: torchvisionNames,
  build: { withoutProjections: "pad", stemStride: [1, 2, 2] },
  takes: ({ dimensions, projection, channels, classes }) =>
    dimensions === 3 && classes !== undefined && channels === 3 && projection?.bias !== true,
};
