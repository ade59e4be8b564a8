import type { Layout } from "./layout.ts";
import { torchvisionNames } from "./torchvision.ts";

/**
 * Volumes of one channel; the released weights have no classifier, and shortcut A for 18 and 34, B for the others. The
 * last two stages dilate instead of shrinking. A checkpoint of a training also has the segmentation head.
 *
 * @source https://github.com/Tencent/MedicalNet models/resnet.py
 */
export const medicalnet: Layout = {
  name: "MedicalNet",
  id: "medicalnet",
  names: torchvisionNames,
  besides: /^conv_seg\./,
  build: { withoutProjections: "pad", dilated: true },
  takes: ({ dimensions, projection, channels, classes }) =>
    dimensions === 3 && classes === undefined && channels === 1 && projection?.bias !== true,
};
