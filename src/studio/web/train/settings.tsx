import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import type { ShortcutType } from "../../../nn/shortcuts/type.ts";
import type { Words } from "../../../report/words.ts";
import { shortcutNames } from "../../names.ts";
import { say } from "../language.ts";
import { NumberField } from "../parts/number-field.tsx";
import { offered, type TrainChoice, trainLimits, type TrainNumber } from "../../train-choice.ts";
import { Problem } from "../parts/problem.tsx";

interface SettingsProps {
  readonly choice: TrainChoice;
  readonly change: (own: Partial<TrainChoice>) => void;
  readonly disabled: boolean;
  /** Whether images of another size or another choice of those held back can be had. */
  readonly canReadAgain: boolean;
}

function Select<Value extends string | number>(props: {
  readonly label: Words;
  readonly name: string;
  readonly value: Value;
  readonly values: readonly (readonly [value: Value, text: string])[];
  readonly disabled: boolean;
  readonly take: (text: string) => void;
}): JSX.Element {
  const { label, name, value, values, disabled, take } = props;
  return (
    <label>
      {say(label)}
      <select
        name={name}
        value={String(value)}
        disabled={disabled}
        onChange={({ currentTarget }) => take(currentTarget.value)}
      >
        {values.map(([each, text]) => (
          <option key={each} value={String(each)} selected={each === value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

const numbers: { readonly [Name in TrainNumber]: Exclude<Words, string> } = {
  epochs: { en: "Passes over the images", zh: "遍历图像的次数" },
  rate: { en: "Learning rate", zh: "学习率" },
  seed: { en: "Seed", zh: "种子" },
};

/** The network and its training. */
export function Settings({ choice, change, disabled, canReadAgain }: SettingsProps): JSX.Element {
  const refused = useSignal<Words | undefined>(undefined);
  const { depth, shortcut, size } = choice;
  return (
    <div class="settings">
      <Select
        label={{ en: "Layers", zh: "层数" }}
        name="depth"
        value={depth}
        values={offered.depth.map((each) => [each as number, String(each)])}
        disabled={disabled}
        take={(text) => change({ depth: Number(text) })}
      />
      <Select
        label={{ en: "Shortcut", zh: "快捷连接" }}
        name="shortcut"
        value={shortcut as (typeof offered.shortcut)[number]}
        values={offered.shortcut.map((each) => [each, say(shortcutNames[each])])}
        disabled={disabled}
        take={(text) => change({ shortcut: text as ShortcutType })}
      />
      <Select
        label={{ en: "Image size", zh: "图像尺寸" }}
        name="size"
        value={size}
        values={offered.size.map((each) => [each as number, `${each} × ${each}`])}
        disabled={disabled || !canReadAgain}
        take={(text) => change({ size: Number(text) })}
      />
      {(Object.keys(numbers) as readonly TrainNumber[]).map((name) => (
        <NumberField
          key={name}
          name={name}
          label={numbers[name]}
          limits={trainLimits[name]}
          value={choice[name]}
          disabled={disabled || (name === "seed" && !canReadAgain)}
          take={(value) => change({ [name]: value })}
          refuse={(why) => (refused.value = why)}
        />
      ))}
      <Problem words={refused.value} />
      <p class="quiet">
        {say({
          en: "In a terminal, residua train --preset fast --data FOLDER trains a network by a recipe that was chosen for few images.",
          zh: "在终端中，residua train --preset fast --data FOLDER 会用为少量图像选定的网络和配方来训练。",
        })}
      </p>
    </div>
  );
}
