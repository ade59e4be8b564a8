import type { AttentionType } from "../blocks/attention.ts";
import type { ModelFamily, ModelPlan } from "../family.ts";
import { buildResnet, imagenetDepths, imagenetPlan, residualModel } from "./resnet.ts";
import { parseGroups } from "./resnext.ts";

/** A ResNet or ResNeXt whose blocks weight the residual before it is added. */
function attentionModel(name: string, attention: AttentionType): ModelPlan | undefined {
  const match = /^resne(?:t(\d{1,4})|xt(\d{1,4})_(\d{1,4})x(\d{1,4})d)$/.exec(name);
  const depth = Number(match?.[1] ?? match?.[2]);
  if (match === null || !imagenetDepths.includes(depth)) return undefined;
  if (match[1] !== undefined) {
    return residualModel("imagenet", (options) => buildResnet(imagenetPlan(depth), options), { attention });
  }
  const settings = parseGroups(match[3], match[4]);
  if (settings === undefined || depth < 50) return undefined;
  return residualModel("imagenet", (options) => buildResnet({ ...imagenetPlan(depth), settings }, options), {
    attention,
  });
}

/** SE-ResNet and SE-ResNeXt: one weight per channel, computed from the means of all channels. Names as in timm. */
export const squeezeExcitationFamily: ModelFamily = {
  title: "SE-ResNet",
  source: "Hu et al. 2017, arXiv:1709.01507",
  names: [...imagenetDepths.map((depth) => `seresnet${depth}`), "seresnext50_32x4d", "seresnext101_32x8d"],
  forms: "seresnet18, 34, 50, 101 or 152, or seresnext{50,101,152}_{groups}x{width}d",
  find: (name) => (name.startsWith("se") ? attentionModel(name.slice(2), "se") : undefined),
};

/** ResNet with CBAM: weights by channel, then by point. */
export const cbamFamily: ModelFamily = {
  title: "CBAM-ResNet",
  source: "Woo et al. 2018, arXiv:1807.06521",
  names: [...[18, 34, 50, 101].map((depth) => `cbamresnet${depth}`), "cbamresnext50_32x4d"],
  forms: "cbamresnet18, 34, 50, 101 or 152, or cbamresnext{50,101,152}_{groups}x{width}d",
  find: (name) => (name.startsWith("cbam") ? attentionModel(name.slice(4), "cbam") : undefined),
};
