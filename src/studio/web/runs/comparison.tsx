import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { type ComparedLine, findDifferences } from "../../../files/differences.ts";
import type { ListedRun } from "../../runs/read-export.ts";
import { say } from "../language.ts";
import { Chart, type ChartLine } from "../parts/chart.tsx";
import { formatFigure } from "./list.tsx";
import { chooseNone, metricsOf, type RunsState, showMetric, tagChosen, untagChosen } from "./state.ts";

const colors = ["pad", "plain", "project", "project-all", "scaled", "gated", "gated-shortcut", "dropout"];
const shortName = ({ id, name }: ListedRun): string => `${id.slice(0, 8)} ${name}`;

/** Lowest and highest finite value, with some room. */
function rangeOf(curves: readonly (readonly number[])[]): readonly [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const curve of curves)
    for (const value of curve) if (Number.isFinite(value)) [low, high] = [Math.min(low, value), Math.max(high, value)];
  if (low > high) return [0, 1];
  const room = low === high ? Math.max(1e-9, Math.abs(low) / 10) : (high - low) / 20;
  return [low - room, high + room];
}

function Curves({ state, runs }: { readonly state: RunsState; readonly runs: readonly ListedRun[] }): JSX.Element {
  const { metric, curves } = state;
  const metrics = metricsOf(runs);
  const lines: readonly ChartLine[] = (curves?.values ?? []).map((values, place) => ({
    name: runs[place] === undefined ? "" : shortName(runs[place]),
    color: colors[place],
    values,
  }));
  return (
    <div>
      <div class="settings">
        <label>
          {say({ en: "Metric", zh: "指标" })}
          <select value={metric ?? ""} onChange={({ currentTarget }) => showMetric(currentTarget.value)}>
            {metrics.map((name) => (
              <option key={name} value={name} selected={name === metric}>
                {name}
              </option>
            ))}
          </select>
        </label>
      </div>
      {curves !== undefined && (
        <>
          <Chart
            title={metric ?? ""}
            across={
              curves.stride === 1
                ? say({ en: "by step", zh: "按步" })
                : say({ en: `by step, means of ${curves.stride}`, zh: `按步，每 ${curves.stride} 步取平均` })
            }
            lines={lines}
            steps={curves.points}
            stride={curves.stride}
            range={rangeOf(curves.values)}
            format={formatFigure}
          />
          <ul class="legend runs-legend">
            {lines.map(({ name, color }) => (
              <li key={name}>
                <i style={{ background: `var(--${color})` }} /> {name}
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

function Lines({
  title,
  lines,
  runs,
}: {
  readonly title: string;
  readonly lines: readonly ComparedLine[];
  readonly runs: readonly ListedRun[];
}): JSX.Element {
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label={title}>
      <table class="compared">
        <caption>{title}</caption>
        <thead>
          <tr>
            <td />
            {runs.map((run) => (
              <th key={run.id} scope="col">
                {shortName(run)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.map(({ name, values }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              {values.map((value, place) => (
                <td key={place}>{value}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Tagging(): JSX.Element {
  const tag = useSignal("");
  const text = tag.value.trim();
  return (
    <form
      class="settings"
      onSubmit={(event) => {
        event.preventDefault();
        if (text !== "") tagChosen(text);
      }}
    >
      <label>
        {say({ en: "Tag", zh: "标签" })}
        <input
          type="text"
          name="tag"
          maxLength={100}
          value={tag.value}
          onInput={({ currentTarget }) => (tag.value = currentTarget.value)}
        />
      </label>
      <button type="submit" disabled={text === ""}>
        {say({ en: "Tag these runs", zh: "给这些运行加标签" })}
      </button>
      <button type="button" disabled={text === ""} onClick={() => untagChosen(text)}>
        {say({ en: "Take the tag off", zh: "去掉标签" })}
      </button>
      <button type="button" onClick={chooseNone}>
        {say({ en: "Compare none", zh: "取消比较" })}
      </button>
    </form>
  );
}

/** Chosen runs side by side: curves, what differs in their configuration, and the last value of every metric. */
export function Comparison({ state }: { readonly state: RunsState }): JSX.Element | null {
  const { chosen: runs } = state;
  if (runs.length === 0) return null;
  const differences = findDifferences(runs.map(({ config, code, environment }) => ({ config, code, environment })));
  const metrics = metricsOf(runs).map((name) => ({ name, values: runs.map(({ last }) => formatFigure(last[name])) }));
  return (
    <section class="panel comparison">
      <h2>
        {runs.length === 1
          ? say({ en: "One run; choose more to compare", zh: "一个运行；再选几个以比较" })
          : say({ en: `${runs.length} runs compared`, zh: `比较 ${runs.length} 个运行` })}
      </h2>
      <Tagging />
      <Curves state={state} runs={runs} />
      {runs.length > 1 && differences.length === 0 && (
        <p>{say({ en: "Nothing is known to differ between them.", zh: "未见它们之间有何不同。" })}</p>
      )}
      {differences.length > 0 && (
        <Lines title={say({ en: "What differs", zh: "不同之处" })} lines={differences} runs={runs} />
      )}
      <Lines title={say({ en: "Last values", zh: "末值" })} lines={metrics} runs={runs} />
    </section>
  );
}
