import { OptionError } from "../tensor/errors.ts";
import { type Optimizer, scale, shrink } from "./optimizer.ts";

/** Options of stochastic gradient descent. */
export interface SgdOptions {
  /** Share of the previous step's direction that is kept. Default 0.9. */
  readonly momentum?: number;
  /** Looks ahead along the momentum. Default false. */
  readonly nesterov?: boolean;
  /** Weight of ½‖w‖² in the loss, or with `decoupledDecay` the share removed per step, multiplied by the learning rate. Default 0. */
  readonly weightDecay?: number;
  /** Weight decay shrinks weights by itself, instead of entering gradient and momentum. Default false. */
  readonly decoupledDecay?: boolean;
}

/** What is not given. */
export const sgdDefaults: Required<SgdOptions> = {
  momentum: 0.9,
  nesterov: false,
  weightDecay: 0,
  decoupledDecay: false,
};

/**
 * Stochastic gradient descent with momentum: g ← g + decay·w, m ← μ·m + g, w ← w − rate·m (Nesterov: rate·(g + μ·m)); with
 * decoupled weight decay w ← w − rate·decay·w first, and g stays as it is.
 *
 * @throws {OptionError} if an option is out of its range
 * @source Sutskever et al. 2013; `torch.optim.SGD`; decoupled: after Loshchilov and Hutter 2019, arXiv:1711.05101, the decay multiplied by
 *   the whole rate, as in `torch.optim.AdamW`
 */
export function sgd(options: SgdOptions = {}): Optimizer {
  const {
    momentum = sgdDefaults.momentum,
    nesterov = sgdDefaults.nesterov,
    weightDecay = sgdDefaults.weightDecay,
    decoupledDecay = sgdDefaults.decoupledDecay,
  } = options;
  if (!(momentum >= 0 && momentum < 1)) throw new OptionError("momentum", `must be in [0, 1), got ${momentum}`);
  if (!(weightDecay >= 0)) throw new OptionError("weightDecay", `must be at least 0, got ${weightDecay}`);
  if (decoupledDecay && weightDecay === 0) throw new OptionError("decoupledDecay", "needs a weight decay above 0");
  if (nesterov && momentum === 0) throw new OptionError("nesterov", "needs a momentum above 0");
  return {
    name: "sgd",
    state: momentum === 0 ? [] : ["momentum"],
    scalars: ["learningRate"],
    scalarValues: (learningRate) => [learningRate],
    isElementwise: () => true,
    update: (g, input) => {
      const {
        parameter,
        gradient,
        state: [velocity],
        scalars: [rate],
      } = input;
      const kept = decoupledDecay ? shrink(g, input, weightDecay) : parameter;
      const decayedGradient =
        input.decayed && weightDecay > 0 && !decoupledDecay
          ? g.op("Add", [gradient, scale(g, parameter, weightDecay)])
          : gradient;
      const next = velocity && g.op("Add", [scale(g, velocity, momentum), decayedGradient]);
      const ahead =
        next && nesterov ? g.op("Add", [decayedGradient, scale(g, next, momentum)]) : (next ?? decayedGradient);
      return { parameter: g.op("Sub", [kept, g.op("Mul", [ahead, rate])]), state: next ? [next] : [] };
    },
  };
}
