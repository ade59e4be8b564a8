import { OptionError } from "../tensor/errors.ts";
import { type Optimizer, scale, shrink } from "./optimizer.ts";

/** Options of AdamW; the defaults are PyTorch's. */
export interface AdamwOptions {
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  /** Share of the weight removed per step, multiplied by the learning rate. Default 0.01. */
  readonly weightDecay?: number;
}

/** What is not given. */
export const adamwDefaults: Required<AdamwOptions> = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 };

/**
 * Adam with decoupled weight decay: w ← w − rate·decay·w, then w ← w − rate·m̂ / (√v̂ + ε), with m̂ = m/(1 − β₁ᵗ) and
 * v̂ = v/(1 − β₂ᵗ). The corrections are inputs, since they change from step to step.
 *
 * @throws {OptionError} if an option is out of its range
 * @source Loshchilov and Hutter 2019, arXiv:1711.05101; `torch.optim.AdamW`
 */
export function adamw(options: AdamwOptions = {}): Optimizer {
  const {
    beta1 = adamwDefaults.beta1,
    beta2 = adamwDefaults.beta2,
    epsilon = adamwDefaults.epsilon,
    weightDecay = adamwDefaults.weightDecay,
  } = options;
  for (const [name, beta] of [
    ["beta1", beta1],
    ["beta2", beta2],
  ] as const) {
    if (!(beta >= 0 && beta < 1)) throw new OptionError(name, `must be in [0, 1), got ${beta}`);
  }
  return {
    name: "adamw",
    state: ["firstMoment", "secondMoment"],
    scalars: ["learningRate", "firstCorrection", "secondCorrection"],
    isElementwise: () => true,
    scalarValues: (learningRate, step) => [learningRate, 1 / (1 - beta1 ** step), 1 / (1 - beta2 ** step)],
    update: (g, input) => {
      const {
        gradient,
        state: [first, second],
        scalars: [rate, firstCorrection, secondCorrection],
      } = input;
      const kept = shrink(g, input, weightDecay);
      const m = g.op("Add", [scale(g, first, beta1), scale(g, gradient, 1 - beta1)]);
      const v = g.op("Add", [scale(g, second, beta2), scale(g, g.op("Mul", [gradient, gradient]), 1 - beta2)]);
      const root = g.op("Add", [g.op("Sqrt", [g.op("Mul", [v, secondCorrection])]), g.fill(epsilon)]);
      const step = g.op("Div", [g.op("Mul", [m, firstCorrection]), root]);
      return { parameter: g.op("Sub", [kept, g.op("Mul", [step, rate])]), state: [m, v] };
    },
  };
}
