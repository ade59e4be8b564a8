import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import type { Words } from "../../../report/words.ts";
import { chainProduct, formatFactor } from "../../lessons/chain.ts";
import { type OnTheWire, sources, type WireRow, wireRows } from "../../lessons/published.ts";
import { say } from "../language.ts";
import { Bet, Say, Screen, Source } from "./parts.tsx";

/** Blocks of ResNet-110. */
const blocks = 54;

const things: { readonly [Put in OnTheWire]: { readonly name: Words; readonly sign: string; readonly says: Words } } = {
  nothing: {
    name: { en: "nothing: x as it is", zh: "什么都不放：x 原样" },
    sign: "",
    says: { en: "x arrives as it left. Nothing does better.", zh: "x 怎么出发就怎么到达，没有更好的了。" },
  },
  gate: {
    name: { en: "a gate on the wire", zh: "线上一扇门" },
    sign: "1−g",
    says: {
      en: "(1−g)·x + F(x). With a bias of −6 the gate starts almost open, so it is almost a bare wire.",
      zh: "(1−g)·x + F(x)。偏置取 −6，门一开始几乎全开，所以它差不多就是一根裸线。",
    },
  },
  "exclusive-gate": {
    name: { en: "a gate on both ways", zh: "两条路共用一扇门" },
    sign: "1−g",
    says: {
      en: "(1−g)·x + g·F(x). What F gains the wire loses.",
      zh: "(1−g)·x + g·F(x)。F 多得一分，线上就少一分。",
    },
  },
  projection: {
    name: { en: "a 1×1 convolution everywhere", zh: "处处 1×1 卷积" },
    sign: "1×1",
    says: {
      en: "More parameters, and a worse result: x must pass through a matrix in every block.",
      zh: "参数更多，结果反而更差：x 在每个块都得过一个矩阵。",
    },
  },
  half: {
    name: { en: "half: 0.5·x + 0.5·F(x)", zh: "减半：0.5·x + 0.5·F(x)" },
    sign: "×½",
    says: {
      en: `Half of half of half … after ${blocks} blocks x is left with ${formatFactor(chainProduct(blocks, 0.5))}.`,
      zh: `一半的一半的一半……过了 ${blocks} 个块，x 只剩 ${formatFactor(chainProduct(blocks, 0.5))}。`,
    },
  },
  dropout: {
    name: { en: "dropout on the wire", zh: "线上做 dropout" },
    sign: "p=½",
    says: {
      en: "In the mean it is half again. The paper's network does not train.",
      zh: "平均下来又是减半。论文中的网络根本训练不起来。",
    },
  },
};

/** A block with something on its wire. */
function Wired({ sign }: { readonly sign: string }): JSX.Element {
  return (
    <svg class="wired" viewBox="0 0 300 120" aria-hidden="true">
      <path class="main" d="M30,88 H100 M172,88 H218 M246,88 H284" />
      <rect class="box" x="100" y="66" width="72" height="44" rx="8" />
      <text class="letter" x="136" y="96">
        F
      </text>
      <path class="wire on" d="M50,88 C50,34 66,28 136,28 S232,34 232,72" />
      <circle class="plus on" cx="232" cy="88" r="14" />
      <path class="cross on" d="M225,88 h14 M232,81 v14" />
      <text class="letter" x="16" y="95">
        x
      </text>
      {sign !== "" && (
        <g>
          <rect class="stop" x="106" y="12" width="60" height="32" rx="8" />
          <text class="stop-text" x="136" y="34">
            {sign}
          </text>
        </g>
      )}
    </svg>
  );
}

/** Length of a bar, as a share of the widest. */
const bar = (percent: number, of: number): string => `${((100 * percent) / of).toFixed(1)}%`;

function Row({
  row,
  isChosen,
  choose,
}: {
  readonly row: WireRow;
  readonly isChosen: boolean;
  readonly choose: () => void;
}): JSX.Element {
  const { put, error, accuracy } = row;
  return (
    <tr class={isChosen ? "chosen" : ""}>
      <th scope="row">
        <label>
          <input type="radio" name="on-the-wire" checked={isChosen} onChange={choose} /> {say(things[put].name)}
        </label>
      </th>
      <td>
        {error === undefined ? (
          <span class="fails">{say({ en: "does not train", zh: "训练失败" })}</span>
        ) : (
          <>
            <i class="bar bad" style={{ width: bar(error, 26) }} /> {error.toFixed(2)} %
          </>
        )}
      </td>
      <td>
        <i class="bar" style={{ width: bar(accuracy, 130) }} /> {accuracy.toFixed(2)} %
      </td>
    </tr>
  );
}

/** What happens if something stands on the wire. */
export function Wire(): JSX.Element {
  const put = useSignal<OnTheWire>("nothing");
  return (
    <Screen number={6} title={{ en: "Leave the wire alone", zh: "别动那根线" }}>
      <p>
        {say({
          en: "If a bare wire is good, is a clever one better? The authors of ResNet put all sorts of things on it and trained 110 layers.",
          zh: "裸线已经很好，那聪明一点的线会不会更好？ResNet 的作者把各种东西放到线上，训练了 110 层的网络。",
        })}
      </p>
      <Bet
        question={{
          ask: {
            en: "A 1×1 convolution on every wire can still learn to pass x unchanged. The error of the network …",
            zh: "每根线上放一个 1×1 卷积，它完全可以学会让 x 原样通过。网络的错误率会……",
          },
          choices: [
            { en: "falls: it can do more", zh: "下降：它能做的更多" },
            { en: "stays the same", zh: "不变" },
            { en: "nearly doubles", zh: "几乎翻倍" },
          ],
          right: 2,
          answer: {
            en: "From 6.61 to 12.22 %. What a network could learn is not what it does learn.",
            zh: "从 6.61 % 升到 12.22 %。网络能学会的，不等于它真学会的。",
          },
        }}
      />
      <figure>
        <Wired sign={things[put.value].sign} />
        <p class="see" aria-live="polite">
          {say(things[put.value].says)}
        </p>
        <div
          class="scroll"
          tabIndex={0}
          role="region"
          aria-label={say({ en: "What stands on the wire", zh: "线上放什么" })}
        >
          <table class="wires">
            <thead>
              <tr>
                <th scope="col">{say({ en: "on the wire", zh: "线上放" })}</th>
                <th scope="col">{say({ en: "error, the paper¹", zh: "论文的错误率¹" })}</th>
                <th scope="col">{say({ en: "accuracy, ours²", zh: "我们的准确率²" })}</th>
              </tr>
            </thead>
            <tbody>
              {wireRows.map((row) => (
                <Row key={row.put} row={row} isChosen={row.put === put.value} choose={() => (put.value = row.put)} />
              ))}
            </tbody>
          </table>
        </div>
      </figure>
      <Say
        words={{
          en: "Whatever stands on the wire is multiplied in every block. Only 1 survives being multiplied.",
          zh: "线上无论放什么，每过一个块都要再乘一次。经得起连乘的，只有 1。",
        }}
      />
      <Source>
        ¹ {say({ en: "ResNet-110, CIFAR-10, test error: ", zh: "ResNet-110，CIFAR-10，测试错误率：" })}
        <a href={sources.mappings.address}>{sources.mappings.text}</a>. ²{" "}
        {say({
          en: "ResNet-32, CIFAR-10, four short epochs, one seed, test accuracy: compare the order, not the figures (docs/results/identity-mappings.json).",
          zh: "ResNet-32，CIFAR-10，四个短轮次，一个种子，测试准确率：请比较次序，而非数值（docs/results/identity-mappings.json）。",
        })}
      </Source>
    </Screen>
  );
}
