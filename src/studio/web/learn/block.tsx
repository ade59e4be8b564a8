import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Message } from "../../said.ts";
import { type Plane, walkBlocks } from "../../lessons/blocks.ts";
import { say } from "../language.ts";
import { messageOf, sayMessage } from "../message.ts";
import { BlockDiagram } from "./block-diagram.tsx";
import { Bet, Choice, Say, Screen, Slider, Source, useWhenNear } from "./parts.tsx";

const blocks = 8;
const digitNames = Array.from({ length: 10 }, (_, digit) => [digit, String(digit)] as const);

/** A plane as a picture: black is 0 or less, white the largest value. */
function Picture({ plane, label }: { readonly plane: Plane; readonly label: string }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const most = Math.max(...plane.values, 1e-12);
    const pixels = new Uint8ClampedArray(plane.values.length * 4).fill(255);
    plane.values.forEach((value, at) => pixels.fill(Math.max(0, (255 * value) / most), at * 4, at * 4 + 3));
    canvas.current?.getContext("2d")?.putImageData(new ImageData(pixels, plane.size), 0, 0);
  }, [plane]);
  return <canvas ref={canvas} width={plane.size} height={plane.size} role="img" aria-label={label} />;
}

/** The first image of each digit. */
async function loadFirstDigits(): Promise<readonly Plane[]> {
  const { loadDigits } = await import("../load-digits.ts");
  const { train } = await loadDigits(new URL("digits.png", document.baseURI).href);
  const size = train.height;
  return Array.from({ length: 10 }, (_, digit) => {
    const at = train.labels.indexOf(digit) * size * size;
    return { size, values: Float64Array.from(train.images.subarray(at, at + size * size), (value) => value / 255) };
  });
}

/** A digit on its way through untrained blocks. */
export function Block(): JSX.Element {
  const hasWire = useSignal(false);
  const strength = useSignal(0.2);
  const digit = useSignal(3);
  const digits = useSignal<readonly Plane[] | Message | undefined>(undefined);
  useWhenNear(2, () => {
    loadFirstDigits().then(
      (planes) => (digits.value = planes),
      (error: unknown) => (digits.value = messageOf(error)),
    );
  });
  const given = digits.value;
  const walk =
    given !== undefined && !("message" in given)
      ? walkBlocks(given[digit.value], { blocks, hasWire: hasWire.value, strength: strength.value, seed: 0 })
      : undefined;
  const likeness = walk?.cosines.at(-1)?.toFixed(2) ?? "…";
  return (
    <Screen number={2} title={{ en: "Plug in the wire", zh: "把线接上" }}>
      <p>
        {say({
          en: "Now real layers. F is two small convolutions with random weights, as every network is before its first lesson. A digit goes through eight such blocks.",
          zh: "现在换成真正的层。F 是两个小卷积，权重随机，任何网络在学习之前都是这样。一个数字要依次穿过八个这样的块。",
        })}
      </p>
      <Bet
        question={{
          ask: {
            en: "No wire, eight untrained blocks. What comes out?",
            zh: "不接线，穿过八个没训练过的块，出来的是什么？",
          },
          choices: [
            { en: "the digit, a bit blurred", zh: "有点模糊的数字" },
            { en: "something unlike the digit", zh: "已经不像那个数字了" },
          ],
          right: 1,
          answer: {
            en: "Random filters on random filters: the digit is soon gone. Now drag the loose end onto the plus.",
            zh: "随机滤波叠随机滤波，数字很快就没了。现在把悬着的线头拖到加号上。",
          },
        }}
      />
      <figure>
        <BlockDiagram hasWire={hasWire} />
        {given !== undefined && "message" in given && (
          <p role="alert" class="problem">
            {say({ en: "The digits could not be loaded; reload the page.", zh: "数字无法加载；请重新加载页面。" })}{" "}
            {sayMessage(given)}
          </p>
        )}
        {walk !== undefined && (
          <ol class="pictures">
            {walk.planes.map((plane, block) => (
              <li key={block}>
                <Picture
                  plane={plane}
                  label={
                    block === 0
                      ? say({ en: `the digit ${digit.value}`, zh: `数字 ${digit.value}` })
                      : say({
                          en: `after block ${block}, likeness ${walk.cosines[block].toFixed(2)}`,
                          zh: `第 ${block} 个块之后，相似度 ${walk.cosines[block].toFixed(2)}`,
                        })
                  }
                />
                <span aria-hidden="true">{block === 0 ? "x" : block}</span>
              </li>
            ))}
          </ol>
        )}
        <p class="see" aria-live="polite">
          {say({ en: "Likeness of the last picture to the first (cosine):", zh: "最后一张与第一张的相似度（余弦）：" })}{" "}
          <b class={hasWire.value ? "of-residual" : "of-plain"}>{likeness}</b>
        </p>
        <div class="controls">
          <Choice label={{ en: "Digit", zh: "数字" }} value={digit} choices={digitNames} />
          <Slider
            label={{ en: "Size of F(x) against x", zh: "F(x) 相对 x 的大小" }}
            value={strength}
            min={0.05}
            max={1}
            step={0.05}
            text={(value) => value.toFixed(2)}
          />
        </div>
      </figure>
      <Say
        words={{
          en: "y = F(x) + x. F no longer has to carry the picture; it only says what should change. What it leaves alone arrives.",
          zh: "y = F(x) + x。F 不必再搬运整张图，只需说明哪里要改；它没动的，原样送达。",
        }}
      />
      <Source>
        {say({
          en: "Computed here: one channel, four in between, weights from N(0, 2/fan-in), seed 0; F(x) is brought to the size that the slider says, as batch norm does in a real block. Digits: MNIST (LeCun, Cortes, Burges; CC BY-SA 3.0), 10×10.",
          zh: "在本页计算：一个通道，中间四个，权重取自 N(0, 2/fan-in)，种子 0；F(x) 的大小由滑块决定，真实的块里由批归一化负责。数字取自 MNIST（LeCun、Cortes、Burges，CC BY-SA 3.0），缩到 10×10。",
        })}
      </Source>
    </Screen>
  );
}
