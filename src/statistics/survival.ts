import { OptionError } from "../tensor/errors.ts";
import { normal } from "./distributions.ts";
import { permutationTest } from "./permutation.ts";
import type { Probability, Sample } from "./sample.ts";

/**
 * How long something took, or, if it had not happened when one stopped looking, how long one looked: a censored duration. It is
 * known to be longer than that, and no more.
 */
export interface Duration {
  /** At least 0. */
  readonly time: number;
  /** Whether it happened then; otherwise it is censored. */
  readonly happened: boolean;
}

/** The estimate from one time at which it happened until the next. */
export interface SurvivalStep {
  readonly time: number;
  /** Durations of at least `time`. */
  readonly atRisk: number;
  /** Durations of exactly `time`, not censored. */
  readonly events: number;
  /** P(T > time) */
  readonly survival: Probability;
  /** Interval of the survival by its log(−log), which stays within 0 and 1; NaN where nothing or everything is left. */
  readonly low: Probability;
  readonly high: Probability;
}

function requireDurations(where: string, sample: readonly Duration[]): void {
  if (sample.length === 0) throw new OptionError(where, "needs at least 1 duration, got 0; measure more");
  const wrong = sample.find(({ time }) => !(time >= 0 && time < Infinity));
  if (wrong !== undefined) throw new OptionError(where, `must have finite durations of at least 0, got ${wrong.time}`);
}

/** The times at which it happened, ascending, with how many were at risk; censored at the same time still are. */
function eventTimes(sample: readonly Duration[]): readonly Pick<SurvivalStep, "time" | "atRisk" | "events">[] {
  const times = [...new Set(sample.filter(({ happened }) => happened).map(({ time }) => time))];
  return times
    .toSorted((a, b) => a - b)
    .map((time) => ({
      time,
      atRisk: sample.filter((each) => each.time >= time).length,
      events: sample.filter((each) => each.happened && each.time === time).length,
    }));
}

/**
 * The product-limit estimate of P(T > t), S(t) = Π (1 − dᵢ/nᵢ), with Greenwood's variance Σ dᵢ/(nᵢ(nᵢ − dᵢ)) of its logarithm.
 *
 * @param confidence of the interval of each step, in (0, 1)
 * @throws {OptionError} for no durations, or one that is not finite or below 0
 * @source Kaplan and Meier 1958; Greenwood 1926; log(−log) intervals: Kalbfleisch and Prentice 1980
 */
export function kaplanMeier(sample: readonly Duration[], confidence = 0.95): readonly SurvivalStep[] {
  requireDurations("Kaplan-Meier", sample);
  const z = normal().quantile(1 - (1 - confidence) / 2);
  let [survival, variance] = [1, 0];
  return eventTimes(sample).map((step) => {
    const { atRisk, events } = step;
    survival *= 1 - events / atRisk;
    variance += events / (atRisk * (atRisk - events));
    const spread = (z * Math.sqrt(variance)) / Math.log(survival);
    const [low, high] = [-spread, spread].map((each) => Math.exp(Math.log(survival) * Math.exp(each)));
    return { ...step, survival, low, high };
  });
}

/** The first time at which half have happened; undefined if fewer than half are known to have. */
export function medianDuration(sample: readonly Duration[]): number | undefined {
  // Products of shares such as ⅔ · ¾ may miss a half by their last bit.
  return kaplanMeier(sample).find(({ survival }) => survival <= 0.5 + 1e-12)?.time;
}

/** A mean with its standard error, in the unit of the durations. */
export interface RestrictedMean {
  readonly mean: number;
  /** NaN for one duration. */
  readonly error: number;
}

