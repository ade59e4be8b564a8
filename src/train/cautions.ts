import { wilsonInterval } from "../statistics/wilson.ts";
import type { Evaluation } from "./evaluation.ts";
import { type Measure, valueOf } from "./measure.ts";

/** Below this many images, a measure says little. */
export const SMALL_SET = 20;

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

/**
 * Cautions about a measure, in sentences: nothing was there to measure, or it rests on few images.
 *
 * @param part the images, such as "the test part"
 */
export function cautionsOf(evaluation: Evaluation, main: Measure, part: string): readonly string[] {
  const { count, unmeasured = "there is nothing to measure" } = evaluation;
  const value = valueOf(evaluation, main);
  const { en } = main.words;
  if (value === null) return [`${en} of ${part} says nothing: ${unmeasured}`];
  if (count >= SMALL_SET) return [];
  const images = count === 1 ? "1 image" : `${count} images`;
  if (main.isShareOfImages !== true) return [`${en} of ${part} rests on ${images}`];
  const [low, high] = wilsonInterval(Math.round(value * count), count);
  return [
    `${en} of ${part}, ${percent(value)}, rests on ${images}: its 95 % interval is ${percent(low)} to ${percent(high)}`,
  ];
}
