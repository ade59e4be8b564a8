import { resnetRsFamily } from "../../nn/families/resnet-rs.ts";
import type { FamilyLayout } from "./family-layout.ts";
import { imagenetNormalization } from "./layout.ts";

/** Residua's own names. @source timm/models/resnet.py `resnetrs50` */
export const timmResnetRs: FamilyLayout = {
  name: "timm (resnetrs)",
  family: resnetRsFamily,
  mark: "maxpool.0.weight",
  names: ["conv1", "bn1", "maxpool", "layer1", "layer2", "layer3", "layer4", "fc"].map(
    (part) => [`${part}.*`, `${part}.*`] as const,
  ),
  variants: [{ shortcut: "project-all" }, { layerScale: "channel" }, { layerScale: "scalar" }, { attention: "none" }],
  normalization: imagenetNormalization,
};
