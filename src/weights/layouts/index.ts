import { akamaster, kuangliu } from "./akamaster.ts";
import { keras, kerasOld } from "./keras.ts";
import type { Layout } from "./layout.ts";
import { medicalnet } from "./medicalnet.ts";
import { meliketoy } from "./meliketoy.ts";
import { monai } from "./monai.ts";
import { resnets3d } from "./resnets-3d.ts";
import { timmAverageDown, timmResnet, timmResnetD } from "./timm.ts";
import { timmResnetV2, timmResnetV2D } from "./timm-resnetv2.ts";
import { torchvision } from "./torchvision.ts";
import { xternalz } from "./xternalz.ts";
import { zagoruyko } from "./zagoruyko.ts";

/** All known layouts, the most common first. */
export const layouts: readonly Layout[] = [
  torchvision,
  timmResnet,
  timmResnetD,
  timmAverageDown,
  timmResnetV2,
  timmResnetV2D,
  monai,
  medicalnet,
  resnets3d,
  akamaster,
  kuangliu,
  zagoruyko,
  xternalz,
  meliketoy,
  keras,
  kerasOld,
];
