import type { JSX } from "preact";
import type { Words } from "../../../report/words.ts";
import { sources } from "../../lessons/published.ts";
import { raceJobs, raceSettings } from "../../lessons/race.ts";
import { say } from "../language.ts";
import { CutButtons } from "../parts/cut-buttons.tsx";
import { Problem } from "../parts/problem.tsx";
import { type CutLane, createCutLane } from "./cut-state.ts";
import { Bet, Say, Screen, Source } from "./parts.tsx";

/** Layers at which both networks learn. */
const depth = 20;
const lanes: readonly { readonly title: Words; readonly kind: "plain" | "residual"; readonly lane: CutLane }[] = [
  { title: { en: "plain", zh: "普通网络" }, kind: "plain", lane: createCutLane() },
  { title: { en: "residual", zh: "残差网络" }, kind: "residual", lane: createCutLane() },
];

function trainBoth(): void {
  raceJobs(depth, 0).forEach((job, place) => void lanes[place].lane.train(job));
}

const isTraining = (): boolean =>
  lanes.some(({ lane: { state } }) => state.value.step !== undefined && state.value.blocks === undefined);

/** How a network stands: its steps, or how many digits it gets right. */
function Standing({ lane }: { readonly lane: CutLane }): JSX.Element {
  const { step, blocks, removed, whole, score } = lane.state.value;
  if (whole === undefined || blocks === undefined)
    return (
      <span>
        {step === undefined
          ? say({ en: "not trained yet", zh: "尚未训练" })
          : say({
              en: `step ${step} of ${raceSettings.steps}`,
              zh: `第 ${step} 步，共 ${raceSettings.steps} 步`,
            })}
      </span>
    );
  const { correct, count } = score ?? whole;
  const pathsLeft = 2 ** (blocks.length - removed.length);
  return (
    <>
      <span>
        {score === undefined
          ? say({ en: "is being tested …", zh: "正在测试……" })
          : say({
              en: `of ${count} unseen digits right; ${whole.correct} as trained`,
              zh: `个没见过的数字认对（共 ${count} 个）；训练后为 ${whole.correct}`,
            })}
        {lane === lanes[1].lane && (
          <small>
            {" "}
            ·{" "}
            {say({
              en: `${pathsLeft} of ${2 ** blocks.length} paths`,
              zh: `${2 ** blocks.length} 条路径剩 ${pathsLeft} 条`,
            })}
          </small>
        )}
      </span>
      <b>{score === undefined ? "…" : correct}</b>
    </>
  );
}

function Blocks({ lane, title }: { readonly lane: CutLane; readonly title: Words }): JSX.Element | null {
  const { blocks, removed } = lane.state.value;
  if (blocks === undefined) return null;
  return (
    <CutButtons
      title={title}
      blocks={blocks}
      removed={removed}
      reason={{
        en: "Its shapes differ: with no wire, nothing would pass.",
        zh: "前后形状不同：没有线，就什么也传不过去。",
      }}
      show={(_, place) => say({ en: `block ${place + 1}`, zh: `块 ${place + 1}` })}
      toggle={lane.toggle}
    >
      <button type="button" class="quiet" disabled={removed.length === 0} onClick={lane.restore}>
        {say({ en: "Put all back", zh: "全部放回" })}
      </button>
    </CutButtons>
  );
}

/** Blocks of trained networks, cut out by a click. */
export function Cut(): JSX.Element {
  const isBusy = isTraining();
  const isTrained = lanes.some(({ lane }) => lane.state.value.blocks !== undefined);
  return (
    <Screen number={7} title={{ en: "Cut it", zh: "剪一刀" }}>
      <p>
        {say({
          en: "A trained network, whole layers of which are taken out, with no training afterwards. Surely it breaks?",
          zh: "把训练好的网络整块拿掉几层，而且不再训练。它总该坏了吧？",
        })}
      </p>
      <Bet
        question={{
          ask: { en: "One block is cut out of each network. What happens?", zh: "从两个网络里各剪掉一个块，会怎样？" },
          choices: [
            { en: "both forget everything", zh: "两个都忘光" },
            { en: "the plain one forgets, the residual one hardly does", zh: "普通网络忘光，残差网络几乎没事" },
            { en: "both hardly notice", zh: "两个都几乎没事" },
          ],
          right: 1,
          answer: {
            en: "See for yourself: train both, then click a block. Try the last ones, then the first.",
            zh: "亲手试试：先训练两个网络，再点一个块。先试后面的，再试第一个。",
          },
        }}
      />
      <figure>
        <div class="controls">
          <button
            type="button"
            class="primary"
            id="cut-go"
            onClick={() => (isBusy ? lanes.forEach(({ lane }) => lane.stop()) : trainBoth())}
          >
            {isBusy
              ? say({ en: "Stop", zh: "停止" })
              : isTrained
                ? say({ en: "Train both again", zh: "重新训练" })
                : say({ en: "Train both", zh: "训练两个网络" })}
          </button>
        </div>
        <div class="sums cut-lanes" aria-live="polite">
          {lanes.map(({ title, kind, lane }) => (
            <div key={kind}>
              <p class={`of-${kind}`}>
                {say(title)} <Standing lane={lane} />
              </p>
              <Blocks lane={lane} title={title} />
              <Problem words={lane.state.value.problem} />
            </div>
          ))}
        </div>
      </figure>
      <Say
        words={{
          en: "A plain network is one path: cut it anywhere, and nothing that was learnt still fits. Through n blocks with wires lead 2ⁿ paths; a cut takes half of them and leaves the rest.",
          zh: "普通网络只有一条路：随便剪哪里，后面学到的就全对不上了。n 个带线的块有 2ⁿ 条路径；剪一刀去掉一半，另一半还在。",
        }}
      />
      <Source>
        {say({
          en: `Trained here: ${depth} layers, ${raceSettings.steps} steps of ${raceSettings.batch} digits, seed 0; tested here on 1,000 digits held back, with the block's wire alone in place of the block. The first to do so: `,
          zh: `在本页训练：${depth} 层，${raceSettings.steps} 步，每步 ${raceSettings.batch} 个数字，种子 0；在本页用留出的 1000 个数字测试，被剪的块只留下它的线。最早的实验：`,
        })}
        <a href={sources.paths.address}>{sources.paths.text}</a>
      </Source>
    </Screen>
  );
}
