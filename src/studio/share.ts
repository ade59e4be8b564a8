import { wilsonInterval } from "../statistics/wilson.ts";

const percent = (share: number): string => (100 * share).toFixed(1);

/** A share of images with its 95 % interval, such as "71.2 % (68.3–73.9)". */
export function showShare(correct: number, count: number): string {
  const [low, high] = wilsonInterval(correct, count);
  return `${percent(correct / count)} % (${percent(low)}–${percent(high)})`;
}
