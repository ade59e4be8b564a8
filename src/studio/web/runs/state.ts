import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { openService } from "../../../jobs/web/service.ts";
import type { Words } from "../../../report/words.ts";
import type { Said } from "../../said.ts";
import { messageOf } from "../message.ts";
import type { ListedRun } from "../../runs/read-export.ts";
import { keep, kept } from "../kept.ts";
import { type Listing, type RunCurves, runsReading, type RunsSource } from "./runs-service.ts";
import { type OwnTags, standardView, type View } from "./view.ts";

/** Runs that are shown side by side at most: more curves cannot be told apart. */
export const mostCompared = 8;

/** What the page shows. */
export interface RunsState {
  /** The file's name, or the store's. */
  readonly name?: Words;
  /** What is wished for; the listing follows. */
  readonly view: View;
  readonly listing?: Listing;
  /** The runs that are compared, in the order in which they were chosen. */
  readonly chosen: readonly ListedRun[];
  readonly metric?: string;
  readonly curves?: RunCurves | undefined;
  readonly isReading: boolean;
  readonly problem?: Said | undefined;
}

const shown: Signal<RunsState> = signal({ view: standardView, chosen: [], isReading: false });
/** The runs that are listed, and which of them are compared. */
export const runsState: ReadonlySignal<RunsState> = shown;

const reader = openService(runsReading);
let wish = 0;

const change = (part: Partial<RunsState>): void => void (shown.value = { ...shown.value, ...part });

/** Tags given in the page, kept for the next visit. */
function readOwnTags(): OwnTags {
  try {
    const read: unknown = JSON.parse(kept("run-tags") ?? "{}");
    const isTags = (tags: unknown): boolean => Array.isArray(tags) && tags.every((tag) => typeof tag === "string");
    return typeof read === "object" && read !== null && Object.values(read).every(isTags) ? (read as OwnTags) : {};
  } catch {
    return {};
  }
}

/** Counts what was listed: only the last wish is shown. */
let listings = 0;

async function list(): Promise<void> {
  const own = ++listings;
  const { view, chosen } = shown.value;
  try {
    const answer = await reader.ask({ kind: "list", view, tags: readOwnTags(), chosen: chosen.map(({ id }) => id) });
    if (own !== listings || answer.kind !== "list") return;
    // What was chosen meanwhile stays chosen.
    const known = new Map(answer.chosen.map((run) => [run.id, run]));
    change({ listing: answer, chosen: shown.value.chosen.map((run) => known.get(run.id) ?? run) });
  } catch (error) {
    if (own === listings) change({ problem: messageOf(error) });
  }
}

/** Opens a file that `residua runs export` wrote, or the server's store; what was listed before stays until then. */
export async function openRuns(source: RunsSource): Promise<void> {
  const own = ++wish;
  listings++;
  change({ isReading: true, problem: undefined });
  const name: Words = source.kind === "file" ? source.file.name : { en: "the server's store", zh: "服务器的运行存储" };
  try {
    const answer = await reader.ask({ kind: "open", source, view: standardView, tags: readOwnTags(), chosen: [] });
    if (own !== wish || answer.kind !== "list") return;
    listings++;
    shown.value = { name, listing: answer, view: standardView, chosen: [], isReading: false };
  } catch (error) {
    if (own === wish) change({ isReading: false, problem: messageOf(error) });
  }
}

/** Changes what is listed, and in which order; without a page of its own, from the first. */
export function changeView(part: Partial<View>): void {
  change({ view: { ...shown.value.view, page: 0, ...part } });
  void list();
}

/** Metrics that every chosen run may be compared by: those that any of them has, loss first. */
export function metricsOf(runs: readonly ListedRun[]): readonly string[] {
  const names = new Set(runs.flatMap(({ last }) => Object.keys(last)));
  return [...names].toSorted((a, b) => Number(b === "loss") - Number(a === "loss") || (a < b ? -1 : 1));
}

async function loadCurves(metric: string | undefined): Promise<void> {
  const own = ++wish;
  const { chosen } = shown.value;
  if (metric === undefined || chosen.length === 0) {
    change({ curves: undefined });
    return;
  }
  try {
    const answer = await reader.ask({ kind: "curves", ids: chosen.map(({ id }) => id), metric });
    if (own === wish && answer.kind === "curves") change({ curves: answer });
  } catch (error) {
    if (own === wish) change({ problem: messageOf(error) });
  }
}

/** Takes a run into the comparison, or out of it. */
export function choose(id: string): void {
  const { chosen, metric, listing } = shown.value;
  const found = listing?.runs.find((run) => run.id === id);
  const isChosen = chosen.some((run) => run.id === id);
  if (!isChosen && (found === undefined || chosen.length === mostCompared)) return;
  const next = isChosen ? chosen.filter((run) => run.id !== id) : [...chosen, found!];
  const metrics = metricsOf(next);
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
  const before = readOwnTags();
  const own = shown.value.chosen.map(
    ({ id }) => [id, [...new Set([...(Object.hasOwn(before, id) ? before[id] : []), tag])]] as const,
  );
  keep("run-tags", JSON.stringify({ ...before, ...Object.fromEntries(own) }));
  void list();
}

/** Takes a tag that was given here from the chosen runs; those of the file stay. */
export function untagChosen(tag: string): void {
  const before = readOwnTags();
  const own = shown.value.chosen.flatMap(({ id }) =>
    Object.hasOwn(before, id) ? [[id, before[id].filter((one) => one !== tag)] as const] : [],
  );
  keep("run-tags", JSON.stringify({ ...before, ...Object.fromEntries(own) }));
  void list();
}

/** Says why what was dropped cannot be read. */
export function refuse(problem: Words): void {
  change({ problem });
}
