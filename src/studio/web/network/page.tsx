import { type Signal, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { say } from "../language.ts";
import { IgnoredFields, Problem } from "../parts/problem.tsx";
import { useQuery } from "../route.ts";
import { Chain, type Cuts } from "./chain.tsx";
import { Card } from "./card.tsx";
import { ChooseNetwork, ChooseOther } from "./choose.tsx";
import { chosen, showLinked } from "./chosen.ts";
import { TwoNetworks } from "./comparison.tsx";
import { Experiments } from "./experiments.tsx";
import { readNamedNetwork, writeNamedNetwork } from "./options.ts";
import { networkState } from "./state.ts";
import { studyState, toggleBlock } from "./study-state.ts";

/** Takes over the network of a link; without one, the page begins with a small ResNet. */
function useLink(ignored: Signal<readonly string[]>): void {
  useQuery((query) => {
    const isShown = query === "" || query === writeNamedNetwork(chosen.value.named);
    if (networkState.value.described !== undefined && isShown) return;
    const read = readNamedNetwork(query);
    ignored.value = read.ignored;
    showLinked(read.value);
  });
}

/** What can be cut out of the chain, once the network is tried. */
function cutsNow(): Cuts | undefined {
  const { opened, removed } = studyState.value;
  if (opened?.isTrained !== true) return undefined;
  return {
    removable: new Set(opened.blocks.flatMap(({ name, isRemovable }) => (isRemovable ? [name] : []))),
    removed: new Set(removed),
    toggle: toggleBlock,
  };
}

/** Any network, by its file or its name: what it is, its chain of blocks, what each costs. */
export function NetworkPage(): JSX.Element {
  const ignored = useSignal<readonly string[]>([]);
  useLink(ignored);
  const { described, input, isWorking, problem } = networkState.value;
  const comparison = described?.comparison;
  return (
    <>
      <h1>{say({ en: "Look into a network", zh: "看看网络的结构" })}</h1>
      <p class="quiet">
        {say({
          en: "Its blocks, what goes around them, and what each costs. Shortcuts are found in the graph itself, so a file of any origin will do. Nothing is run before you ask for it, and the file stays on this device.",
          zh: "它的各个块，绕过它们的连接，以及各自的开销。快捷连接是从计算图本身找出的，所以任何来源的文件都可以。在您要求之前不运行任何东西，文件也不会离开本设备。",
        })}
      </p>
      <IgnoredFields names={ignored.value} />
      <div class="bar panel">
        <ChooseNetwork described={described} />
        {described !== undefined && <ChooseOther described={described} />}
        <Problem words={problem} />
      </div>
      <p role="status" class="quiet working">
        {isWorking ? say({ en: "Reading …", zh: "正在读取……" }) : ""}
      </p>
      {comparison !== undefined && (
        <TwoNetworks first={described!.view} signature={described!.signature} comparison={comparison} />
      )}
      {described !== undefined && comparison === undefined && (
        <div class="network">
          <section>
            <h2>{described.view.name}</h2>
            {input !== undefined && (
              <Experiments input={input} hasWeights={described.hasWeights} name={described.view.name} />
            )}
            <Chain view={described.view} cuts={cutsNow()} />
          </section>
          <Card described={described} />
        </div>
      )}
    </>
  );
}
