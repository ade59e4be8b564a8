import { type Signal, signal, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import type { Words } from "../../../report/words.ts";
import { digitCounts } from "../../digits.ts";
import { movingMean } from "../../moving-mean.ts";
import { nameNetwork } from "../../names.ts";
import type { TestedNetwork } from "../../verdict.ts";
import { type Experiment, jobsOf, readExperiment, writeExperiment } from "../experiment.ts";
import { say } from "../language.ts";
import { sayMessage } from "../message.ts";
import { Chart, type ChartLine } from "../parts/chart.tsx";
import { StripLegend } from "../parts/strip.tsx";
import { createShownRace, type LaneState, type RaceState } from "../race-state.ts";
import { replaceQuery, useQuery } from "../route.ts";
import { meanOver } from "./lane-words.ts";
import { type Change, Networks } from "./networks.tsx";
import { Settings } from "./settings.tsx";
import { IgnoredFields } from "../parts/problem.tsx";

/** The race goes on while its reader looks at another page. */
const race = createShownRace();
const experiment: Signal<Experiment> = signal(readExperiment("").value);

/** What seeds gave, for the experiment that is shown without its seed. */
interface Tested {
  readonly key: string;
  /** For each seed, correct images by network. */
  readonly bySeed: ReadonlyMap<number, readonly number[]>;
  readonly verdict: readonly Words[];
}

const keyOf = (own: Experiment): string => writeExperiment({ ...own, seed: 0 });
const tested: Signal<Tested> = signal({ key: keyOf(experiment.value), bySeed: new Map(), verdict: [] });

async function train(own: Experiment): Promise<void> {
  const lanes = await race.start(jobsOf(own));
  const correct = lanes.flatMap(({ result }) => result?.test?.correct ?? []);
  const key = keyOf(own);
  if (correct.length < lanes.length || keyOf(experiment.value) !== key) return;
  // Statistics are half of what this page would load at first.
  const { judgeRace } = await import("../../verdict.ts");
  const before = tested.value.key === key ? tested.value.bySeed : [];
  const bySeed = new Map([...before, [own.seed, correct]]);
  tested.value = { key, bySeed, verdict: judgeRace(networksTested(own, bySeed), digitCounts.classes) };
}

/** Another experiment leaves the race of the one before. */
const change: Change = (own) => {
  experiment.value = { ...experiment.value, ...own };
  race.clear();
  replaceQuery(writeExperiment(experiment.value));
};

/** Networks of one type are told apart by their dashes. */
const dashes = [undefined, [8, 5], [2, 4], [12, 4, 2, 4]] as const;

function linesOf(
  { networks }: Experiment,
  lanes: readonly LaneState[],
  what: "loss" | "accuracy",
): readonly ChartLine[] {
  return networks.map((network, index) => {
    const alike = networks.slice(0, index).filter(({ shortcut }) => shortcut === network.shortcut).length;
    const dash = dashes[alike % dashes.length];
    const values = movingMean(lanes[index]?.steps.map((step) => step[what]) ?? [], meanOver);
    return { name: nameNetwork(network), color: network.shortcut, values, ...(dash === undefined ? {} : { dash }) };
  });
}

function Charts({ lanes }: { readonly lanes: readonly LaneState[] }): JSX.Element {
  const own = experiment.value;
  const across = say({ en: `by step; mean of the last ${meanOver}`, zh: `按步；最近 ${meanOver} 步的平均` });
  return (
    <div class="charts">
      <Chart
        title={say({ en: "Loss", zh: "损失" })}
        across={across}
        lines={linesOf(own, lanes, "loss")}
        steps={own.steps}
        range={[0, 3]}
        format={(value) => value.toFixed(1)}
      />
      <Chart
        title={say({ en: "Accuracy", zh: "准确率" })}
        across={across}
        lines={linesOf(own, lanes, "accuracy")}
        steps={own.steps}
        range={[0, 1]}
        format={(value) => `${(100 * value).toFixed(0)} %`}
      />
    </div>
  );
}

function networksTested({ networks }: Experiment, bySeed: Tested["bySeed"]): readonly TestedNetwork[] {
  return networks.map((network, index) => ({
    name: nameNetwork(network),
    correct: Array.from(bySeed.values(), (correct) => correct[index]),
    count: digitCounts.test,
  }));
}

function Verdict({ isRunning }: { readonly isRunning: boolean }): JSX.Element | null {
  const own = experiment.value;
  if (tested.value.key !== keyOf(own) || tested.value.bySeed.size === 0) return null;
  const seeds = [...tested.value.bySeed.keys()];
  const networks = networksTested(own, tested.value.bySeed);
  const next = Math.max(...seeds) + 1;
  return (
    <section class="verdict panel">
      <h2>{say({ en: "What this shows", zh: "这说明了什么" })}</h2>
      {tested.value.verdict.map((words, index) => (
        <p key={index}>{say(words)}</p>
      ))}
      <div class="scroll" tabIndex={0}>
        <table>
          <caption>
            {say({
              en: `Right of ${digitCounts.test} digits held back, in percent`,
              zh: `留出的 ${digitCounts.test} 个数字的准确率（%）`,
            })}
          </caption>
          <thead>
            <tr>
              <th scope="col">{say({ en: "Seed", zh: "种子" })}</th>
              {seeds.map((seed) => (
                <th key={seed} scope="col">
                  {seed}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {networks.map(({ name, correct, count }, row) => (
              <tr key={row}>
                <th scope="row">{name}</th>
                {correct.map((each, index) => (
                  <td key={index}>{((100 * each) / count).toFixed(1)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <button
        type="button"
        disabled={isRunning}
        onClick={() => {
          change({ seed: next });
          void train(experiment.value);
        }}
      >
        {say({ en: `Train again with seed ${next}`, zh: `用种子 ${next} 再训练一次` })}
      </button>
    </section>
  );
}

function CopyLink(): JSX.Element {
  const copied = useSignal<Words | undefined>(undefined);
  const copy = async (): Promise<void> => {
    replaceQuery(writeExperiment(experiment.value));
    try {
      await navigator.clipboard.writeText(location.href);
      copied.value = { en: "Copied.", zh: "已复制。" };
    } catch {
      copied.value = { en: "The address bar has the link.", zh: "链接在地址栏中。" };
    }
  };
  return (
    <>
      <button type="button" onClick={() => void copy()}>
        {say({ en: "Copy link", zh: "复制链接" })}
      </button>
      <span role="status" class="quiet">
        {copied.value === undefined ? "" : say(copied.value)}
      </span>
    </>
  );
}

function Controls({ state }: { readonly state: RaceState }): JSX.Element {
  const { isRunning, problem } = state;
  return (
    <div class="controls">
      {isRunning ? (
        <button type="button" class="primary" onClick={race.stop}>
          {say({ en: "Stop", zh: "停止" })}
        </button>
      ) : (
        <button type="button" class="primary" onClick={() => void train(experiment.value)}>
          {say({ en: "Start", zh: "开始" })}
        </button>
      )}
      <CopyLink />
      {problem !== undefined && (
        <p role="alert" class="problem">
          {say({ en: "The race ended:", zh: "比赛中断：" })} {sayMessage(problem)}
        </p>
      )}
    </div>
  );
}

/** Takes over the experiment of a link. It starts nothing. */
function useLink(ignored: Signal<readonly string[]>): void {
  useQuery((query) => {
    if (query === "" || query === writeExperiment(experiment.value)) return;
    const read = readExperiment(query);
    ignored.value = read.ignored;
    experiment.value = read.value;
    race.clear();
  });
}

/** Networks side by side: one data set, one seed, one start. */
export function ComparePage(): JSX.Element {
  const ignored = useSignal<readonly string[]>([]);
  const refused = useSignal<Words | undefined>(undefined);
  useLink(ignored);
  const { value: state } = race.state;
  return (
    <>
      <h1>{say({ en: "Compare networks", zh: "比较网络" })}</h1>
      <p class="quiet">
        {say({
          en: `Trained on this device, on ${digitCounts.train.toLocaleString("en")} handwritten digits: the same images in the same order for every network.`,
          zh: `就在这台设备上，用 ${digitCounts.train} 个手写数字训练：每个网络看到同样的图像、同样的顺序。`,
        })}
      </p>
      <IgnoredFields names={ignored.value} />
      <div class="bar panel">
        <Settings
          experiment={experiment.value}
          change={change}
          isRunning={state.isRunning}
          refused={refused.value}
          refuse={(why) => (refused.value = why)}
        />
        <Controls state={state} />
      </div>
      <Networks experiment={experiment} change={change} lanes={state.lanes} isRunning={state.isRunning} />
      <StripLegend
        words={{ en: "Each cell is a block; colour: norm of its gradient,", zh: "每格一个块；颜色：其梯度的范数，" }}
      />
      <Charts lanes={state.lanes} />
      <Verdict isRunning={state.isRunning} />
    </>
  );
}
