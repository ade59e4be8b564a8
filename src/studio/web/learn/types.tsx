import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import type { Words } from "../../../report/words.ts";
import type { Message } from "../../said.ts";
import { imagenetErrors, ourTypes, padOverProjectAll, sources } from "../../lessons/published.ts";
import type { LessonType, TypeCosts } from "../../lessons/types.ts";
import { say } from "../language.ts";
import { messageOf, sayMessage } from "../message.ts";
import { Bet, Choice, Say, Screen, Source, useWhenNear } from "./parts.tsx";
import { typeColors, TypeDrawing } from "./types-drawing.tsx";

const names: { readonly [Type in LessonType]: Words } = {
  plain: { en: "None", zh: "无" },
  pad: { en: "A · zeros", zh: "A · 补零" },
  project: { en: "B · 1×1 where needed", zh: "B · 需要时 1×1" },
  "project-all": { en: "C · 1×1 everywhere", zh: "C · 处处 1×1" },
};
const types = Object.keys(names) as LessonType[];

const meanings: { readonly [Type in LessonType]: Words } = {
  plain: { en: "No shortcut at all: y = act(F(x)).", zh: "完全没有快捷连接：y = act(F(x))。" },
  pad: {
    en: "Where the shape changes, take every other pixel and fill the new channels with zeros. Not one parameter.",
    zh: "形状改变处，隔点取样，新增的通道填零。一个参数都不用。",
  },
  project: {
    en: "Where the shape changes, a 1×1 convolution brings x to the new shape; everywhere else x stays as it is. The usual choice.",
    zh: "形状改变处，用一个 1×1 卷积把 x 变成新形状；其余各处 x 原样通过。最常用。",
  },
  "project-all": {
    en: "A 1×1 convolution in every block, even where x would fit. No x arrives as it was.",
    zh: "每个块都有 1×1 卷积，哪怕 x 本来就放得进去。x 再也不会原样到达。",
  },
};

type Costs = { readonly [Type in LessonType]: TypeCosts };

async function computeCosts(): Promise<Costs> {
  const { describeType } = await import("../../lessons/types.ts");
  return Object.fromEntries(types.map((type) => [type, describeType(type)])) as Costs;
}

const whole = (value: number): string => value.toLocaleString("en");

