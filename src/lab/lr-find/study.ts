import type { ComputedOn } from "../../runtime/computed-on.ts";
/** One step of a range test. */
export interface RatePoint {
  /** Counts from 0. */
  readonly step: number;
  readonly learningRate: number;
  /** Of the step's batch, before its update. */
  readonly loss: number;
  /** The running mean of the losses so far. */
  readonly smoothed: number;
}

/** The rates that a range test suggests. */
export interface RateSuggestions {
  /** Where the smoothed loss falls fastest. */
  readonly steepest: number;
  /** Within the longest fall of the smoothed loss, a little before its middle. */
  readonly valley: number;
}

/** A range test of the learning rate. */
export interface RateStudy extends ComputedOn {
  /** Such as "resnet20, project". */
  readonly label: string;
  readonly data: string;
  /** Images per step. */
  readonly batch: number;
  readonly optimizer: string;
  readonly seed: number;
  /** Learning rates of the first and the last step. */
  readonly lowest: number;
  readonly highest: number;
  /** Steps that were planned. */
  readonly steps: number;
  readonly points: readonly RatePoint[];
  /** Whether the loss rose beyond all bounds before the last step. */
  readonly status: "done" | "diverged" | "stopped";
  /** Absent if too few steps were taken to tell. */
  readonly suggestions?: RateSuggestions;
  readonly lowering: string;
}

/**
 * The learning rate of each step: lowest · (highest / lowest)^(step / (steps − 1)).
 *
 * @source Smith 2017, arXiv:1506.01186, section 3.3; the exponential ramp is fastai's `SchedExp`
 */
export function createRamp(lowest: number, highest: number, steps: number): (step: number) => number {
  return (step) => (step === steps - 1 ? highest : lowest * (highest / lowest) ** (step / (steps - 1)));
}

/** Weight of the past in the running mean. */
const SMOOTHING = 0.98;

/**
 * The running mean of losses: m ← 0.98·m + 0.02·loss, divided by 1 − 0.98ⁿ after n losses.
 *
 * @source fastai `AvgSmoothLoss`
 */
export function createSmoother(): (loss: number) => number {
  let [mean, weight] = [0, 0];
  return (loss) => {
    mean = SMOOTHING * mean + (1 - SMOOTHING) * loss;
    weight = SMOOTHING * weight + (1 - SMOOTHING);
    return mean / weight;
  };
}

/** A smoothed loss of this many times the lowest ends the test. */
const DIVERGED = 4;

/** Whether the loss has left all bounds. @source fastai `LRFinder` */
export function hasDiverged(points: readonly RatePoint[]): boolean {
  const last = points.at(-1);
  if (last === undefined) return false;
  const least = points.reduce((low, { smoothed }) => Math.min(low, smoothed), Infinity);
  return last.smoothed > DIVERGED * least;
}

/** The last steps, of which the rise at the end is a part. */
const LAST_STEPS = 5;
/** A slope needs two points; a valley more. */
const FEWEST_POINTS = 4;

/**
 * Suggests learning rates from the smoothed losses, without the first tenth of the planned steps and the last five.
 *
 * @returns undefined if fewer than four steps are left, or the smoothed loss never falls
 * @source fastai `Learner.lr_find`, `steep` and `valley`
 */
export function suggestRates(points: readonly RatePoint[], steps: number): RateSuggestions | undefined {
  const used = points.slice(Math.floor(steps / 10), Math.max(0, points.length - LAST_STEPS));
  if (used.length < FEWEST_POINTS) return undefined;
  const steepest = findSteepest(used);
  if (steepest === undefined) return undefined;
  return { steepest: steepest.learningRate, valley: findValley(used).learningRate };
}

/** The start of the segment along which the loss falls most per unit of log rate; undefined if it never falls. */
function findSteepest(points: readonly RatePoint[]): RatePoint | undefined {
  let [least, found]: [number, RatePoint?] = [0];
  for (let index = 1; index < points.length; index++) {
    const [from, to] = [points[index - 1], points[index]];
    const slope = (to.smoothed - from.smoothed) / Math.log(to.learningRate / from.learningRate);
    if (slope < least) [least, found] = [slope, from];
  }
  return found;
}

/**
 * The point halfway into the second third of the longest fall: of its length L, ending at e, point e − L + ⌊L/3⌋ + ⌊L/6⌋. A fall
 * is a decreasing subsequence; the longest that ends at i is one longer than the longest that ends before i, higher.
 */
function findValley(points: readonly RatePoint[]): RatePoint {
  const lengths = points.map(() => 1);
  let end = 0;
  points.forEach(({ smoothed }, index) => {
    for (let before = 0; before < index; before++) {
      if (smoothed < points[before].smoothed && lengths[index] < lengths[before] + 1)
        lengths[index] = lengths[before] + 1;
    }
    if (lengths[end] < lengths[index]) end = index;
  });
  const length = lengths[end];
  return points[Math.max(0, end - length + Math.floor(length / 3) + Math.floor(length / 6))];
}

/** A rate to three digits. */
export const formatRate = (rate: number): string => String(Number(rate.toPrecision(3)));

/** A sentence in both languages. */
interface Sentence {
  readonly en: string;
  readonly zh: string;
}

/** What the test found, in sentences. */
export function summarizeRates({ suggestions, status, points, label }: RateStudy): readonly Sentence[] {
  const last = points.at(-1);
  if (last === undefined) return [{ en: `${label}: no step was taken.`, zh: `${label}：没有完成任何一步。` }];
  const at = formatRate(last.learningRate);
  const end: Record<RateStudy["status"], Sentence> = {
    done: { en: `The loss stayed within bounds up to ${at}.`, zh: `学习率升至 ${at} 时损失仍未发散。` },
    diverged: { en: `The loss diverged at ${at}.`, zh: `学习率升至 ${at} 时损失发散。` },
    stopped: { en: `Stopped at ${at}.`, zh: `在学习率 ${at} 处停止。` },
  };
  if (suggestions === undefined)
    return [
      {
        en: `${label}: no suggestion, because the loss does not fall over enough steps; take more steps or a lower start.`,
        zh: `${label}：损失下降的步数太少，无法给出建议；请增加步数或降低起点。`,
      },
      end[status],
    ];
  const [valley, steepest] = [suggestions.valley, suggestions.steepest].map(formatRate);
  return [
    {
      en: `${label}: a learning rate of ${valley} (valley) is a good first choice; the loss falls fastest at ${steepest} (steepest).`,
      zh: `${label}：建议首选学习率 ${valley}（valley，谷）；损失在 ${steepest} 处下降最快（steepest，最陡）。`,
    },
    end[status],
  ];
}
