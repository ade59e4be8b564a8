import type { JSX } from "preact";
import type { Words } from "../../../report/words.ts";
import { limits, type Setting } from "../../race-limits.ts";
import type { Experiment } from "../experiment.ts";
import { NumberField } from "../parts/number-field.tsx";
import type { Change } from "./networks.tsx";
import { Problem } from "../parts/problem.tsx";

const names: { readonly [Name in Setting]: Exclude<Words, string> } = {
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
  return (
    <div class="settings">
      {(Object.keys(names) as readonly Setting[]).map((name) => (
        <NumberField
          key={name}
          name={name}
          label={names[name]}
          limits={limits[name]}
          value={experiment[name]}
          disabled={isRunning}
          take={(value) => change({ [name]: value })}
          refuse={refuse}
        />
      ))}
      <Problem words={refused} />
    </div>
  );
}
