import type { ComputedOn } from "../../runtime/computed-on.ts";
import { mean, standardDeviation } from "../../statistics/summary.ts";
import { pairedTest } from "../../statistics/t-tests.ts";
import { type Advice } from "./advice.ts";
import type { Cost, NetworkFacts } from "./facts.ts";

/** One short training. */
export interface ShortRun {
  readonly seed: number;
  /** Share of the test images that are classified right; NaN where it diverged. */
  readonly accuracy: number;
  /** Mean cross-entropy on the test images. */
  readonly testLoss?: number;
  /** Mean of the last tenth of the steps. */
  readonly loss: number;
  /** Median of a step. */
  readonly milliseconds: number;
}

/** What following an advice did in short trainings with the same seeds. */
export interface Effect {
  readonly id: string;
  readonly runs: readonly ShortRun[];
  /** Pairs of seeds in which one run diverged; they are excluded from the means. */
  readonly diverged: number;
  /** Mean difference to the network as it is, in accuracy (0 to 1); above 0 is better; NaN where no pair is left. */
  readonly gain: number;
  /** Standard error of that mean over the pairs of seeds; NaN with one seed. */
  readonly error: number;
  /** 95 % interval of that mean, by Student's t for the number of pairs; absent unless pairs differ in what they gain. */
  readonly interval?: readonly [low: number, high: number];
  /** Time per step, relative to the unchanged network's. */
  readonly time: number;
}

/** Advice on one network, measured or not. */
export interface AdviceStudy {
  readonly title: string;
  readonly depth: number;
  readonly order: NetworkFacts["order"];
  readonly blocks: number;
  readonly cost?: Cost;
  readonly advice: readonly Advice[];
  readonly measured?: ComputedOn & {
    readonly data: string;
    readonly steps: number;
    readonly batch: number;
    readonly testImages: number;
    readonly status: "done" | "stopped";
    readonly base: readonly ShortRun[];
    readonly effects: readonly Effect[];
  };
}

const isDiverged = ({ accuracy }: ShortRun): boolean => Number.isNaN(accuracy);

/** Differences of shares of images are whole multiples of far more. */
const ROUNDING = 1e-9;

interface RunPair {
  readonly run: ShortRun;
  readonly own: ShortRun;
}

const accuracies = (pairs: readonly RunPair[], side: keyof RunPair): readonly number[] =>
  pairs.map((pair) => pair[side].accuracy);

/** Compares runs with the network's own, seed by seed. */
export function measureEffect(id: string, base: readonly ShortRun[], runs: readonly ShortRun[]): Effect {
  const pairs = runs.flatMap((run): readonly RunPair[] => {
    const own = base.find(({ seed }) => seed === run.seed);
    return own === undefined ? [] : [{ run, own }];
  });
  const whole = pairs.filter(({ run, own }) => !isDiverged(run) && !isDiverged(own));
  const gains = whole.map(({ run, own }) => run.accuracy - own.accuracy);
  const error = gains.length < 2 ? Number.NaN : standardDeviation(gains) / Math.sqrt(gains.length);
  const times = whole.map(({ run, own }) => run.milliseconds / own.milliseconds);
  return {
    id,
    runs,
    diverged: pairs.length - whole.length,
    gain: gains.length === 0 ? Number.NaN : mean(gains),
    error,
    // Equal gains of a few seeds are counted in whole images: that they have no spread is chance.
    ...(error > ROUNDING ? { interval: pairedTest(accuracies(whole, "run"), accuracies(whole, "own")).interval } : {}),
    time: times.length === 0 ? Number.NaN : mean(times),
  };
}

const seedsOf = (count: number): string => `${count} seed${count === 1 ? "" : "s"}`;

/** Describes an effect, claiming no more than so few and short runs can support. */
export function describeEffect(effect: Effect): { readonly en: string; readonly zh: string } {
  const { gain, error, interval, time, runs, diverged } = effect;
  const lost =
    diverged === 0
      ? { en: "", zh: "" }
      : {
          en: `; with ${diverged} of ${seedsOf(runs.length)} a run diverged, which is excluded from the means`,
          zh: `；${runs.length} 个种子中有 ${diverged} 个的训练发散，未计入均值`,
        };
  if (Number.isNaN(gain)) return { en: `no figure${lost.en}`, zh: `无数值${lost.zh}` };
  const points = `${gain < 0 ? "−" : "+"}${(100 * Math.abs(gain)).toFixed(1)}`;
  const spread = Number.isNaN(error) ? "" : ` ± ${(100 * error).toFixed(1)}`;
  const isClear = interval !== undefined && (interval[0] > 0 || interval[1] < 0);
  const count = runs.length - diverged;
  return {
    en: `${points}${spread} points of accuracy, ${time.toFixed(2)} × the time per step, ${seedsOf(count)}${isClear ? "" : "; not enough to tell"}${lost.en}`,
    zh: `准确率 ${points}${spread} 个百分点，每步时间 ${time.toFixed(2)} 倍，${count} 个种子${isClear ? "" : "；不足以得出结论"}${lost.zh}`,
  };
}

/** Where activation and addition stand to each other, after a comma; nothing where it is not known. */
export function nameOrder({ order }: Pick<AdviceStudy, "order">): { readonly en: string; readonly zh: string } {
  if (order === "unknown") return { en: "", zh: "" };
  return { en: `, ${order}`, zh: order === "pre-activation" ? "，预激活" : "，后激活" };
}
