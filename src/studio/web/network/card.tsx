import type { JSX } from "preact";
import { say } from "../language.ts";
import { sayMessage } from "../message.ts";
import { formatCost } from "./chain.tsx";
import type { Described } from "./describe-job.ts";
import { Signature } from "./signature-card.tsx";

/** What is known of a network and its file, and who signed it. */
export function Card({ described: { view, signature } }: { readonly described: Described }): JSX.Element {
  const { facts, parameters, multiplyAdds, limits } = view;
  return (
    <section class="card panel">
      <h2>{say({ en: "What it is", zh: "这是什么" })}</h2>
      <dl class="figures">
        <div>
          <dt>{say({ en: "Parameters", zh: "参数" })}</dt>
          <dd>{formatCost(parameters)}</dd>
        </div>
        <div>
          <dt>{say({ en: "Multiply-adds", zh: "乘加" })}</dt>
          <dd>{formatCost(multiplyAdds)}</dd>
        </div>
      </dl>
      {limits !== undefined && (
        <p class="problem">
          {say({ en: "Sizes and costs are unknown:", zh: "尺寸和开销未知：" })} {sayMessage({ message: limits })}
        </p>
      )}
      <dl class="facts">
        {facts.map(({ term, text }, index) => (
          <div key={index}>
            <dt>{say(term)}</dt>
            <dd>{say(text)}</dd>
          </div>
        ))}
      </dl>
      {signature !== undefined && <Signature signature={signature} side="first" />}
    </section>
  );
}
