import type { FineTuning } from "../fine-tuning.ts";
import type { Trainer, TrainerOptions } from "../trainer.ts";
import type { TrainerStrategy } from "./strategy.ts";

/**
 * A trainer whose layers are unfrozen in phases: each phase has a compiled step of its own, which takes over what the one
 * before has left. The optimizer's state of a layer that joins starts at zero. The phase follows from the number of steps
 * alone, so that it is the same after resuming.
 *
 * @throws as `strategy` does
 */
export async function createGradualTrainer(
  options: Omit<TrainerOptions, "frozen" | "rateFactor">,
  { phases, phaseOf, optionsOf }: FineTuning,
  { firstStep, strategy }: { readonly firstStep: number; readonly strategy: TrainerStrategy },
): Promise<Trainer> {
  let phase = phaseOf(firstStep);
  let current = await strategy(optionsIn(phase));
  function optionsIn(each: number): TrainerOptions {
    const own = optionsOf(each);
    // A parameter that is frozen for now has no gradient to watch.
    const watch = options.watch?.filter((name) => !own.frozen(name));
    return { ...options, ...own, ...(watch === undefined ? {} : { watch }) };
  }
  const enter = async (next: number): Promise<void> => {
    const [state, { steps }] = [await current.state(), current];
    const following = await strategy(optionsIn(next));
    following.load(state, steps, { partial: true });
    await current.release();
    [current, phase] = [following, next];
  };
  return {
    get steps() {
      return current.steps;
    },
    step: async (batch, learningRate) => {
      const next = phaseOf(current.steps);
      if (next !== phase) await enter(next);
      return current.step(batch, learningRate);
    },
    state: () => current.state(),
    load: (state, steps) => current.load(state, steps, { partial: phases > 1 }),
    release: () => current.release(),
  };
}
