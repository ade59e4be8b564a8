import type { JSX } from "preact";
import type { Words } from "../../../report/words.ts";
import { movingMean } from "../../moving-mean.ts";
import { say } from "../language.ts";
import { Chart } from "../parts/chart.tsx";
import { describeTimeLeft } from "../time-left.ts";
import type { JudgeProgress } from "../../engine.ts";
import type { CurvePoint } from "../../curve-point.ts";
import type { TrainState } from "./state.ts";

/** Steps whose mean is shown: one small batch alone jumps. */
const meanOver = 10;

function describeJudging({ done, count }: JudgeProgress = { done: 0, count: 0 }): Words {
  const far = done === 0 ? { en: "", zh: "" } : { en: ` ${done} of ${count}`, zh: `第 ${done} 张，共 ${count} 张` };
  return { en: `Testing on the images held back …${far.en}`, zh: `正在用留出的图像测试……${far.zh}` };
}

/** What the training is doing, in one sentence. */
export function describePhase({ phase, curve, steps, secondsLeft, judging }: TrainState): Words {
  if (phase === "preparing") return { en: "Building the training graph …", zh: "正在构建训练图……" };
  if (phase === "judging") return describeJudging(judging);
  const step = curve.length;
  if (steps === undefined) return { en: `${step} steps trained`, zh: `已训练 ${step} 步` };
  const { en, zh } =
    secondsLeft === undefined ? { en: "", zh: "" } : (describeTimeLeft(secondsLeft) as { en: string; zh: string });
  return {
    en: `Step ${step} of ${steps}${phase === "training" && en !== "" ? `, ${en}` : ""}`,
    zh: `第 ${step} 步，共 ${steps} 步${phase === "training" && zh !== "" ? `，${zh}` : ""}`,
  };
}

const meansOf = (curve: readonly CurvePoint[], what: keyof CurvePoint): readonly number[] =>
  movingMean(
    curve.map((point) => point[what]),
    meanOver,
  );

/** Loss and accuracy by step, as they come. */
export function Curves({ state, color }: { readonly state: TrainState; readonly color: string }): JSX.Element {
  const { curve } = state;
  const steps = Math.max(2, state.steps ?? curve.length);
  const across = say({ en: `by step; mean of the last ${meanOver}`, zh: `按步；最近 ${meanOver} 步的平均` });
  const name = say({ en: "training", zh: "训练" });
  return (
    <div class="charts">
      <Chart
        title={say({ en: "Loss", zh: "损失" })}
        across={across}
        lines={[{ name, color, values: meansOf(curve, "loss") }]}
        steps={steps}
        range={[0, Math.max(1, Math.ceil(Math.max(0, ...meansOf(curve, "loss").filter(Number.isFinite))))]}
        format={(value) => value.toFixed(1)}
      />
      <Chart
        title={say({ en: "Accuracy on the training images", zh: "训练图像上的准确率" })}
        across={across}
        lines={[{ name, color, values: meansOf(curve, "accuracy") }]}
        steps={steps}
        range={[0, 1]}
        format={(value) => `${(100 * value).toFixed(0)} %`}
      />
    </div>
  );
}
