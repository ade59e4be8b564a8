import { type Signal, signal, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { ShortcutType } from "../../../nn/shortcuts/type.ts";
import type { Words } from "../../../report/words.ts";
import { shortcutNames } from "../../names.ts";
import type { Dropped } from "../dropped.ts";
import { say } from "../language.ts";
import { isWithin } from "../../limits.ts";
import { sayMessage } from "../message.ts";
import { ChooseFiles, DropZone } from "../parts/drop-zone.tsx";
import { replaceQuery, route } from "../route.ts";
import { Chain, type Cuts, formatCost } from "./chain.tsx";
import type { Described, NetworkView } from "./describe-job.ts";
import { type NamedNetwork, readNamedNetwork, sizeLimits, standardNetwork, writeNamedNetwork } from "./options.ts";
import { Experiments } from "./experiments.tsx";
import { describe, networkState, refuse } from "./state.ts";
import { studyState, toggleBlock } from "./study-state.ts";
import { IgnoredFields, Problem } from "../parts/problem.tsx";

const named: Signal<NamedNetwork> = signal(standardNetwork);
/** The file that is shown; a network by its name if there is none. */
const file: Signal<File | undefined> = signal(undefined);

const inputOf = ({ model, shortcut, size }: NamedNetwork): Parameters<typeof describe>[0] => ({
  source: { kind: "named", model, ...(shortcut === undefined ? {} : { shortcut }) },
  ...(size === undefined ? {} : { size }),
});

function showNamed(own: NamedNetwork): void {
  file.value = undefined;
  named.value = own;
  replaceQuery(writeNamedNetwork(own));
  void describe(inputOf(own));
}

function showFile(own: File, size: number | undefined): void {
  file.value = own;
  replaceQuery("");
  void describe({ source: { kind: "file", file: own }, ...(size === undefined ? {} : { size }) });
}

function take(dropped: Dropped): void {
  const files = "files" in dropped ? dropped.files : [];
  const [first] = files;
  if (first === undefined || files.length > 1)
    refuse({
      en: "More than one file was dropped; drop one that holds a network.",
      zh: "拖入了不止一个文件；请拖入一个含有网络的文件。",
    });
  else showFile(first.file, undefined);
}

/** Takes over the network of a link; without one, the page begins with a small ResNet. */
function useLink(ignored: Signal<readonly string[]>): void {
  const { query } = route.value;
  useEffect(() => {
    if (networkState.value.described !== undefined && (query === "" || query === writeNamedNetwork(named.value)))
      return;
    const read = readNamedNetwork(query);
    ignored.value = read.ignored;
    named.value = read.value;
    file.value = undefined;
    void describe(inputOf(read.value));
  }, [query]);
}

function Choose({ described }: { readonly described: Described | undefined }): JSX.Element {
  const refused = useSignal<Words | undefined>(undefined);
  const { model, shortcut, size } = named.value;
  const isFile = file.value !== undefined;
  const types = described?.shortcuts ?? [];
  const takeSize = (text: string): void => {
    const typed = text === "" ? undefined : Number(text);
    if (typed !== undefined && !isWithin(sizeLimits, typed)) {
      const { least, most } = sizeLimits;
      refused.value = {
        en: `Image size was ${text}, must be a whole number from ${least} to ${most}.`,
        zh: `图像尺寸为 ${text}，必须是 ${least} 到 ${most} 的整数。`,
      };
      return;
    }
    refused.value = undefined;
    if (file.value === undefined) showNamed({ ...named.value, size: typed });
    else showFile(file.value, typed);
  };
  return (
    <div class="settings">
      <label>
        {say({ en: "Network", zh: "网络" })}
        <input
          type="text"
          list="networks"
          value={isFile ? "" : model}
          placeholder="resnet50"
          spellcheck={false}
          onChange={({ currentTarget }) => showNamed({ ...standardNetwork, model: currentTarget.value.trim() })}
        />
        <datalist id="networks">
          {(described?.names ?? []).map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
      </label>
      {types.length > 1 && (
        <label>
          {say({ en: "Shortcut", zh: "快捷连接" })}
          <select
            value={shortcut ?? types[0]}
            onChange={({ currentTarget }) =>
              showNamed({ ...named.value, shortcut: currentTarget.value as ShortcutType })
            }
          >
            {types.map((type) => (
              <option key={type} value={type} selected={type === (shortcut ?? types[0])}>
                {type === "concat" ? say({ en: "concatenated", zh: "拼接" }) : say(shortcutNames[type])}
              </option>
            ))}
          </select>
        </label>
      )}
      <label>
        {say({ en: "Image size", zh: "图像尺寸" })}
        <input
          type="number"
          step="any"
          value={size ?? ""}
          placeholder={say({ en: "its own", zh: "默认" })}
          onChange={({ currentTarget }) => takeSize(currentTarget.value)}
        />
      </label>
      <Problem words={refused.value} />
    </div>
  );
}

function Card({ view }: { readonly view: NetworkView }): JSX.Element {
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
    </section>
  );
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
        <DropZone most={1} onDrop={(dropped) => void dropped.then(take)}>
          <p>
            {say({ en: "Drop a network: ONNX, safetensors or .pth", zh: "拖入网络：ONNX、safetensors 或 .pth" })}{" "}
            <ChooseFiles label={say({ en: "Choose a file", zh: "选择文件" })} name="network" most={1} onChoose={take} />
          </p>
        </DropZone>
        <Choose described={described} />
        <Problem words={problem} />
      </div>
      <p role="status" class="quiet working">
        {isWorking ? say({ en: "Reading …", zh: "正在读取……" }) : ""}
      </p>
      {described !== undefined && (
        <div class="network">
          <section>
            <h2>{described.view.name}</h2>
            {input !== undefined && <Experiments input={input} />}
            <Chain view={described.view} cuts={cutsNow()} />
          </section>
          <Card view={described.view} />
        </div>
      )}
    </>
  );
}
