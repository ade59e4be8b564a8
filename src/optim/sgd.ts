import { OptionError } from "../tensor/errors.ts";
import { type Optimizer, scale } from "./optimizer.ts";

/** Options of stochastic gradient descent. */
export interface SgdOptions {
  /** Share of the previous step's direction that is kept. Default 0.9. */
  readonly momentum?: number;
  /** Looks ahead along the momentum. Default false. */
  readonly nesterov?: boolean;
  /** Weight of ½‖w‖² in the loss. Default 0. */
  readonly weightDecay?: number;
}

/**
 * Stochastic gradient descent with momentum: g ← g + decay·w, m ← μ·m + g, w ← w − rate·m (Nesterov: rate·(g + μ·m)).
 *
 * @throws {OptionError} if an option is out of its range
 * @source Sutskever et al. 2013; `torch.optim.SGD`
 */
export function sgd(options: SgdOptions = {}): Optimizer {
  const { momentum = 0.9, nesterov = false, weightDecay = 0 } = options;
  if (!(momentum >= 0 && momentum < 1)) throw new OptionError("momentum", `must be in [0, 1), got ${momentum}`);
  if (!(weightDecay >= 0)) throw new OptionError("weightDecay", `must be at least 0, got ${weightDecay}`);
  if (nesterov && momentum === 0) throw new OptionError("nesterov", "needs a momentum above 0");
  return {
    name: "sgd",
    state: momentum === 0 ? [] : ["momentum"],
    scalars: ["learningRate"],
    scalarValues: (learningRate) => [learningRate],
    isElementwise: () => true,
    update: (g, { parameter, gradient, state: [velocity], scalars: [rate], decayed }) => {
      const decayedGradient =
        decayed && weightDecay > 0 ? g.op("Add", [gradient, scale(g, parameter, weightDecay)]) : gradient;
      const next = velocity && g.op("Add", [scale(g, velocity, momentum), decayedGradient]);
      const ahead =
        next && nesterov ? g.op("Add", [decayedGradient, scale(g, next, momentum)]) : (next ?? decayedGradient);
      return { parameter: g.op("Sub", [parameter, g.op("Mul", [ahead, rate])]), state: next ? [next] : [] };
    },
  };
}
