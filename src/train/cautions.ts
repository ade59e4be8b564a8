import { wilsonInterval } from "../statistics/wilson.ts";
import type { Evaluation } from "./evaluation.ts";
import { type Measure, valueOf } from "./measure.ts";
import { averageDecay } from "./step-inputs.ts";

/** Below this many images, a measure says little. */
export const SMALL_SET = 20;

/**
 * Cautions about moving averages that trainings are too short for: an average follows the weights closely at first, so that two which
 * are not reached are one and the same.
 *
 * @param averages their decays, in [0, 1), and the steps of each training
 */
export function cautionsOfAverages(
  averages: readonly { readonly decay: number | undefined; readonly steps: number }[],
): ReadonlySet<string> {
  const cautions = averages.flatMap(({ decay = 0, steps }) => {
    const reached = averageDecay(decay, steps);
    if (reached === decay) return [];
    return `average ${decay} is not reached in ${steps} steps: it grows to ${reached.toFixed(3)}`;
  });
  return new Set(cautions);
}

/** A caution about a warm-up that a training is too short for, if it is. */
export function cautionOfWarmUp(warmupSteps: number, steps: number): string | undefined {
  if (warmupSteps < steps) return undefined;
  return `the warm-up takes ${warmupSteps} steps, the training ${steps}: its learning rate stays below the highest`;
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

/**
 * Cautions about a measure, in sentences: nothing was there to measure, the network gave no numbers, or it rests on few images.
 *
 * @param part the images, such as "the test part"
 */
export function cautionsOf(evaluation: Evaluation, main: Measure, part: string): readonly string[] {
  const { count, notFinite = 0, unmeasured = "there is nothing to measure" } = evaluation;
  const value = valueOf(evaluation, main);
  const { en } = main.words;
  if (value === null) return [`${en} of ${part} says nothing: ${unmeasured}`];
  const wrong =
    notFinite === 0
      ? []
      : [
          `${en} of ${part} counts ${notFinite} of ${count} as wrong: the network gives them scores that are not finite numbers`,
        ];
  if (count >= SMALL_SET) return wrong;
  const images = count === 1 ? "1 image" : `${count} images`;
  if (main.isShareOfImages !== true) return [...wrong, `${en} of ${part} rests on ${images}`];
  const [low, high] = wilsonInterval(Math.round(value * count), count);
  return [
    ...wrong,
    `${en} of ${part}, ${percent(value)}, rests on ${images}: its 95 % interval is ${percent(low)} to ${percent(high)}`,
  ];
}
