import { res2netBottleneck } from "../blocks/res2net.ts";
import type { ModelFamily, ModelPlan } from "../family.ts";
import type { CompleteModelOptions } from "../model-options.ts";
import { buildResnet, imagenetPlan, residualModel } from "./resnet.ts";

/** What distinguishes one Res2Net from another. */
interface Res2netPlan {
  readonly depth: number;
  /** Channels of a part per group in the first stage. */
  readonly baseWidth: number;
  readonly scale: number;
  readonly groups?: number;
  /** Stem and projections of ResNet-D. */
  readonly isD?: boolean;
}

/** Networks whose names do not tell width and scale. @source timm/models/res2net.py */
const named: Readonly<Record<string, Res2netPlan>> = {
  res2next50: { depth: 50, baseWidth: 4, scale: 4, groups: 8 },
  res2net50d: { depth: 50, baseWidth: 26, scale: 4, isD: true },
  res2net101d: { depth: 101, baseWidth: 26, scale: 4, isD: true },
};

function findPlan(name: string): Res2netPlan | undefined {
  if (Object.hasOwn(named, name)) return named[name];
  const match = /^res2net(50|101|152)_([1-9]\d{0,2})w_([1-9]\d?)s$/.exec(name);
  if (match === null) return undefined;
  return { depth: Number(match[1]), baseWidth: Number(match[2]), scale: Number(match[3]) };
}

function res2netModel({ depth, baseWidth, scale, groups = 1, isD = false }: Res2netPlan): ModelPlan {
  const defaults: Partial<CompleteModelOptions> = isD ? { stem: "deep", subsample: "average" } : {};
  const plan = residualModel(
    "imagenet",
    (options) =>
      buildResnet(
        {
          ...imagenetPlan(depth),
          settings: { groups, baseWidth },
          block: (inChannels, width, block) => res2netBottleneck(inChannels, width, { ...block, scale }),
        },
        options,
      ),
    defaults,
  );
  // The 3×3 convolutions take the stride, all of them; how such blocks start without batch norm nobody has published.
  return { ...plan, accepts: plan.accepts.filter((name) => name !== "stridePlace" && name !== "norm") };
}

/** Res2Net: bottlenecks whose 3×3 convolutions work on parts of the channels, one after another. Names as in timm. */
export const res2netFamily: ModelFamily = {
  title: "Res2Net",
  source: "Gao et al. 2019, arXiv:1904.01169",
  names: [
    "res2net50_26w_4s",
    "res2net50_14w_8s",
    "res2net50_48w_2s",
    "res2net50_26w_6s",
    "res2net50_26w_8s",
    "res2net101_26w_4s",
    ...Object.keys(named),
  ],
  forms: `res2net{50,101,152}_{width}w_{scale}s, ${Object.keys(named).join(", ")}`,
  find: (name) => {
    const plan = findPlan(name);
    return plan && res2netModel(plan);
  },
};
