import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import type { ShortcutType } from "../../../nn/shortcuts/type.ts";
import type { Words } from "../../../report/words.ts";
import { shortcutNames } from "../../names.ts";
import { say } from "../language.ts";
import { isWithin } from "../../limits.ts";
import { ChooseFiles, DropZone } from "../parts/drop-zone.tsx";
import { Problem } from "../parts/problem.tsx";
import { TypedInput } from "../parts/typed-input.tsx";
import {
  chosen,
  chooseNamed,
  chooseOther,
  chooseSize,
  mostFiles,
  mostOther,
  takeNetworks,
  takeOther,
} from "./chosen.ts";
import type { Described } from "./describe-job.ts";
import { sizeLimits } from "./options.ts";

function Shortcut(props: {
  readonly types: readonly ShortcutType[];
  readonly value: ShortcutType | undefined;
  readonly label: Words;
  readonly onChoose: (type: ShortcutType) => void;
}): JSX.Element | null {
  const { types, value = types[0], label, onChoose } = props;
  if (types.length < 2) return null;
  return (
    <label>
      {say(label)}
      <select value={value} onChange={({ currentTarget }) => onChoose(currentTarget.value as ShortcutType)}>
        {types.map((type) => (
          <option key={type} value={type} selected={type === value}>
            {type === "concat" ? say({ en: "concatenated", zh: "拼接" }) : say(shortcutNames[type])}
          </option>
        ))}
      </select>
    </label>
  );
}

function ImageSize(): JSX.Element {
  const refused = useSignal<Words | undefined>(undefined);
  const take = (text: string): void => {
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
    chooseSize(typed);
  };
  return (
    <>
      <label>
        {say({ en: "Image size", zh: "图像尺寸" })}
        <TypedInput
          type="number"
          step="any"
          value={chosen.value.named.size ?? ""}
          placeholder={say({ en: "its own", zh: "默认" })}
          take={take}
        />
      </label>
      <Problem words={refused.value} />
    </>
  );
}

/** What is offered: the names of networks, and the types that the chosen ones can be built with. */
interface Offered {
  readonly described: Described | undefined;
}

/** A network to look at: a file, or one by its name. */
export function ChooseNetwork({ described }: Offered): JSX.Element {
  const { named, file } = chosen.value;
  const { model, shortcut } = named;
  return (
    <>
      <DropZone most={mostFiles} onDrop={(dropped) => void dropped.then(takeNetworks)}>
        <p>
          {say({ en: "Drop a network: ONNX, safetensors or .pth", zh: "拖入网络：ONNX、safetensors 或 .pth" })}{" "}
          <ChooseFiles
            label={say({ en: "Choose a file", zh: "选择文件" })}
            name="network"
            most={mostFiles}
            isMultiple
            onChoose={takeNetworks}
          />
        </p>
      </DropZone>
      <div class="settings">
        <label>
          {say({ en: "Network", zh: "网络" })}
          <TypedInput
            type="text"
            list="networks"
            value={file === undefined ? model : ""}
            placeholder="resnet50"
            spellcheck={false}
            take={(text) => chooseNamed(text.trim())}
          />
          <datalist id="networks">
            {(described?.names ?? []).map((name) => (
              <option key={name} value={name} />
            ))}
          </datalist>
        </label>
        <Shortcut
          types={described?.shortcuts ?? []}
          value={shortcut}
          label={{ en: "Shortcut", zh: "快捷连接" }}
          onChoose={(type) => chooseNamed(model, type)}
        />
        <ImageSize />
      </div>
    </>
  );
}

/** A second network beside the first. */
export function ChooseOther({ described }: Offered): JSX.Element {
  const { named, otherFile } = chosen.value;
  const { with: name, withShortcut } = named;
  return (
    <div class="settings other">
      <label>
        {say({ en: "Compare with", zh: "与之比较" })}
        <TypedInput
          type="text"
          list="networks"
          value={otherFile?.name ?? name ?? ""}
          placeholder={say({ en: "no other network", zh: "没有其他网络" })}
          spellcheck={false}
          take={(text) => chooseOther(text.trim() || undefined)}
        />
      </label>
      <Shortcut
        types={described?.comparison?.shortcuts ?? []}
        value={withShortcut}
        label={{ en: "Its shortcut", zh: "其快捷连接" }}
        onChoose={(type) => chooseOther(name, type)}
      />
      <DropZone most={mostOther} onDrop={(dropped) => void dropped.then(takeOther)}>
        <ChooseFiles
          label={say({ en: "Choose or drop its file", zh: "选择或拖入其文件" })}
          name="other"
          most={mostOther}
          isMultiple
          onChoose={takeOther}
        />
      </DropZone>
      {(otherFile !== undefined || name !== undefined) && (
        <button type="button" onClick={() => chooseOther(undefined)}>
          {say({ en: "Only the first", zh: "只看第一个" })}
        </button>
      )}
    </div>
  );
}
