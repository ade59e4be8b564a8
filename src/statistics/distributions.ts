import inverseErfc from "@stdlib/math-base-special-erfcinv";
import binomialCdf from "@stdlib/stats-base-dists-binomial-cdf";
import binomialPmf from "@stdlib/stats-base-dists-binomial-pmf";
import binomialQuantile from "@stdlib/stats-base-dists-binomial-quantile";
import normalCdf from "@stdlib/stats-base-dists-normal-cdf";
import normalPdf from "@stdlib/stats-base-dists-normal-pdf";
import poissonPmf from "@stdlib/stats-base-dists-poisson-pmf";
import tCdf from "@stdlib/stats-base-dists-t-cdf";
import tQuantile from "@stdlib/stats-base-dists-t-quantile";
import { OptionError } from "../tensor/errors.ts";
import { type Probability, requireCount, requireProbability } from "./sample.ts";

/** The distribution of a continuous quantity. */
export interface ContinuousDistribution {
  /** dP/dx, per unit of x. */
  density(x: number): number;
  /** P(X ≤ x) */
  cumulative(x: number): Probability;
  /** P(X > x), accurate even when it is far smaller than 1. */
  survival(x: number): Probability;
  /** The x with P(X ≤ x) = p; −∞ and ∞ at 0 and 1. @throws {OptionError} if p is not in [0, 1] */
  quantile(p: Probability): number;
}

/** The distribution of a count. */
export interface DiscreteDistribution {
  /** P(X = k); 0 if k is not a possible count. */
  probability(k: number): Probability;
  /** P(X ≤ k) */
  cumulative(k: number): Probability;
  /** The smallest count k with P(X ≤ k) ≥ p. @throws {OptionError} if p is not in [0, 1] */
  quantile(p: Probability): number;
}

function requirePositive(where: string, value: number): number {
  if (!(value > 0 && value < Infinity)) throw new OptionError(where, `must be a finite number above 0, got ${value}`);
  return value;
}

/**
 * The normal distribution.
 *
 * @param mean in the unit of x, 0 if left out
 * @param deviation standard deviation in the unit of x, 1 if left out
 * @throws {OptionError} if the mean is not finite or the deviation is not above 0
 */
export function normal(mean = 0, deviation = 1): ContinuousDistribution {
  requirePositive("normal deviation", deviation);
  if (!Number.isFinite(mean)) throw new OptionError("normal mean", `must be finite, got ${mean}`);
  return {
    density: (x) => normalPdf(x, mean, deviation),
    cumulative: (x) => normalCdf(x, mean, deviation),
    survival: (x) => normalCdf(mean - (x - mean), mean, deviation),
    // By erfc, not erf: 2p − 1 would lose the lower tail.
    quantile: (p) => mean - deviation * Math.SQRT2 * inverseErfc(2 * requireProbability("normal quantile p", p)),
  };
}

/**
 * Student's t with ν degrees of freedom: the distribution of a normal mean whose variance is estimated.
 * @source Student 1908
 */
export function studentT(degreesOfFreedom: number): Omit<ContinuousDistribution, "density"> {
  requirePositive("t degrees of freedom", degreesOfFreedom);
  return {
    cumulative: (x) => tCdf(x, degreesOfFreedom),
    survival: (x) => tCdf(-x, degreesOfFreedom),
    quantile: (p) => tQuantile(requireProbability("t quantile p", p), degreesOfFreedom),
  };
}

/**
 * The binomial distribution: how many of n independent trials succeed.
 *
 * @param trials n, a whole number
 * @param success probability of each, from 0 to 1
 * @throws {OptionError} if either is out of range
 */
export function binomial(trials: number, success: Probability): DiscreteDistribution {
  requireCount("binomial trials", trials, 0);
  requireProbability("binomial success", success);
  const cumulative = (k: number): Probability => binomialCdf(k, trials, success);
  return {
    probability: (k) => binomialPmf(k, trials, success),
    cumulative,
    quantile: (p) => {
      if (requireProbability("binomial quantile p", p) === 1) return success === 0 ? 0 : trials;
      return settleQuantile(cumulative, p, binomialQuantile(p, trials, success));
    },
  };
}

/** Above this rate, summing a Poisson distribution's terms takes too long. */
const LARGEST_RATE = 1e10;

/**
 * The Poisson distribution: how many independent events fall into an interval.
 *
 * @param rate events expected in it, λ, above 0 and at most 10¹⁰
 * @throws {OptionError} if it is out of range
 */
export function poisson(rate: number): DiscreteDistribution {
  requirePositive("poisson rate", rate);
  if (rate > LARGEST_RATE)
    throw new OptionError("poisson rate", `must be at most ${LARGEST_RATE}, got ${rate}; use normal`);
  const cumulative = (k: number): Probability => sumPoisson(Math.floor(k), rate);
  const standard = normal();
  return {
    probability: (k) => poissonPmf(k, rate),
    cumulative,
    quantile: (p) => {
      if (requireProbability("poisson quantile p", p) === 0 || p === 1) return p === 0 ? 0 : Infinity;
      const z = standard.quantile(p);
      // Cornish and Fisher's expansion, with the skewness 1 / √λ.
      return settleQuantile(cumulative, p, Math.round(rate + z * Math.sqrt(rate) + (z * z - 1) / 6));
    },
  };
}

/**
 * P(X ≤ k) from its largest term outwards: e^−λ·λᵏ/k!·(1 + k/λ + k(k − 1)/λ² + …), or 1 less the terms above k.
 * stdlib's incomplete gamma function is wrong by 0.7 % at λ = 4000, k = 3900.
 */
function sumPoisson(k: number, rate: number): Probability {
  if (!(k >= 0)) return Number.isNaN(k) ? Number.NaN : 0;
  if (k === Infinity) return 1;
  const isBelow = k < rate;
  let term = poissonPmf(isBelow ? k : k + 1, rate);
  let sum = 0;
  for (let count = isBelow ? k : k + 1; term > sum * Number.EPSILON;) {
    sum += term;
    term *= isBelow ? count-- / rate : rate / ++count;
  }
  return isBelow ? sum : 1 - sum;
}

/** Moves from a close guess to the quantile as it is defined: a search on rounded values may stop next to it. */
function settleQuantile(cumulative: (k: number) => Probability, p: Probability, guess: number): number {
  let k = Math.max(0, guess);
  while (cumulative(k) < p) k++;
  while (k > 0 && cumulative(k - 1) >= p) k--;
  return k;
}
