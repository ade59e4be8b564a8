import { resnestFamily } from "../../nn/families/resnest.ts";
import type { FamilyLayout } from "./family-layout.ts";
import { imagenetNormalization } from "./layout.ts";

/** Residua's own names, and those of zhanghang1989/ResNeSt. @source timm/models/resnest.py */
export const timmResnest: FamilyLayout = {
  name: "timm (resnest)",
  family: resnestFamily,
  mark: "layer1.0.conv2.fc1.weight",
  names: ["conv1", "bn1", "layer1", "layer2", "layer3", "layer4", "fc"].map(
    (part) => [`${part}.*`, `${part}.*`] as const,
  ),
  variants: [
    { shortcut: "project-all" },
    { shortcut: "pad" },
    { shortcut: "gated" },
    { layerScale: "channel" },
    { layerScale: "scalar" },
  ],
  normalization: imagenetNormalization,
};
