import type { Words } from "../../../report/words.ts";
import type { RaceStep } from "../../engine.ts";
import { showShare } from "../../share.ts";
import type { LaneState } from "../race-state.ts";

/** Steps whose mean is shown: one small batch alone jumps. */
export const meanOver = 10;

/** The mean of the last steps; none before the first. */
export function lastMean(steps: readonly RaceStep[], what: "loss" | "accuracy"): number | undefined {
  const last = steps.slice(-meanOver);
  return last.length === 0 ? undefined : last.reduce((sum, step) => sum + step[what], 0) / last.length;
}

function describeEnd({ result, steps }: LaneState): Words {
  if (result === undefined || result.status === "stopped")
    return { en: `Stopped after ${steps.length} steps.`, zh: `在 ${steps.length} 步后停止。` };
  if (result.status === "diverged")
    return {
      en: `Diverged at step ${result.steps + 1}: its numbers left all bounds. Lower the rate.`,
      zh: `在第 ${result.steps + 1} 步发散：数值超出一切界限。请降低学习率。`,
    };
  const { correct, count } = result.test!;
  const share = showShare(correct, count);
  return {
    en: `Held-back digits right: ${share}`,
    zh: `留出的数字中正确：${share}`,
  };
}

/** What a network is doing, in one sentence. */
export function describeLane(lane: LaneState | undefined): Words {
  if (lane === undefined || lane.phase === "waiting") return { en: "Not trained yet.", zh: "尚未训练。" };
  switch (lane.phase) {
    case "loading":
      return { en: "Loading …", zh: "正在加载……" };
    case "compiling":
      return { en: "Building its training graph …", zh: "正在构建训练图……" };
    case "training":
      return { en: "Training …", zh: "正在训练……" };
    case "testing":
      return { en: "Testing on digits held back …", zh: "正在用留出的数字测试……" };
    case "ended":
      return describeEnd(lane);
  }
}
