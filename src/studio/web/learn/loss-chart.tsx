import type { JSX } from "preact";
import { guessing, raceSettings } from "../../lessons/race.ts";
import { Curves } from "./curves.tsx";

/** The losses of a plain and a residual network. The axis ends at 3: the first losses may leap beyond it. */
export function LossChart(props: {
  readonly plain: readonly number[];
  readonly residual: readonly number[];
  readonly steps?: number;
}): JSX.Element {
  const { plain, residual, steps = raceSettings.steps } = props;
  const last = (losses: readonly number[]): string => losses.at(-1)?.toFixed(2) ?? "–";
  return (
    <Curves
      label={{
        en: `Loss after ${Math.max(plain.length, residual.length)} steps: plain ${last(plain)}, residual ${last(residual)}; guessing is ${guessing.toFixed(2)}`,
        zh: `第 ${Math.max(plain.length, residual.length)} 步的损失：普通网络 ${last(plain)}，残差网络 ${last(residual)}；瞎猜为 ${guessing.toFixed(2)}`,
      }}
      curves={[
        { name: { en: "plain", zh: "普通" }, color: "--plain", values: plain },
        { name: { en: "residual", zh: "残差" }, color: "--pad", values: residual },
      ]}
      count={steps}
      y={{ from: 0, to: 3, ticks: [0, 1, 2, 3].map((value) => [value, String(value)] as const) }}
      x={{ en: "step", zh: "步" }}
      mark={{ at: guessing, name: { en: "guessing, ln 10", zh: "瞎猜，ln 10" } }}
    />
  );
}
