import { originalAirbench, ownAirbench } from "./airbench.ts";
import { originalConvnext, timmConvnext, torchvisionConvnext } from "./convnext.ts";
import { timmRegnet, torchvisionRegnet } from "./regnet.ts";
import { timmRes2net } from "./res2net.ts";
import { timmResnest } from "./resnest.ts";
import { timmResnetRs } from "./resnet-rs.ts";
import type { FamilyLayout } from "./family-layout.ts";

/** The layouts of single families, the most common first. */
export const familyLayouts: readonly FamilyLayout[] = [
  torchvisionConvnext,
  timmConvnext,
  originalConvnext,
  timmResnetRs,
  torchvisionRegnet,
  timmRegnet,
  timmRes2net,
  timmResnest,
  ownAirbench,
  originalAirbench,
];
