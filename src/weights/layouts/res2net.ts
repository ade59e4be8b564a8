import { res2netFamily } from "../../nn/families/res2net.ts";
import type { FamilyLayout } from "./family-layout.ts";
import { imagenetNormalization } from "./layout.ts";

/** Residua's own names, and those of gasvn/Res2Net. @source timm/models/res2net.py */
export const timmRes2net: FamilyLayout = {
  name: "timm (res2net)",
  family: res2netFamily,
  mark: "layer1.0.convs.0.weight",
  names: ["conv1", "bn1", "layer1", "layer2", "layer3", "layer4", "fc"].map(
    (part) => [`${part}.*`, `${part}.*`] as const,
  ),
  variants: [
    { shortcut: "project-all" },
    { shortcut: "pad" },
    { shortcut: "gated" },
    { attention: "se" },
    { layerScale: "channel" },
    { layerScale: "scalar" },
  ],
  normalization: imagenetNormalization,
};
