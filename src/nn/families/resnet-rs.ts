import type { ModelFamily } from "../family.ts";
import { buildResnet, residualModel, type ResnetPlan } from "./resnet.ts";

/** Blocks per stage. @source Bello et al. 2021, table 8 */
const countsOf: Readonly<Record<number, readonly number[]>> = {
  50: [3, 4, 6, 3],
  101: [3, 4, 23, 3],
  152: [3, 8, 36, 3],
  200: [3, 24, 36, 3],
  270: [4, 29, 53, 4],
  350: [4, 36, 72, 4],
  420: [4, 44, 87, 4],
};

const depths = Object.keys(countsOf).map(Number);

/** Squeeze-and-excitation keeps a quarter of the channels. */
const REDUCTION = 4;

function rsPlan(depth: number): ResnetPlan {
  return {
    bottleneck: true,
    counts: countsOf[depth],
    widths: [64, 128, 256, 512],
    stem: { kind: "deep", width: 64 },
    stemPool: "conv",
    settings: { attentionReduction: REDUCTION },
  };
}

/**
 * ResNet-RS: ResNet-D with a convolution in place of the stem's pooling and squeeze-and-excitation in every block. Names as in
 * timm, whose networks have neither dropout nor stochastic depth by default; the paper trains with both.
 */
export const resnetRsFamily: ModelFamily = {
  title: "ResNet-RS",
  source: "Bello et al. 2021, arXiv:2103.07579",
  names: depths.map((depth) => `resnetrs${depth}`),
  forms: `resnetrs${depths.slice(0, -1).join(", ")} or ${depths.at(-1)}`,
  find: (name) => {
    const depth = Number(/^resnetrs(\d+)$/.exec(name)?.[1]);
    if (!depths.includes(depth)) return undefined;
    return residualModel("imagenet", (options) => buildResnet(rsPlan(depth), options), {
      stem: "deep",
      subsample: "average",
      attention: "se",
    });
  },
};
