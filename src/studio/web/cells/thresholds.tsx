import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { Words } from "../../../report/words.ts";
import { say } from "../language.ts";
import type { FoundCells, Thresholds } from "./find-job.ts";
import { separate } from "./state.ts";

const sliders: readonly {
  readonly name: keyof Thresholds;
  readonly label: Words;
  readonly least: number;
  readonly most: number;
}[] = [
  { name: "foreground", label: { en: "Least probability of a cell", zh: "细胞的最小概率" }, least: 0.05, most: 0.95 },
  { name: "persistence", label: { en: "Least depth between cells", zh: "细胞之间的最小深度" }, least: 0.01, most: 0.9 },
];

/** Thresholds that move the outlines as they are dragged; by hand corrected cells are not lost to them. */
export function ThresholdSliders({ found }: { readonly found: FoundCells }): JSX.Element {
  const { thresholds, corrections } = found;
  // The sliders go ahead; the outlines follow.
  const own = useSignal(thresholds);
  useEffect(() => void (own.value = thresholds), [thresholds.foreground, thresholds.persistence]);
  return (
    <fieldset class="thresholds" disabled={corrections > 0}>
      <legend class="quiet">
        {corrections > 0
          ? say({
              en: "Thresholds: undo the corrections to move them",
              zh: "阈值：撤销手工修正后才能调整",
            })
          : say({ en: "Thresholds", zh: "阈值" })}
      </legend>
      {sliders.map(({ name, label, least, most }) => (
        <label key={name}>
          <span>
            {say(label)} <b>{own.value[name].toFixed(2)}</b>
          </span>
          <input
            type="range"
            name={name}
            min={least}
            max={most}
            step={0.01}
            value={own.value[name]}
            onInput={({ currentTarget }) => {
              own.value = { ...own.value, [name]: Number(currentTarget.value) };
              void separate(own.value);
            }}
          />
        </label>
      ))}
    </fieldset>
  );
}
