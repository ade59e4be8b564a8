import type { JSX } from "preact";
import type { Words } from "../../../report/words.ts";
import { judgeRace, lastLoss, type RaceVerdict } from "../../lessons/race.ts";
import { say } from "../language.ts";
import { sayMessage } from "../message.ts";
import type { LaneState, Phase } from "../race-state.ts";
import { race, shownLanes } from "./live-race.ts";
import { LossChart } from "./loss-chart.tsx";

const verdicts: Readonly<Record<RaceVerdict, Words>> = {
  residual: { en: "Only the one with wires has learned.", zh: "只有带线的网络学会了。" },
  ahead: {
    en: "The one with wires is clearly ahead, but so few steps do not settle it.",
    zh: "带线的网络明显领先，但这么几步还不足以定胜负。",
  },
  both: { en: "Both have learned.", zh: "两个都学会了。" },
  neither: { en: "Neither has learned yet.", zh: "两个都还没学会。" },
  unclear: { en: "So few steps do not settle it.", zh: "这么几步还分不出结果。" },
};

const phases: Readonly<Partial<Record<Phase, Words>>> = {
  waiting: { en: "not trained yet", zh: "尚未训练" },
  loading: { en: "is being loaded …", zh: "正在加载……" },
  compiling: { en: "is being built …", zh: "正在搭建……" },
  testing: { en: "is being tested …", zh: "正在测试……" },
};

/** How a lane stands, in words. */
function describeLane({ job, phase, steps, result }: LaneState): Words {
  if (result === undefined)
    return (
      phases[phase] ?? { en: `step ${steps.length} of ${job.steps}`, zh: `第 ${steps.length} 步，共 ${job.steps} 步` }
    );
  const { status, test } = result;
  if (status === "diverged") return { en: "diverged", zh: "训练发散" };
  if (test === undefined) return { en: `stopped at step ${result.steps}`, zh: `停在第 ${result.steps} 步` };
  return {
    en: `${test.correct} of ${test.count} unseen digits right`,
    zh: `${test.count} 个没见过的数字认对 ${test.correct} 个`,
  };
}

const lossesOf = ({ steps }: LaneState): readonly number[] => steps.map(({ loss }) => loss);

/** What the race came to, once both networks have had all their steps. */
function Verdict(): JSX.Element | null {
  const lanes = shownLanes();
  if (!lanes.every(({ result }) => result?.status === "done")) return null;
  const [plain, residual] = lanes.map((lane) => lastLoss(lossesOf(lane)) ?? Number.NaN);
  const [{ job }] = lanes;
  return (
    <p class="verdict">
      <b>{say(verdicts[judgeRace(plain, residual)])}</b>{" "}
      {say({
        en: `Depth ${job.depth}, mean loss of the last ten steps: plain ${plain.toFixed(3)}, residual ${residual.toFixed(3)}.`,
        zh: `深度 ${job.depth}，最后十步的平均损失：普通网络 ${plain.toFixed(3)}，残差网络 ${residual.toFixed(3)}。`,
      })}
    </p>
  );
}

/** The race that runs or was run last: its curves, where both networks stand, and what it came to. */
export function RaceView(): JSX.Element {
  const [plain, residual] = shownLanes();
  const { problem } = race.state.value;
  return (
    <>
      <LossChart plain={lossesOf(plain)} residual={lossesOf(residual)} steps={plain.job.steps} />
      <div class="sums">
        {[plain, residual].map((lane, place) => (
          <p key={place} class={place === 0 ? "of-plain" : "of-residual"}>
            <span>
              {say(place === 0 ? { en: "plain", zh: "普通网络" } : { en: "residual", zh: "残差网络" })} ·{" "}
              {say(describeLane(lane))}
            </span>
            <b>{lane.steps.at(-1)?.loss.toFixed(3) ?? "–"}</b>
          </p>
        ))}
      </div>
      <div aria-live="polite">
        <Verdict />
        {problem !== undefined && (
          <p class="problem">
            {say({ en: "The race ended:", zh: "训练中断：" })} {sayMessage(problem)}
          </p>
        )}
      </div>
    </>
  );
}
