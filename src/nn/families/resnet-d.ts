import type { ModelFamily } from "../family.ts";
import { buildResnet, imagenetDepths, imagenetPlan, residualModel } from "./resnet.ts";

/**
 * ResNet-D: three 3×3 convolutions in the stem, and projections that read means over windows instead of every second
 * point, so that no part of the input is skipped. Names as in timm.
 */
export const resnetDFamily: ModelFamily = {
  title: "ResNet-D",
  source: "He et al. 2018, arXiv:1812.01187, figure 2",
  names: imagenetDepths.map((depth) => `resnet${depth}d`),
  forms: "resnet18d, 34d, 50d, 101d or 152d",
  find: (name) => {
    const depth = Number(/^resnet(\d+)d$/.exec(name)?.[1]);
    if (!imagenetDepths.includes(depth)) return undefined;
    return residualModel("imagenet", (options) => buildResnet(imagenetPlan(depth), options), {
      stem: "deep",
      subsample: "average",
    });
  },
};
