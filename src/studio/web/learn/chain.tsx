import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { formatFactor, traceChain } from "../../lessons/chain.ts";
import { say } from "../language.ts";
import { Curves } from "./curves.tsx";
import { Bet, Say, Screen, Slider } from "./parts.tsx";

/** Powers of ten that the axis spans. */
const [lowest, highest] = [-6, 6];
const log = (value: number): number => Math.log10(Math.max(value, 1e-300));

/** A signal along a chain of numbers, with and without the wire. */
export function Chain(): JSX.Element {
  const depth = useSignal(56);
  const weight = useSignal(0.9);
  const residual = useSignal(0.02);
  const trace = traceChain(depth.value, weight.value, residual.value);
  const plain = formatFactor(trace.plain.at(-1)!);
  const wired = formatFactor(trace.residual.at(-1)!);
  return (
    <Screen number={1} title={{ en: "A chain forgets", zh: "链条会遗忘" }}>
      <p>
        {say({
          en: "Make it simple: every layer is one number, its weight w. The signal 1 enters; every layer multiplies it by w.",
          zh: "先简化到底：每一层只是一个数，即权重 w。信号 1 从一端进去，每过一层就乘一次 w。",
        })}
      </p>
      <Bet
        question={{
          ask: { en: "56 layers with w = 0.9. How much of the signal is left?", zh: "56 层，w = 0.9。信号还剩多少？" },
          choices: [
            { en: "about a half", zh: "大约一半" },
            { en: "about a tenth", zh: "大约十分之一" },
            { en: "about 3 in 1,000", zh: "大约千分之三" },
          ],
          right: 2,
          answer: {
            en: "0.9 to the power of 56 is 0.00274. Powers are merciless; move w a little above 1 and it explodes instead.",
            zh: "0.9 的 56 次方是 0.00274。乘方毫不留情；把 w 调到略大于 1，它又会爆炸。",
          },
        }}
      />
      <figure>
        <Curves
          label={{
            en: `After ${depth.value} layers the signal is ${plain} without the wire and ${wired} with it`,
            zh: `过 ${depth.value} 层之后，没有线时信号为 ${plain}，有线时为 ${wired}`,
          }}
          curves={[
            { name: { en: "no wire", zh: "没有线" }, color: "--plain", values: trace.plain.map(log), end: plain },
            { name: { en: "with wire", zh: "有线" }, color: "--pad", values: trace.residual.map(log), end: wired },
          ]}
          count={101}
          firstX={0}
          y={{
            from: lowest,
            to: highest,
            ticks: [
              [-6, "10⁻⁶"],
              [-3, "10⁻³"],
              [0, "1"],
              [3, "10³"],
              [6, "10⁶"],
            ],
          }}
          x={{ en: "layer", zh: "层" }}
        />
        <div class="controls">
          <Slider label={{ en: "Depth", zh: "深度" }} value={depth} min={1} max={100} step={1} />
          <Slider
            label={{ en: "Weight w", zh: "权重 w" }}
            value={weight}
            min={0.8}
            max={1.2}
            step={0.01}
            text={(value) => value.toFixed(2)}
          />
          <Slider
            label={{ en: "Share r of the layer", zh: "层所占的比重 r" }}
            value={residual}
            min={0}
            max={0.1}
            step={0.005}
            text={(value) => value.toFixed(3)}
          />
        </div>
        <div class="sums" aria-live="polite">
          <p class="of-plain">
            <span>{say({ en: "no wire", zh: "没有线" })}</span>
            <span class="formula">
              w<sup>{depth.value}</sup> = {weight.value.toFixed(2)}
              <sup>{depth.value}</sup> =
            </span>
            <b id="chain-plain">{plain}</b>
          </p>
          <p class="of-residual">
            <span>{say({ en: "with wire", zh: "有线" })}</span>
            <span class="formula">
              (1 + r·w)<sup>{depth.value}</sup> =
            </span>
            <b>{wired}</b>
          </p>
        </div>
      </figure>
      <p>
        {say({
          en: "With a wire around it, a layer only adds its share: the signal becomes 1 times itself, plus r·w times itself. That 1 is the wire. Gradients run the same chain backwards and meet the same 1.",
          zh: "旁边加一根线，这一层就只负责“添一点”：信号变成自身的 1 倍，再加 r·w 倍。这个 1 就是那根线。梯度沿同一条链反向走，遇到的也是这个 1。",
        })}
      </p>
      <Say
        words={{
          en: "Without the wire, every layer replaces the signal. With it, every layer only adds to it.",
          zh: "没有线，每一层都在替换信号；有了线，每一层只是往上添一点。",
        }}
      />
    </Screen>
  );
}
