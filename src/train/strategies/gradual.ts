import type { FineTuning } from "../fine-tuning.ts";
import { createTrainer, type Trainer, type TrainerOptions } from "../trainer.ts";

/**
 * A trainer whose layers are unfrozen in phases: each phase has a compiled step of its own, which takes over what the one
 * before has left. The optimizer's state of a layer that joins starts at zero. What a phase does follows from the number
 * of steps alone, so that it is the same after resuming.
 *
 * @throws as {@link createTrainer}
 */
export async function createGradualTrainer(
  options: Omit<TrainerOptions, "frozen" | "rateFactor">,
  { phases, phaseOf, optionsOf }: FineTuning,
  firstStep = 0,
): Promise<Trainer> {
  let phase = phaseOf(firstStep);
  let current = await createTrainer({ ...options, ...optionsOf(phase) });
  const enter = async (next: number): Promise<void> => {
    const [state, { steps }] = [await current.state(), current];
    const following = await createTrainer({ ...options, ...optionsOf(next) });
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
