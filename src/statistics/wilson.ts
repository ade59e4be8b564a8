import { requireCount, requireProbability } from "./sample.ts";

/** The standard normal distribution's quantile at 0.975. */
const Z = 1.959963984540054;

/**
 * Wilson's 95 % interval of a proportion, (p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n): unlike Wald's it holds for few
 * trials and for shares near 0 and 1.
 *
 * @param successes from 0 to `trials`
 * @param trials at least 1
 * @throws {OptionError} naming the argument that is out of its range
 * @source Wilson 1927, "Probable inference, the law of succession, and statistical inference", JASA 22
 */
export function wilsonInterval(successes: number, trials: number): readonly [low: number, high: number] {
  const n = requireCount("wilsonInterval trials", trials, 1);
  const share = requireProbability("wilsonInterval successes / trials", successes / n);
  const middle = share + Z ** 2 / (2 * n);
  const half = Z * Math.sqrt((share * (1 - share)) / n + Z ** 2 / (4 * n ** 2));
  const whole = 1 + Z ** 2 / n;
  return [Math.max(0, (middle - half) / whole), Math.min(1, (middle + half) / whole)];
}
