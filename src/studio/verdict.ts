import { namedP, type Words } from "../report/words.ts";
import { correctPValues } from "../statistics/correction.ts";
import { pairedTest } from "../statistics/t-tests.ts";
import { wilsonInterval } from "../statistics/wilson.ts";

/** A network's share of held-back images classified correctly, by seed. */
export interface TestedNetwork {
  readonly name: string;
  /** Correct images for each seed; the seeds of all networks are the same, in the same order. */
  readonly correct: readonly number[];
  /** Held-back images. */
  readonly count: number;
}

/** Fewer seeds than these give a test that can hardly find anything. */
const LEAST_SEEDS = 5;

const percent = (share: number): string => (100 * share).toFixed(1);
const points = (share: number): string => (100 * Math.abs(share)).toFixed(1);

/** Networks whose figure could be chance's: their interval holds one in ten. @param classes how many there are */
function describeChance(networks: readonly TestedNetwork[], classes: number): readonly Words[] {
  const guesses = networks.filter(({ correct, count }) =>
    correct.every((each) => {
      const [low, high] = wilsonInterval(each, count);
      return low <= 1 / classes && 1 / classes <= high;
    }),
  );
  if (guesses.length === 0) return [];
  const names = guesses.map(({ name }) => name).join(", ");
  const chance = percent(1 / classes);
  return [
    {
      en: `${names}: no better than guessing, which gets ${chance} % right.`,
      zh: `${names}：不比猜测好，猜测的准确率是 ${chance} %。`,
    },
  ];
}

/** Each further network against the first, by paired t tests with Holm's correction. */
function describeTests([first, ...others]: readonly TestedNetwork[]): readonly Words[] {
  const shares = ({ correct, count }: TestedNetwork): readonly number[] => correct.map((each) => each / count);
  const tests = others.map((other) => pairedTest(shares(other), shares(first)));
  const corrected = correctPValues(
    tests.map(({ p }) => p),
    "holm",
  );
  return others.map(({ name }, index): Words => {
    const { difference, interval } = tests[index];
    const p = corrected[index];
    const [low, high] = interval.map((each) => (100 * each).toFixed(1).replace("-", "−"));
    const shown = namedP(p);
    if (p >= 0.05)
      return {
        en: `${name} and ${first.name}: not enough to tell (95 % interval of the difference ${low} to ${high} points, ${shown}).`,
        zh: `${name} 与 ${first.name}：不足以判断（差值的 95 % 区间为 ${low} 到 ${high} 个百分点，${shown}）。`,
      };
    const isAbove = difference > 0;
    return {
      en: `${name} is ${points(difference)} points ${isAbove ? "above" : "below"} ${first.name} (95 % interval ${low} to ${high}, ${shown}).`,
      zh: `${name} 比 ${first.name} ${isAbove ? "高" : "低"} ${points(difference)} 个百分点（95 % 区间 ${low} 到 ${high}，${shown}）。`,
    };
  });
}

function describeSeeds(seeds: number): Words {
  const left = LEAST_SEEDS - seeds;
  const [one, more] = [seeds === 1, left === 1];
  return {
    en: `${one ? "One seed" : `${seeds} seeds`}: not enough to tell how much of a difference is the seed's. Train ${left} more.`,
    zh: `${one ? "只有一个种子" : `只有 ${seeds} 个种子`}：不足以判断差异有多少来自种子。再训练 ${more ? "一" : left} 个。`,
  };
}

/**
 * What a race shows and what it does not, in sentences.
 *
 * @param networks of one race, trained to the end with the same seeds
 * @param classes of the images
 */
export function judgeRace(networks: readonly TestedNetwork[], classes: number): readonly Words[] {
  const seeds = networks[0].correct.length;
  const chance = describeChance(networks, classes);
  if (networks.length < 2) return chance;
  if (seeds < LEAST_SEEDS) return [...chance, describeSeeds(seeds)];
  const source: Words = {
    en: `${seeds} seeds, paired t tests against ${networks[0].name}, corrected after Holm.`,
    zh: `${seeds} 个种子，与 ${networks[0].name} 作配对 t 检验，按 Holm 校正。`,
  };
  return [...chance, ...describeTests(networks), source];
}
