import type { JSX } from "preact";
import { raceBar, raceSettings } from "../../lessons/race.ts";
import { raceRecord } from "../../lessons/race-record.ts";
import { say } from "../language.ts";
import { DepthStrips } from "./depth-strips.tsx";
import { startRace } from "./live-race.ts";
import { Bet, Say, Screen, Source } from "./parts.tsx";
import { RaceView } from "./race-view.tsx";

const { seeds, plain, residual } = raceRecord;
/** How often the race went as the lesson says, recorded beforehand. */
const recordWords = {
  en: `Recorded beforehand with ${seeds} seeds: the plain network ended at ${plain.lowest.toFixed(2)} to ${plain.highest.toFixed(2)}, at chance in ${plain.held} of ${seeds}; the residual one at ${residual.lowest.toFixed(2)} to ${residual.highest.toFixed(2)}, below ${raceBar.residual} in ${residual.held} of ${seeds} (docs/results/shortcut-race.json).`,
  zh: `事先用 ${seeds} 个种子做过记录：普通网络最后的损失为 ${plain.lowest.toFixed(2)} 到 ${plain.highest.toFixed(2)}，${seeds} 次中有 ${plain.held} 次停在瞎猜的水平；残差网络为 ${residual.lowest.toFixed(2)} 到 ${residual.highest.toFixed(2)}，${seeds} 次中有 ${residual.held} 次低于 ${raceBar.residual}（docs/results/shortcut-race.json）。`,
};

/** Two networks, one bet; the bet starts the race. */
export function Hook(): JSX.Element {
  return (
    <Screen number={0} title={{ en: "Two deep networks. Does either learn?", zh: "两个深层网络，哪个学得会？" }}>
      <p>
        {say({
          en: "Both have the same layers, the same weights to begin with, the same handwritten digits. Only the wires differ.",
          zh: "层数相同，起始权重相同，看的是同一批手写数字。唯一的差别，是那些线。",
        })}
      </p>
      <Bet
        onBet={() => void startRace(56)}
        question={{
          ask: {
            en: "Place your bet, and both are trained right here: which one learns to read digits?",
            zh: "先猜，再当场训练它们：哪一个能学会认数字？",
          },
          choices: [
            { en: "The plain one", zh: "普通网络" },
            { en: "The one with wires", zh: "带线的那个" },
            { en: "Both", zh: "两个都能" },
          ],
          right: undefined,
          answer: {
            en: "They are being trained now. Read on meanwhile, or watch the curves part.",
            zh: "训练已经开始。可以先往下读，也可以看着两条曲线慢慢分开。",
          },
        }}
      />
      <figure>
        <DepthStrips depth={56} />
        <RaceView />
        <figcaption>
          {say({ en: "Loss: how wrong the network is. Lower is better.", zh: "损失：网络错得有多离谱，越低越好。" })}
        </figcaption>
      </figure>
      <Say
        words={{
          en: "Each wire is a shortcut. What it carries is its type.",
          zh: "每一根线就是一个快捷连接（shortcut）；线上传的是什么，就是它的类型（shortcut type）。",
        }}
      />
      <Source>
        {say({
          en: `Trained on this device: ${raceSettings.steps} steps of ${raceSettings.batch} digits, one cycle up to a rate of ${raceSettings.rate}, seed 0. ${recordWords.en} Digits: MNIST (LeCun, Cortes, Burges; CC BY-SA 3.0), 10×10.`,
          zh: `在这台设备上训练：${raceSettings.steps} 步，每步 ${raceSettings.batch} 个数字，单周期学习率峰值 ${raceSettings.rate}，种子 0。${recordWords.zh}数字取自 MNIST（LeCun、Cortes、Burges，CC BY-SA 3.0），缩到 10×10。`,
        })}
      </Source>
    </Screen>
  );
}
