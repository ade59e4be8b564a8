import type { JSX } from "preact";
import type { Words } from "../../../report/words.ts";
import { type Experiment, isSetting, limits, type Setting } from "../experiment.ts";
import { say } from "../language.ts";
import type { Change } from "./networks.tsx";

const names: { readonly [Name in Setting]: Words } = {
  steps: { en: "Steps", zh: "步数" },
  batch: { en: "Images per step", zh: "每步图像数" },
  rate: { en: "Learning rate", zh: "学习率" },
  seed: { en: "Seed", zh: "种子" },
};

/** The numbers that all networks share. One out of its limits is said, and not taken. */
export function Settings({
  experiment,
  change,
  isRunning,
  refused,
  refuse,
}: {
  readonly experiment: Experiment;
  readonly change: Change;
  readonly isRunning: boolean;
  readonly refused: Words | undefined;
  readonly refuse: (why: Words | undefined) => void;
}): JSX.Element {
  const take = (name: Setting, input: HTMLInputElement): void => {
    const value = input.value === "" ? Number.NaN : Number(input.value);
    if (isSetting(name, value)) {
      refuse(undefined);
      change({ [name]: value });
      return;
    }
    const { least, most } = limits[name];
    const { en, zh } = names[name] as { readonly en: string; readonly zh: string };
    refuse({
      en: `${en} was ${input.value || "empty"}, must be ${name === "rate" ? "a number" : "a whole number"} from ${least} to ${most}.`,
      zh: `${zh}为 ${input.value || "空"}，必须是 ${least} 到 ${most} 的${name === "rate" ? "数" : "整数"}。`,
    });
    input.value = String(experiment[name]);
  };
  return (
    <div class="settings">
      {(Object.keys(names) as readonly Setting[]).map((name) => (
        <label key={name}>
          {say(names[name])}
          <input
            type="number"
            name={name}
            step="any"
            min={limits[name].least}
            max={limits[name].most}
            value={experiment[name]}
            disabled={isRunning}
            onChange={({ currentTarget }) => take(name, currentTarget)}
          />
        </label>
      ))}
      {refused !== undefined && (
        <p role="alert" class="problem">
          {say(refused)}
        </p>
      )}
    </div>
  );
}