function CostTable({ costs, type }: { readonly costs: Costs; readonly type: LessonType }): JSX.Element {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={say({ en: "What each type costs", zh: "各类型的开销" })}>
      <table>
        <thead>
          <tr>
            <th scope="col">{say({ en: "shortcut type", zh: "快捷连接类型" })}</th>
            <th scope="col">{say({ en: "parameters", zh: "参数" })}</th>
            <th scope="col">{say({ en: "of them in wires", zh: "其中在线上" })}</th>
            <th scope="col">{say({ en: "multiply-adds", zh: "乘加" })}</th>
            <th scope="col">{say({ en: "error, ImageNet¹", zh: "ImageNet 错误率¹" })}</th>
          </tr>
        </thead>
        <tbody>
          {types.map((each) => (
            <tr key={each} class={each === type ? "chosen" : ""}>
              <th scope="row">
                <i class="dot" style={{ background: `var(${typeColors[each]})` }} /> {say(names[each])}
              </th>
              <td>{whole(costs[each].parameters)}</td>
              <td>{whole(costs[each].shortcutParameters)}</td>
              <td>{(costs[each].multiplyAdds / 1e6).toFixed(2)} M</td>
              <td>{imagenetErrors[each].toFixed(2)} %</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A, B, C or none: what they do where shapes do not fit, and what that costs. */
export function Types(): JSX.Element {
  const type = useSignal<LessonType>("pad");
  const costs = useSignal<Costs | Message | undefined>(undefined);
  useWhenNear(5, () => {
    computeCosts().then(
      (value) => (costs.value = value),
      (error: unknown) => (costs.value = messageOf(error)),
    );
  });
  const given = costs.value;
  return (
    <Screen number={5} title={{ en: "When shapes do not fit: the shortcut types", zh: "形状对不上时：快捷连接的类型" }}>
      <p>
        {say({
          en: "y = F(x) + x needs both of one shape. But every now and then a network halves the picture and doubles the channels. Then x no longer fits, and somebody has to decide what goes over the wire. That decision is the shortcut type.",
          zh: "y = F(x) + x 要求两者形状相同。可网络每隔一段就会把图缩小一半、通道加倍，这时 x 就对不上了，总得有人决定线上传什么。这个决定，就是快捷连接的类型（shortcut type）。",
        })}
      </p>
      <Bet
        question={{
          ask: {
            en: "x is 16×32×32 and F(x) is 32×16×16. The cheapest way to add them?",
            zh: "x 是 16×32×32，F(x) 是 32×16×16。怎样相加最省？",
          },
          choices: [
            { en: "skip pixels, fill up with zeros", zh: "隔点取样，空处补零" },
            { en: "a 1×1 convolution", zh: "用 1×1 卷积" },
            { en: "it cannot be done", zh: "没法加" },
          ],
          right: 0,
          answer: {
            en: "Zeros cost nothing: option A. A 1×1 convolution does it too, with weights to learn: option B.",
            zh: "补零不花一个参数，这是选项 A。1×1 卷积也行，但要多学一些权重，这是选项 B。",
          },
        }}
      />
      <figure>
        <Choice
          label={{ en: "Type", zh: "类型" }}
          value={type}
          choices={types.map((each) => [each, names[each]] as const)}
        />
        <p class="see" aria-live="polite">
          {say(meanings[type.value])}
        </p>
        {given !== undefined && "message" in given && (
          <p role="alert" class="problem">
            {sayMessage(given)}
          </p>
        )}
        {given !== undefined && !("message" in given) && (
          <>
            <div class="pair">
              <TypeDrawing
                facts={given[type.value].keeping}
                type={type.value}
                title={{ en: "Where the shape stays", zh: "形状不变处" }}
              />
              <TypeDrawing
                facts={given[type.value].changing}
                type={type.value}
                title={{ en: "Where the shape changes", zh: "形状改变处" }}
              />
            </div>
            <CostTable costs={given} type={type.value} />
          </>
        )}
      </figure>
      <Say
        words={{
          en: "The shortcut type says what the wire carries: x itself where it fits, and where it does not, zeros (A) or a small convolution (B, C).",
          zh: "快捷连接的类型，说的就是线上传什么：放得进去就传 x 本身；放不进去，就补零（A），或者用一个小卷积（B、C）。",
        }}
      />
      <Source>
        {say({
          en: "Shapes, parameters and multiply-adds: computed here from ResNet-20 for 3×32×32 images. ¹ Top-1 error of ResNet-34: ",
          zh: "形状、参数和乘加：在本页由 3×32×32 图像的 ResNet-20 算出。¹ ResNet-34 的 top-1 错误率：",
        })}
        <a href={sources.resnet.address}>{sources.resnet.text}</a>
        {say({
          en: `. Ours on CIFAR-10, ResNet-20, four short epochs, medians of five seeds: A ${ourTypes.pad.toFixed(2)}, B ${ourTypes.project.toFixed(2)}, C ${ourTypes["project-all"].toFixed(2)} % accuracy; only A over C is significant (p = ${padOverProjectAll.p}; docs/results/shortcut-types.json).`,
          zh: `。我们在 CIFAR-10 上用 ResNet-20 训练四个短轮次，五个种子的准确率中位数：A ${ourTypes.pad.toFixed(2)}、B ${ourTypes.project.toFixed(2)}、C ${ourTypes["project-all"].toFixed(2)} %；只有 A 高于 C 是显著的（p = ${padOverProjectAll.p}；docs/results/shortcut-types.json）。`,
        })}
      </Source>
    </Screen>
  );
}
