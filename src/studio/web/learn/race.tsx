import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { raceBar, raceDepths, raceSettings } from "../../lessons/race.ts";
import { raceRecord, recordedRaces } from "../../lessons/race-record.ts";
import { say } from "../language.ts";
import { route } from "../route.ts";
import { DepthStrips } from "./depth-strips.tsx";
import { race, startRace } from "./live-race.ts";
import { Bet, Choice, Say, Screen, Source } from "./parts.tsx";
import { RaceView } from "./race-view.tsx";

/** Steps of a race: the lesson's, or those that the address asks for. */
function stepsOf(query: string): number {
  const asked = Number(new URLSearchParams(query).get("steps"));
  return Number.isInteger(asked) && asked >= 1 && asked <= 1000 ? asked : raceSettings.steps;
}

/** Those of the recorded races. */
const seeds = recordedRaces[0].plain.map((_, seed) => seed);

/** What was recorded at a depth before. */
function Recorded({ depth }: { readonly depth: number }): JSX.Element {
  const { plain, residual } = recordedRaces.find((each) => each.depth === depth)!;
  const list = (values: readonly number[]): string => values.map((value) => value.toFixed(2)).join(" · ");
  const { seeds: of, plain: chain, residual: wired } = raceRecord;
  return (
    <Source>
      {say({
        en: `Recorded with these settings at depth ${depth}, seeds 0 to ${plain.length - 1}, mean loss of the last ten steps: plain ${list(plain)}; residual ${list(residual)}.`,
        zh: `以同样的设置录制，深度 ${depth}，种子 0 至 ${plain.length - 1}，最后十步的平均损失：普通网络 ${list(plain)}；残差网络 ${list(residual)}。`,
      })}{" "}
      {say({
        en: `The bar, set beforehand for depth 56: plain at least ${raceBar.plain}, residual at most ${raceBar.residual}. The plain network met it in ${chain.held} of ${of} seeds, the residual one in ${wired.held}, in both orders (docs/results/shortcut-race.json, node scripts/shortcut-race.mjs).`,
        zh: `深度 56 事先定下的标准：普通网络不低于 ${raceBar.plain}，残差网络不高于 ${raceBar.residual}。${of} 个种子中，普通网络有 ${chain.held} 个达到，残差网络有 ${wired.held} 个，先后顺序对调也一样（docs/results/shortcut-race.json，node scripts/shortcut-race.mjs）。`,
      })}
    </Source>
  );
}

/** Real training, at a depth of the learner's choice. */
export function Race(): JSX.Element {
  const depth = useSignal<number>(20);
  const seed = useSignal<number>(0);
  const { isRunning } = race.state.value;
  return (
    <Screen number={4} title={{ en: "Is it the depth?", zh: "问题出在深度吗？" }}>
      <p>
        {say({
          en: "Train them again, with fewer layers. The digits, their order and the number of steps stay the same.",
          zh: "再训练一次，这回少几层。数字、顺序、步数都不变。",
        })}
      </p>
      <Bet
        question={{
          ask: { en: "20 layers instead of 56. The plain network …", zh: "20 层，而不是 56 层。普通网络会……" },
          choices: [
            { en: "fails as before", zh: "照样学不会" },
            { en: "learns as well", zh: "也学得会" },
          ],
          right: undefined,
          answer: {
            en: "Press Go and find out. Then try 32, and 56 once more.",
            zh: "按“开始”看结果，再试 32 层，最后回到 56 层。",
          },
        }}
      />
      <figure>
        <DepthStrips depth={depth.value} />
        <div class="controls">
          <Choice
            label={{ en: "Layers", zh: "层数" }}
            value={depth}
            disabled={isRunning}
            choices={raceDepths.map((each) => [each, String(each)] as const)}
          />
          <Choice
            label={{ en: "Seed: another start", zh: "种子：换一个起点" }}
            value={seed}
            disabled={isRunning}
            choices={seeds.map((each) => [each, String(each)] as const)}
          />
          <button
            type="button"
            class="primary"
            id="race-go"
            onClick={() =>
              isRunning ? race.stop() : void startRace(depth.value, stepsOf(route.value.query), seed.value)
            }
          >
            {say(isRunning ? { en: "Stop", zh: "停止" } : { en: "Go", zh: "开始" })}
          </button>
        </div>
        <RaceView />
      </figure>
      <Say
        words={{
          en: "Compare the depths: same layers, same data. The shortcut is what makes depth usable.",
          zh: "比一比不同的深度：层相同，数据相同。深度能派上用场，靠的是快捷连接。",
        }}
      />
      <Recorded depth={depth.value} />
    </Screen>
  );
}
