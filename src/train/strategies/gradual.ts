import { shrinkImages } from "../../data/shrink-images.ts";
import { releaseOnFailure } from "../../runtime/release.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { LabeledBatch } from "../batch.ts";
import type { FineTuning } from "../fine-tuning.ts";
import type { ImageShapeAt } from "../progressive-resizing.ts";
import type { Trainer, TrainerOptions } from "../trainer.ts";
import type { TrainerStrategy } from "./strategy.ts";

/** What changes during a training, by the step: counted from 0. */
export interface GradualChanges {
  readonly fineTuning: FineTuning;
  readonly imageShapeAt: ImageShapeAt;
}

/** What a compiled step is for. */
interface Phase {
  readonly layers: number;
  readonly imageShape: Shape;
}

const isSame = (one: Phase, other: Phase): boolean =>
  one.layers === other.layers && one.imageShape.join() === other.imageShape.join();

/** Images as the step takes them: shrunk while it sees smaller ones. */
function fitImages({ images, labels }: LabeledBatch, [, ...sides]: Shape): LabeledBatch {
  return { images: shrinkImages(images, sides), labels };
}

/**
 * A trainer whose layers are unfrozen or freeze, and whose images grow, in phases: each phase has its own compiled step, which
 * takes over the previous one's state. The optimizer state of a newly unfrozen layer starts at zero; that of a frozen layer is
 * dropped, and so is its moving average: the layer itself is what those behind it go on with. The phase depends only on the step
 * count, so resuming preserves it.
 *
 * @throws as `strategy` does
 */
export async function createGradualTrainer(
  options: Omit<TrainerOptions, "frozen" | "groups" | "rateFactor" | "scaleInvariant" | "imageShape">,
  { fineTuning, imageShapeAt }: GradualChanges,
  { firstStep, strategy }: { readonly firstStep: number; readonly strategy: TrainerStrategy },
): Promise<Trainer> {
  const phaseAt = (step: number): Phase => ({ layers: fineTuning.phaseOf(step), imageShape: imageShapeAt(step) });
  // A state is that of the step before it, and may be asked for again before the next step.
  let phase = phaseAt(Math.max(0, firstStep - 1));
  let current = await strategy(optionsIn(phase));
  function optionsIn({ layers, imageShape }: Phase): TrainerOptions {
    const own = fineTuning.optionsOf(layers);
    // A parameter that is still frozen has no gradient to watch.
    const watch = options.watch?.filter((name) => !own.frozen(name));
    return { ...options, ...own, imageShape, ...(watch === undefined ? {} : { watch }) };
  }
  const enter = async (next: Phase): Promise<void> => {
    const [state, { steps }] = [await current.state(), current];
    const following = await strategy(optionsIn(next));
    await releaseOnFailure(following, () => following.load(state, steps, { partial: true }));
    const left = current;
    [current, phase] = [following, next];
    await left.release();
  };
  return {
    get steps() {
      return current.steps;
    },
    step: async (batch, learningRate) => {
      const next = phaseAt(current.steps);
      if (!isSame(next, phase)) await enter(next);
      return current.step(fitImages(batch, phase.imageShape), learningRate);
    },
    state: () => current.state(),
    load: (state, steps) => current.load(state, steps, { partial: fineTuning.phases > 1 }),
    release: () => current.release(),
  };
}
