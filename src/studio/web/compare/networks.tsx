import type { Signal } from "@preact/signals";
import type { JSX } from "preact";
import { additiveShortcutTypes, type ShortcutType } from "../../../nn/shortcuts/type.ts";
import { explainShortcut } from "../../../lab/shortcut-words.ts";
import { nameNetwork, shortcutNames } from "../../names.ts";
import { depths, mostNetworks } from "../../race-limits.ts";
import type { Experiment, ExperimentNetwork } from "../experiment.ts";
import { say } from "../language.ts";
import { Strip } from "../parts/strip.tsx";
import type { LaneState } from "../race-state.ts";
import { describeLane, lastMean } from "./lane-words.ts";

/** Changes an experiment, and leaves the race before it. */
export type Change = (change: Partial<Experiment>) => void;

interface ColumnProps {
  readonly network: ExperimentNetwork;
  readonly place: number;
  readonly experiment: Experiment;
  readonly change: Change;
  readonly isRunning: boolean;
  readonly lane: LaneState | undefined;
}

type OwnShortcut = keyof typeof shortcutNames;

function Choices({ network, place, experiment, change, isRunning }: Omit<ColumnProps, "lane">): JSX.Element {
  const { networks } = experiment;
  const replace = (own: Partial<ExperimentNetwork>): void =>
    change({ networks: networks.map((each, index) => (index === place ? { ...each, ...own } : each)) });
  return (
    <div class="choices">
      <label>
        <span>{say({ en: "Shortcut", zh: "快捷连接" })}</span>
        <select
          value={network.shortcut}
          disabled={isRunning}
          onChange={({ currentTarget }) => replace({ shortcut: currentTarget.value as ShortcutType })}
        >
          {additiveShortcutTypes.map((type) => (
            <option key={type} value={type} selected={type === network.shortcut}>
              {say(shortcutNames[type as OwnShortcut])}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>{say({ en: "Layers", zh: "层数" })}</span>
        <select
          value={network.depth}
          disabled={isRunning}
          onChange={({ currentTarget }) => replace({ depth: Number(currentTarget.value) })}
        >
          {depths.map((depth) => (
            <option key={depth} value={depth} selected={depth === network.depth}>
              {depth}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

function Remove({ network, place, experiment, change, isRunning }: ColumnProps): JSX.Element | null {
  const { networks } = experiment;
  const name = nameNetwork(network);
  if (networks.length === 1) return null;
  return (
    <button
      type="button"
      class="icon"
      disabled={isRunning}
      aria-label={say({ en: `Remove ${name}`, zh: `移除 ${name}` })}
      onClick={() => change({ networks: networks.filter((_, index) => index !== place) })}
    >
      ×
    </button>
  );
}

const show = (value: number | undefined, digits: number): string => (value === undefined ? "–" : value.toFixed(digits));

function Column(props: ColumnProps): JSX.Element {
  const { network, lane } = props;
  const steps = lane?.steps ?? [];
  const last = steps.at(-1);
  const accuracy = lastMean(steps, "accuracy");
  return (
    <li class="column panel" data-shortcut={network.shortcut}>
      <h2>
        <span class="swatch" aria-hidden="true" />
        <span class="grow">{nameNetwork(network)}</span>
        <Remove {...props} />
      </h2>
      <Choices {...props} />
      <Strip norms={last?.blockNorms ?? []} count={(network.depth - 2) / 2} />
      <dl class="figures">
        <div>
          <dt>{say({ en: "Loss", zh: "损失" })}</dt>
          <dd>{show(lastMean(steps, "loss"), 2)}</dd>
        </div>
        <div>
          <dt>{say({ en: "Accuracy", zh: "准确率" })}</dt>
          <dd>{accuracy === undefined ? "–" : `${(100 * accuracy).toFixed(0)} %`}</dd>
        </div>
        <div>
          <dt>{say({ en: "Step", zh: "步" })}</dt>
          <dd>{last?.step ?? "–"}</dd>
        </div>
      </dl>
      <p class="quiet state">{say(describeLane(lane))}</p>
      <details>
        <summary>{say({ en: "What is this shortcut?", zh: "这是什么快捷连接？" })}</summary>
        <p class="quiet">{say(explainShortcut(network.shortcut))}</p>
      </details>
    </li>
  );
}

/** The networks as columns, each with its choices and how far it is. */
export function Networks({
  experiment,
  change,
  lanes,
  isRunning,
}: {
  readonly experiment: Signal<Experiment>;
  readonly change: Change;
  readonly lanes: readonly LaneState[];
  readonly isRunning: boolean;
}): JSX.Element {
  const { value } = experiment;
  const { networks } = value;
  const add = (): void => change({ networks: [...networks, nextNetwork(networks)] });
  return (
    <ul class="columns">
      {networks.map((network, place) => (
        <Column
          key={place}
          network={network}
          place={place}
          experiment={value}
          change={change}
          isRunning={isRunning}
          lane={lanes[place]}
        />
      ))}
      {networks.length < mostNetworks && (
        <li class="column add">
          <button type="button" disabled={isRunning} onClick={add}>
            {say({ en: "+ network", zh: "+ 网络" })}
          </button>
        </li>
      )}
    </ul>
  );
}

/** As deep as the last, with the first type that is not there yet. */
function nextNetwork(networks: readonly ExperimentNetwork[]): ExperimentNetwork {
  const { depth } = networks.at(-1)!;
  const isThere = (shortcut: ShortcutType): boolean =>
    networks.some((each) => each.shortcut === shortcut && each.depth === depth);
  return { depth, shortcut: additiveShortcutTypes.find((type) => !isThere(type)) ?? "pad" };
}
