import type { JSX } from "preact";
import type { Words } from "../../report/words.ts";
import type { EngineFacts, EngineKind } from "../engine.ts";
import { chooseEngine, engine, engines } from "./engines.ts";
import { say } from "./language.ts";

const names: Readonly<Record<EngineKind, Exclude<Words, string>>> = {
  page: { en: "page", zh: "页面" },
  server: { en: "native", zh: "原生" },
};

function describe({ kind, threads }: EngineFacts): Words {
  const { en, zh } = names[kind];
  return { en: `${en}, ${threads} ${threads === 1 ? "thread" : "threads"}`, zh: `${zh}，${threads} 个线程` };
}

/** Says where networks are trained, and lets it be chosen if there is a choice. */
export function EngineChoice(): JSX.Element {
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
