import type { Layout } from "./layout.ts";
import { torchvisionNames } from "./torchvision.ts";

/**
 * 1-D, 2-D and 3-D, with a bias in every projection by default; the first convolution keeps the size. Without that bias
 * the names are those of 3D-ResNets-PyTorch, which is for video: three channels are taken as such.
 *
 * @source https://github.com/Project-MONAI/MONAI monai/networks/nets/resnet.py
 */
export const monai: Layout = {
  name: "MONAI",
  id: "monai",
  names: torchvisionNames,
  build: { withoutProjections: "pad", stemStride: 1 },
  takes: ({ dimensions, projection, channels, classes }) =>
    projection?.bias === true || dimensions === 1 || (dimensions === 3 && classes !== undefined && channels !== 3),
};
