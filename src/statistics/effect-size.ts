import { requireSample, type Sample } from "./sample.ts";
import { mean, variance } from "./summary.ts";

/**
 * Difference of means in pooled standard deviations; no unit. NaN or ±∞ if neither sample has any spread.
 *
 * @throws {OptionError} for fewer than two observations per sample
 * @source Cohen 1988, section 2.2
 */
export function cohensD(a: Sample, b: Sample): number {
  requireSample("Cohen's d", a, 2);
  requireSample("Cohen's d", b, 2);
  const pooled = ((a.length - 1) * variance(a) + (b.length - 1) * variance(b)) / (a.length + b.length - 2);
  return (mean(a) - mean(b)) / Math.sqrt(pooled);
}

/**
 * Cohen's d without its bias in small samples: d·(1 − 3 / (4ν − 1)) with ν = n₁ + n₂ − 2; no unit.
 *
 * @throws {OptionError} for fewer than two observations per sample
 * @source Hedges 1981, the approximation of its equation 6e
 */
export function hedgesG(a: Sample, b: Sample): number {
  const degreesOfFreedom = a.length + b.length - 2;
  return cohensD(a, b) * (1 - 3 / (4 * degreesOfFreedom - 1));
}

/**
 * P(a > b) − P(a < b) over all pairs of one observation each, from −1 to 1; no unit.
 *
 * @throws {OptionError} for an empty sample
 * @source Cliff 1993
 */
export function cliffsDelta(a: Sample, b: Sample): number {
  requireSample("Cliff's delta", a);
  requireSample("Cliff's delta", b);
  const sum = a.reduce((outer, x) => outer + b.reduce((inner, y) => inner + Math.sign(x - y), 0), 0);
  return sum / (a.length * b.length);
}
