import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { openService } from "../../../jobs/web/service.ts";
import type { Words } from "../../../report/words.ts";
import type { Said } from "../../said.ts";
import { messageOf } from "../message.ts";
import type { ListedRun } from "../../runs/read-export.ts";
import { keep, kept } from "../kept.ts";
import { type RunCurves, runsReading } from "./runs-service.ts";
import { standardView, type View } from "./view.ts";

/** Runs that are shown side by side at most: more curves cannot be told apart. */
export const mostCompared = 8;

/** What the page shows. */
export interface RunsState {
  /** The file's name. */
  readonly name?: string;
  readonly runs: readonly ListedRun[];
  readonly view: View;
  /** Ids of the runs that are compared, in the order in which they were chosen. */
  readonly chosen: readonly string[];
  readonly metric?: string;
  readonly curves?: RunCurves | undefined;
  readonly isReading: boolean;
  readonly problem?: Said | undefined;
}

const shown: Signal<RunsState> = signal({ runs: [], view: standardView, chosen: [], isReading: false });
/** The runs that are listed, and which of them are compared. */
export const runsState: ReadonlySignal<RunsState> = shown;

const reader = openService(runsReading);
let wish = 0;

const change = (part: Partial<RunsState>): void => void (shown.value = { ...shown.value, ...part });

/** Tags given in the page, by run; kept for the next visit. */
type OwnTags = Readonly<Record<string, readonly string[]>>;

function readOwnTags(): OwnTags {
  try {
    const read: unknown = JSON.parse(kept("run-tags") ?? "{}");
    const isTags = (tags: unknown): boolean => Array.isArray(tags) && tags.every((tag) => typeof tag === "string");
    return typeof read === "object" && read !== null && Object.values(read).every(isTags) ? (read as OwnTags) : {};
  } catch {
    return {};
  }
}

const withTags = (run: ListedRun, own: OwnTags): ListedRun => {
  const added = Object.hasOwn(own, run.id) ? own[run.id] : [];
  return added.length === 0 ? run : { ...run, tags: [...new Set([...run.tags, ...added])] };
};

/** Opens a file that `residua runs export` wrote; what was listed before stays until then. */
export async function openRuns(file: File): Promise<void> {
  const own = ++wish;
  change({ isReading: true, problem: undefined });
  try {
    const answer = await reader.ask({ kind: "open", file });
    if (own !== wish || answer.kind !== "runs") return;
    const tags = readOwnTags();
    const runs = answer.runs.map((run) => withTags(run, tags));
    shown.value = { name: file.name, runs, view: standardView, chosen: [], isReading: false };
  } catch (error) {
    if (own === wish) change({ isReading: false, problem: messageOf(error) });
  }
}

/** Changes what is listed, and in which order; without a page of its own, from the first. */
export function changeView(part: Partial<View>): void {
  change({ view: { ...shown.value.view, page: 0, ...part } });
}

/** Metrics that every chosen run may be compared by: those that any of them has, loss first. */
export function metricsOf(runs: readonly ListedRun[]): readonly string[] {
  const names = new Set(runs.flatMap(({ last }) => Object.keys(last)));
  return [...names].toSorted((a, b) => Number(b === "loss") - Number(a === "loss") || (a < b ? -1 : 1));
}

/** The runs that are compared. */
export function chosenRuns({ runs, chosen }: RunsState): readonly ListedRun[] {
  return chosen.flatMap((id) => runs.find((run) => run.id === id) ?? []);
}

async function loadCurves(metric: string | undefined): Promise<void> {
  const own = ++wish;
  const { chosen } = shown.value;
  if (metric === undefined || chosen.length === 0) {
    change({ curves: undefined });
    return;
  }
  try {
    const answer = await reader.ask({ kind: "curves", ids: chosen, metric });
    if (own === wish && answer.kind === "curves") change({ curves: answer });
  } catch (error) {
    if (own === wish) change({ problem: messageOf(error) });
  }
}

/** Takes a run into the comparison, or out of it. */
export function choose(id: string): void {
  const { chosen, metric } = shown.value;
  const next = chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id].slice(0, mostCompared);
  const metrics = metricsOf(chosenRuns({ ...shown.value, chosen: next }));
  const own = metric !== undefined && metrics.includes(metric) ? metric : metrics[0];
  change({ chosen: next, curves: undefined, ...(own === undefined ? {} : { metric: own }) });
  void loadCurves(own);
}

/** Ends the comparison. */
export function chooseNone(): void {
  wish++;
  change({ chosen: [], curves: undefined });
}

/** Shows another metric's curves. */
export function showMetric(metric: string): void {
  change({ metric, curves: undefined });
  void loadCurves(metric);
}

/** Gives the chosen runs a tag, which this browser keeps. */
export function tagChosen(tag: string): void {
  const { runs, chosen } = shown.value;
  const before = readOwnTags();
  const own = Object.fromEntries(
    chosen.map((id) => [id, [...new Set([...(Object.hasOwn(before, id) ? before[id] : []), tag])]]),
  );
  const tags = { ...before, ...own };
  keep("run-tags", JSON.stringify(tags));
  change({ runs: runs.map((run) => withTags(run, tags)) });
}

/** Takes a tag that was given here from the chosen runs; those of the file stay. */
export function untagChosen(tag: string): void {
  const { runs, chosen } = shown.value;
  const before = readOwnTags();
  const isOwn = (id: string): boolean => Object.hasOwn(before, id) && before[id].includes(tag);
  const taken = new Set(chosen.filter(isOwn));
  const own = [...taken].map((id) => [id, before[id].filter((one) => one !== tag)] as const);
  keep("run-tags", JSON.stringify({ ...before, ...Object.fromEntries(own) }));
  change({
    runs: runs.map((run) => (taken.has(run.id) ? { ...run, tags: run.tags.filter((one) => one !== tag) } : run)),
  });
}

/** Says why what was dropped cannot be read. */
export function refuse(problem: Words): void {
  change({ problem });
}
