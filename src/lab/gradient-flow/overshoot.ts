import type { FlowStudy, NetworkFlow } from "./study.ts";
import { median } from "../../statistics/summary.ts";

interface Sentence {
  readonly en: string;
  readonly zh: string;
}

/** A loss counts as risen once it is so many times what it began with. */
const RISEN = 1.2;

const digits = (value: number): string => String(Number(value.toPrecision(3)));

/** The median over the layers of how much the first update changes a weight, as a share of it; one that starts at 0 has none. */
function firstUpdate({ profiles }: NetworkFlow): number | undefined {
  const updates = profiles[0].layers.flatMap(({ update = Number.NaN }) => (Number.isFinite(update) ? [update] : []));
  return updates.length === 0 ? undefined : median(updates);
}

/** A network whose loss rises before it falls, or instead: by how much, when, what became of it, and what the updates have to do with it. */
function describeRise(network: NetworkFlow, others: readonly NetworkFlow[]): Sentence | undefined {
  const { label, profiles } = network;
  const [first, last] = [profiles[0], profiles.at(-1)!];
  const peak = profiles.reduce((a, b) => (b.loss > a.loss ? b : a));
  if (!(peak.loss > RISEN * first.loss)) return undefined;
  const isBack = last.loss < (first.loss + peak.loss) / 2;
  const own = firstUpdate(network);
  const calm = others
    .flatMap((other) => {
      const update = firstUpdate(other);
      return update === undefined ? [] : [{ label: other.label, update }];
    })
    .toSorted((a, b) => a.update - b.update)[0];
  const percent = (share: number): string => `${digits(100 * share)} %`;
  const cause =
    own === undefined
      ? { en: "", zh: "" }
      : calm === undefined || own <= calm.update
        ? {
            en: ` Its first update changes a layer's weight by ${percent(own)} (median).`,
            zh: `其首次更新使每层权重改变 ${percent(own)}（中位数）。`,
          }
        : {
            en: ` Its first update changes a layer's weight by ${percent(own)} (median), that of ${calm.label} by ${percent(calm.update)}.`,
            zh: `其首次更新使每层权重改变 ${percent(own)}（中位数），${calm.label} 为 ${percent(calm.update)}。`,
          };
  const en = `The loss of ${label} first rises, from ${digits(first.loss)} to ${digits(peak.loss)} at step ${peak.step}`;
  const zh = `${label} 的损失先升高：由 ${digits(first.loss)} 升至第 ${peak.step} 步的 ${digits(peak.loss)}`;
  return isBack
    ? {
        en: `${en}, and is ${digits(last.loss)} at step ${last.step}.${cause.en} The first steps overshoot: the learning rate is constant here and does not warm up. That says how large the first steps are, not how well the network ends.`,
        zh: `${zh}，第 ${last.step} 步为 ${digits(last.loss)}。${cause.zh}这是最初几步步子过大：此处学习率恒定、没有预热。这只说明最初的步子有多大，不说明网络最终有多好。`,
      }
    : {
        en: `${en}, and is still ${digits(last.loss)} at step ${last.step}, the last one.${cause.en} The learning rate, constant here and without warm-up, is too high for its first steps; follow more steps or lower the rate before comparing losses.`,
        zh: `${zh}，到最后的第 ${last.step} 步仍为 ${digits(last.loss)}。${cause.zh}此处学习率恒定、没有预热，对它最初几步过高；比较损失之前，请观察更多步或降低学习率。`,
      };
}

/** What a newcomer could read wrong in the losses along training. */
export function describeOvershoots({ networks }: Pick<FlowStudy, "networks">): readonly Sentence[] {
  return networks.flatMap(
    (network) =>
      describeRise(
        network,
        networks.filter((other) => other !== network),
      ) ?? [],
  );
}
