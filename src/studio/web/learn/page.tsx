import type { JSX } from "preact";
import type { Words } from "../../../report/words.ts";
import { say } from "../language.ts";
import { prefersStillness } from "./parts.tsx";
import { Block } from "./block.tsx";
import { Chain } from "./chain.tsx";
import { Cut } from "./cut.tsx";
import { Gradient } from "./gradient.tsx";
import { Hook } from "./hook.tsx";
import { Quiz } from "./quiz.tsx";
import { Race } from "./race.tsx";
import { Types } from "./types.tsx";
import { Wire } from "./wire.tsx";

const contents: readonly Words[] = [
  { en: "The bet", zh: "打个赌" },
  { en: "The chain", zh: "链条" },
  { en: "The wire", zh: "那根线" },
  { en: "The gradient", zh: "梯度" },
  { en: "The race", zh: "比赛" },
  { en: "The types", zh: "类型" },
  { en: "On the wire", zh: "线上放什么" },
  { en: "The cut", zh: "剪一刀" },
];

/** The hash belongs to the routes, so that a jump within the page is a scroll. */
function goTo(screen: number): void {
  const section = document.querySelector<HTMLElement>(`#screen-${screen}`);
  section?.scrollIntoView({ behavior: prefersStillness() ? "instant" : "smooth" });
  section?.focus({ preventScroll: true });
}

/** "What is a shortcut?", to be answered by doing. */
export function LearnPage(): JSX.Element {
  return (
    <article class="learn">
      <header>
        <h1>{say({ en: "What is a shortcut?", zh: "残差网络里的“快捷连接”是什么？" })}</h1>
        <p class="lead">
          {say({
            en: "A residual network is a deep network with wires around its layers. What those wires carry is called the shortcut type. You will know in ten minutes why it matters, because you will have tried it.",
            zh: "残差网络，就是给深层网络的每几层旁边加一根线。线上传的是什么，叫作快捷连接的类型（shortcut type）。十分钟后你会明白它为什么要紧，因为你亲手试过了。",
          })}
        </p>
        <nav class="contents" aria-label={say({ en: "Screens", zh: "各屏" })}>
          {contents.map((title, screen) => (
            <button key={screen} type="button" onClick={() => goTo(screen)}>
              <span>{screen}</span> {say(title)}
            </button>
          ))}
        </nav>
      </header>
      <Hook />
      <Chain />
      <Block />
      <Gradient />
      <Race />
      <Types />
      <Wire />
      <Cut />
      <Quiz />
    </article>
  );
}