/**
 * The mean of min(T, limit): the area under the Kaplan-Meier estimate up to a limit. Unlike the mean itself it is known although
 * some durations are censored. Its variance is Σ Aᵢ²·dᵢ/(nᵢ(nᵢ − dᵢ)), with Aᵢ the area after the i-th event.
 *
 * @throws {OptionError} if the estimate is not known up to the limit: the longest duration is shorter and censored
 * @source Irwin 1949; Royston and Parmar 2013, doi:10.1186/1471-2288-13-152; R's `survival`, `print(survfit, rmean)`
 */
export function restrictedMean(sample: readonly Duration[], limit: number): RestrictedMean {
  requireDurations("restricted mean", sample);
  const longest = Math.max(...sample.map(({ time }) => time));
  const isKnown = limit <= longest || sample.every(({ time, happened }) => happened || time < longest);
  if (!(limit > 0) || !isKnown)
    throw new OptionError("restricted mean", `limit must be above 0 and at most ${longest}, got ${limit}`);
  const steps = kaplanMeier(sample).filter(({ time }) => time < limit);
  const areas = steps.map(({ time, survival }, index) => survival * ((steps[index + 1]?.time ?? limit) - time));
  const mean = areas.reduce((sum, area) => sum + area, steps[0]?.time ?? limit);
  let [after, variance] = [0, 0];
  for (let index = steps.length - 1; index >= 0; index--) {
    const { atRisk, events } = steps[index];
    after += areas[index];
    // Nothing is left after an event of all: its area is 0, and so is its term.
    if (atRisk > events) variance += (after ** 2 * events) / (atRisk * (atRisk - events));
  }
  return { mean, error: sample.length === 1 ? Number.NaN : Math.sqrt(variance) };
}

/** The result of a log-rank test. */
export interface LogRankTest {
  /** Events among a beyond those expected if both had one distribution: below 0 if a takes longer. */
  readonly excess: number;
  /** Of 1 degree of freedom; NaN if there are no events to compare. */
  readonly chiSquare: number;
  readonly p: Probability;
  readonly method: "exact" | "drawn" | "normal";
}

/**
 * The log-rank test: whether independent durations a and b have one distribution, censored ones included.
 *
 * By default p comes from all ways to share out the observations, which is exact however few there are, if both are censored by one
 * rule: observed less expected events of a are a sum of scores 1 − H(tᵢ), or −H(tᵢ) of censored ones, that depend on the pooled
 * sample alone, with H = Σ d/n. "normal" takes the χ² of the hypergeometric variance, as R's `survdiff` does.
 *
 * @throws {OptionError} if either has no durations, or one that is not finite or below 0
 * @source Mantel 1966; Peto and Peto 1972
 */
export function logRankTest(
  a: readonly Duration[],
  b: readonly Duration[],
  { method = "exact" }: { readonly method?: "exact" | "normal" } = {},
): LogRankTest {
  for (const sample of [a, b]) requireDurations("log-rank test", sample);
  let [excess, variance] = [0, 0];
  const hazards: (readonly [time: number, hazard: number])[] = [];
  for (const { time, atRisk, events } of eventTimes([...a, ...b])) {
    const own = a.filter((each) => each.time >= time).length;
    excess += a.filter((each) => each.happened && each.time === time).length - (events * own) / atRisk;
    if (atRisk > 1) variance += (events * own * (atRisk - own) * (atRisk - events)) / (atRisk ** 2 * (atRisk - 1));
    hazards.push([time, events / atRisk]);
  }
  const chiSquare = excess ** 2 / variance;
  if (method === "normal")
    return { excess, chiSquare, method, p: variance > 0 ? 2 * normal().survival(Math.sqrt(chiSquare)) : 1 };
  const score = ({ time, happened }: Duration): number =>
    hazards.reduce((rest, [at, hazard]) => (at <= time ? rest - hazard : rest), happened ? 1 : 0);
  const statistic = (scores: Sample): number => scores.reduce((sum, value) => sum + value, 0);
  const test = permutationTest(a.map(score), b.map(score), { statistic });
  return { excess, chiSquare, p: test.p, method: test.method };
}
