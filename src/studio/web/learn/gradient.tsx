import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { formatFactor } from "../../lessons/chain.ts";
import { flowRatios } from "../../lessons/published.ts";
import { say } from "../language.ts";
import { Curves } from "./curves.tsx";
import { race, shownLanes, startRace } from "./live-race.ts";
import { Bet, Say, Screen, Slider, Source } from "./parts.tsx";

const log = (value: number): number => Math.log10(Math.max(value, 1e-30));

/** First block over last, in words; a dash before anything is measured. */
const ratioOf = (blocks: readonly number[]): string =>
  blocks.length === 0 ? "–" : formatFactor(blocks[0] / blocks.at(-1)!);

const ticks = [
  [-4, "10⁻⁴"],
  [-2, "10⁻²"],
  [0, "1"],
  [2, "10²"],
  [4, "10⁴"],
] as const;

/** The gradients of the race that was run last, at one of its steps. */
function Measured(): JSX.Element {
  const moment = useSignal(1);
  const [plain, residual] = shownLanes();
  const { isRunning } = race.state.value;
  const known = Math.min(plain.steps.length, residual.steps.length);
  const step = Math.min(moment.value, Math.max(known, 1));
  const normsOf = ({ steps }: typeof plain): readonly number[] => (known === 0 ? [] : steps[step - 1].blockNorms);
  const [chain, wired] = [normsOf(plain), normsOf(residual)];
  return (
    <>
      <Curves
        label={{
          en: `Step ${step}: first block over last block, plain ${ratioOf(chain)}, residual ${ratioOf(wired)}`,
          zh: `第 ${step} 步：第一个块与最后一个块之比，普通网络 ${ratioOf(chain)}，残差网络 ${ratioOf(wired)}`,
        }}
        curves={[
          {
            name: { en: "plain", zh: "普通" },
            color: "--plain",
            values: chain.map(log),
            end: formatFactor(chain.at(-1) ?? 0),
          },
          {
            name: { en: "residual", zh: "残差" },
            color: "--pad",
            values: wired.map(log),
            end: formatFactor(wired.at(-1) ?? 0),
          },
        ]}
        count={(plain.job.depth - 2) / 2}
        y={{ from: -4, to: 4, ticks }}
        x={{ en: "block", zh: "块" }}
      />
      <div class="controls">
        {known === 0 ? (
          <button type="button" class="primary" disabled={isRunning} onClick={() => void startRace(56)}>
            {say(
              isRunning
                ? { en: "Being built …", zh: "正在搭建……" }
                : { en: "Train both and measure", zh: "训练两个网络并测量" },
            )}
          </button>
        ) : (
          <Slider label={{ en: "Training step", zh: "训练步" }} value={moment} min={1} max={known} step={1} />
        )}
      </div>
      <div class="sums">
        <p class="of-plain">
          <span>{say({ en: "plain, first block : last block", zh: "普通网络，首块 : 末块" })}</span>
          <b>{ratioOf(chain)}</b>
        </p>
        <p class="of-residual">
          <span>{say({ en: "residual, first block : last block", zh: "残差网络，首块 : 末块" })}</span>
          <b>{ratioOf(wired)}</b>
        </p>
      </div>
    </>
  );
}

/** How the gradient looks along the blocks while the networks train. */
export function Gradient(): JSX.Element {
  const { plain, residual } = flowRatios;
  return (
    <Screen number={3} title={{ en: "What the first layer gets to hear", zh: "第一层听得到什么" }}>
      <p>
        {say({
          en: "A network learns from a gradient that runs backwards, from the last block to the first. The figure shows its size in every block of the two networks that you have raced.",
          zh: "网络靠反向传播的梯度来学习，梯度从最后一个块一路走到第一个块。下图就是你那两个网络每个块里梯度的大小。",
        })}
      </p>
      <Bet
        question={{
          ask: {
            en: "At the very first step, on its way to the front of a plain network with batch norm, the gradient …",
            zh: "在第一步，带批归一化的普通网络里，梯度一路往前走，会……",
          },
          choices: [
            { en: "dies out", zh: "逐渐消失" },
            { en: "explodes", zh: "越来越大" },
            { en: "stays the same", zh: "保持不变" },
          ],
          right: 1,
          answer: {
            en: `Against the folk tale, it explodes first: on larger images we measured ${plain.start} times as much in the first layer as in the last, and after ${flowRatios.steps} steps ${plain.end} times. With wires: ${residual.start}, and then ${residual.end}.¹`,
            zh: `与常见的说法相反，它先是爆炸：在更大的图像上，我们测得第一层的梯度是最后一层的 ${plain.start} 倍，${flowRatios.steps} 步之后只剩 ${plain.end} 倍。有线的网络：先是 ${residual.start}，后是 ${residual.end}。¹`,
          },
        }}
      />
      <figure>
        <Measured />
      </figure>
      <Say
        words={{
          en: "Through the wire, every block hears the loss directly.",
          zh: "有了线，每个块都能直接听到损失的声音。",
        }}
      />
      <Source>
        {say({
          en: "Figure: ‖∂L/∂W‖ of each block's first convolution, measured during the race. ¹ MNIST at 28×28, depth 56, projections where the shape changes: docs/gradient-flow.md.",
          zh: "图：各块第一个卷积的 ‖∂L/∂W‖，比赛时测得。¹ 28×28 的 MNIST，深度 56，形状改变处用投影：docs/gradient-flow.zh-CN.md。",
        })}
      </Source>
    </Screen>
  );
}
