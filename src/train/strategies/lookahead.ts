import { buffersOf, type Module, parametersOf } from "../../nn/module.ts";
import { float32, type Tensor } from "../../tensor/tensor.ts";
import type { Trainer, TrainingState } from "../trainer.ts";

/** Steps between two pulls. */
const EVERY = 5;
const PREFIX = "slow/";

/** How strongly weights are pulled back. */
export interface LookaheadOptions {
  readonly module: Module;
  /** The share of the slow weights that a pull keeps at the end of the training, in [0, 1). */
  readonly share: number;
  /** Steps of the whole training, from which the share grows. */
  readonly steps: number;
}

/** The share that a pull keeps after so many steps: it grows with their cube, since early weights are soon outdated. */
export function slowShare({ share, steps }: Pick<LookaheadOptions, "share" | "steps">, done: number): number {
  return share * Math.min(1, done / steps) ** 3;
}

/**
 * Lookahead: every five steps and after the last one, slow ← d·slow + (1 − d)·weights and weights ← slow, running statistics alike.
 * The slow weights are part of the state, as `slow/NAME`.
 *
 * @source Zhang et al. 2019, arXiv:1907.08610; the growing d as in Jordan 2024, arXiv:2404.00498, 3.4
 */
export async function createLookaheadTrainer(inner: Trainer, options: LookaheadOptions): Promise<Trainer> {
  const names = [...parametersOf(options.module).keys(), ...buffersOf(options.module).keys()];
  let slow = pick(await inner.state(), names);
  const pull = async (): Promise<void> => {
    const share = slowShare(options, inner.steps);
    const state = await inner.state();
    slow = new Map(names.map((name) => [name, blend(slow.get(name)!, state.get(name)!, share)]));
    inner.load(new Map([...state, ...slow]), inner.steps);
  };
  return {
    get steps() {
      return inner.steps;
    },
    step: async (batch, learningRate) => {
      const result = await inner.step(batch, learningRate);
      if (inner.steps % EVERY === 0 || inner.steps === options.steps) await pull();
      return result;
    },
    state: async () =>
      new Map([...(await inner.state()), ...Array.from(slow, ([name, value]) => [PREFIX + name, value] as const)]),
    load: (state, steps, how) => {
      inner.load(state, steps, how);
      // Weights alone are their own beginning.
      slow = new Map(names.map((name) => [name, (state.get(PREFIX + name) ?? state.get(name)) as Tensor<"float32">]));
    },
    release: () => inner.release(),
  };
}

function pick(state: TrainingState, names: readonly string[]): ReadonlyMap<string, Tensor<"float32">> {
  return new Map(names.map((name) => [name, state.get(name)!]));
}

/** share·slow + (1 − share)·value */
function blend(slow: Tensor<"float32">, value: Tensor<"float32">, share: number): Tensor<"float32"> {
  return float32(
    value.shape,
    Float32Array.from(slow.data, (before, at) => share * before + (1 - share) * value.data[at]),
  );
}
