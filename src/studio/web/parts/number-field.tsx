import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import type { Words } from "../../../report/words.ts";
import { say } from "../language.ts";
import { isWithin, type Limits } from "../../limits.ts";

/** Why a number is not taken. */
function refuseNumber(name: Exclude<Words, string>, text: string, { least, most, isReal = false }: Limits): Words {
  return {
    en: `${name.en} was ${text || "empty"}, must be ${isReal ? "a number" : "a whole number"} from ${least} to ${most}.`,
    zh: `${name.zh}为 ${text || "空"}，必须是 ${least} 到 ${most} 的${isReal ? "数" : "整数"}。`,
  };
}

/** A number within its limits. One out of them is said, and not taken. */
export function NumberField(props: {
  readonly name: string;
  readonly label: Exclude<Words, string>;
  readonly limits: Limits;
  readonly value: number;
  readonly disabled: boolean;
  readonly take: (value: number) => void;
  /** Says why a number is not taken; nothing once one is. */
  readonly refuse: (why: Words | undefined) => void;
}): JSX.Element {
  const { name, label, limits, value, disabled, take, refuse } = props;
  /** What is being typed, which a page that is drawn meanwhile must not undo. */
  const typing = useSignal<string | undefined>(undefined);
  const change = (input: HTMLInputElement): void => {
    typing.value = undefined;
    const typed = input.value === "" ? Number.NaN : Number(input.value);
    if (isWithin(limits, typed)) {
      refuse(undefined);
      take(typed);
      return;
    }
    refuse(refuseNumber(label, input.value, limits));
    input.value = String(value);
  };
  return (
    <label>
      {say(label)}
      <input
        type="number"
        name={name}
        step="any"
        min={limits.least}
        max={limits.most}
        value={typing.value ?? value}
        disabled={disabled}
        onInput={({ currentTarget }) => (typing.value = currentTarget.value)}
        onChange={({ currentTarget }) => change(currentTarget)}
      />
    </label>
  );
}
