import type { JSX } from "preact";
import type { Words } from "../../report/words.ts";
import type { EngineFacts, EngineKind } from "../engine.ts";
import { chooseEngine, engine, engines } from "./engines.ts";
import { say } from "./language.ts";
import { pageEngine } from "./page-engine.ts";

const names: Readonly<Record<EngineKind, Exclude<Words, string>>> = {
  page: { en: "page", zh: "页面" },
  server: { en: "native", zh: "原生" },
};

function describe({ kind, threads }: EngineFacts): Words {
  const { en, zh } = names[kind];
  return { en: `${en}, ${threads} ${threads === 1 ? "thread" : "threads"}`, zh: `${zh}，${threads} 个线程` };
}

/**
 * Says where networks are trained, and lets it be chosen if there is a choice.
 *
 * @param props.isOwn whether what is shown computes in the page, whatever was chosen
 */
export function EngineChoice({ isOwn }: { readonly isOwn: boolean }): JSX.Element {
  if (isOwn)
    return (
      <span
        class="engine"
        title={say({
          en: "What is shown here computes in the page; Learn, Compare and Train have the choice",
          zh: "此处的内容在页面中计算；“学习”“比较”“训练”可以选择引擎",
        })}
      >
        {say(describe(pageEngine.facts))}
      </span>
    );
  const title = say({ en: "Where networks are trained", zh: "网络在何处训练" });
  const { facts } = engine.value;
  if (engines.value.length === 1)
    return (
      <span class="engine" title={title}>
        {say(describe(facts))}
      </span>
    );
  return (
    <select
      class="engine"
      aria-label={title}
      title={title}
      value={facts.kind}
      onChange={({ currentTarget }) => chooseEngine(currentTarget.value as EngineKind)}
    >
      {engines.value.map((own) => (
        <option key={own.facts.kind} value={own.facts.kind} selected={own.facts.kind === facts.kind}>
          {say(describe(own.facts))}
        </option>
      ))}
    </select>
  );
}
