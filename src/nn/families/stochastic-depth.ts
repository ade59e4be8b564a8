import type { ModelFamily } from "../family.ts";
import { cifarResnet, isCifarDepth, residualModel } from "./resnet.ts";

/** Probability of dropping the last block, the paper's 1 − p_L. */
const LAST_PROBABILITY = 0.5;

/**
 * CIFAR ResNet with stochastic depth and shortcut A, as in the paper; any other network takes the option
 * `stochasticDepth`.
 */
export const stochasticDepthFamily: ModelFamily = {
  title: "ResNet with stochastic depth",
  source: "Huang et al. 2016, arXiv:1603.09382, section 4",
  names: ["sdresnet56", "sdresnet110"],
  forms: "sdresnet{6n+2}",
  find: (name) => {
    const depth = Number(/^sdresnet(\d{1,4})$/.exec(name)?.[1]);
    if (!isCifarDepth(depth)) return undefined;
    return residualModel("cifar", (options) => cifarResnet(depth, options), {
      shortcut: "pad",
      stochasticDepth: LAST_PROBABILITY,
    });
  },
};
