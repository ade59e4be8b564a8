import type { FineTuning } from "../fine-tuning.ts";
import type { Trainer, TrainerOptions } from "../trainer.ts";
import type { TrainerStrategy } from "./strategy.ts";

/**
 * A trainer whose layers are unfrozen in phases: each phase has its own compiled step, which takes over the previous
 * one's state. The optimizer state of a newly unfrozen layer starts at zero. The phase depends only on the step count,
 * so resuming preserves it.
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
    // A parameter that is still frozen has no gradient to watch.
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
