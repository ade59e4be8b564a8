import type { JSX } from "preact";
import type { Words } from "../../../report/words.ts";
import { say } from "../language.ts";
import { isWithin, type Limits } from "../../limits.ts";
import { TypedInput } from "./typed-input.tsx";

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
  const change = (text: string): void => {
    const typed = text === "" ? Number.NaN : Number(text);
    if (isWithin(limits, typed)) {
      refuse(undefined);
      take(typed);
      return;
    }
    refuse(refuseNumber(label, text, limits));
  };
  return (
    <label>
      {say(label)}
      <TypedInput
        type="number"
        name={name}
        step="any"
        min={limits.least}
        max={limits.most}
        value={value}
        disabled={disabled}
        take={change}
      />
    </label>
  );
}
