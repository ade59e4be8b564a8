import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { openService } from "../../../jobs/web/service.ts";
import type { Words } from "../../../report/words.ts";
import type { Said } from "../../said.ts";
import { holdBusy } from "../busy.ts";
import { messageOf } from "../message.ts";
import type { ImageSource } from "../train/read-job.ts";
import type { MeasuredPoint } from "../../../lab/measured-point.ts";
import type { DescribeInput } from "./describe-job.ts";
import { landscapePoints } from "./landscape-grid.ts";
import {
  type CutResult,
  type FlowResult,
  type LookedAt,
  networkStudy,
  type OpenedStudy,
  type StudyRequest,
} from "./study-service.ts";

/** A landscape as far as it is measured. */
export interface SurveyState {
  /** In the order of the points. */
  readonly measured: readonly MeasuredPoint[];
  readonly isRunning: boolean;
  /** What a point takes, on average. */
  readonly secondsEach?: number;
}

/** What is tried on the network that is shown. */
export interface StudyState {
  readonly isOpening?: boolean;
  readonly opened?: OpenedStudy;
  /** Names of the blocks that are cut out. */
  readonly removed: readonly string[];
  /** What was cut out before, the latest last. */
  readonly before: readonly (readonly string[])[];
  /** How the whole network does. */
  readonly whole?: CutResult;
  /** How long that took. */
  readonly wholeSeconds?: number;
  /** How it does without the blocks that are cut out; missing while that is measured. */
  readonly cut?: CutResult | undefined;
  readonly flow?: FlowResult;
  readonly isFollowing?: boolean;
  readonly looks?: readonly LookedAt[];
  readonly isLooking?: boolean;
  readonly landscape?: SurveyState | undefined;
  readonly problem?: Said | undefined;
}

const nothing: StudyState = { removed: [], before: [] };
const shown: Signal<StudyState> = signal(nothing);
/** What is tried, and how it went. */
export const studyState: ReadonlySignal<StudyState> = shown;

const service = openService(networkStudy);
/** Counts the networks that were opened. */
let wish = 0;

const change = (part: Partial<StudyState>): void => void (shown.value = { ...shown.value, ...part });

/** Ends what is tried: another network is looked at. */
export function endStudy(): void {
  wish++;
  isMeasuring = false;
  if (shown.value === nothing) return;
  service.close();
  shown.value = nothing;
}

/** Asks the worker; the answer of another network's is nobody's any more. */
async function ask<Kind extends StudyRequest["kind"]>(
  request: Extract<StudyRequest, { readonly kind: Kind }>,
  failed: Partial<StudyState> = {},
) {
  const own = wish;
  const answer = service.ask(request);
  holdBusy(answer);
  try {
    const given = await answer;
    return own === wish && given.kind === request.kind ? given : undefined;
  } catch (error) {
    if (own === wish) change({ ...failed, problem: messageOf(error) });
    return undefined;
  }
}

/** Whether an answer is awaited: what is clicked meanwhile is measured once, at the end. */
let isMeasuring = false;

async function measure(): Promise<void> {
  if (isMeasuring) return;
  isMeasuring = true;
  const own = wish;
  const { removed } = shown.value;
  change({ problem: undefined });
  const begun = performance.now();
  const answer = await ask({ kind: "cut", removed }, { removed: [], before: [] });
  isMeasuring = false;
  if (own !== wish) return;
  if (answer?.kind === "cut" && removed.length === 0)
    change({ whole: answer, wholeSeconds: (performance.now() - begun) / 1000 });
  if (shown.value.removed !== removed) return answer === undefined ? undefined : measure();
  if (answer?.kind === "cut") change({ cut: answer });
}

/** Opens the network that is shown, and tests it on the site's digits or on images of the reader's. */
export async function openStudy(input: DescribeInput, own?: ImageSource): Promise<void> {
  endStudy();
  shown.value = { ...nothing, isOpening: true };
  const images =
    own === undefined
      ? ({ kind: "digits", address: new URL("digits.png", document.baseURI).href } as const)
      : ({ kind: "own", source: own } as const);
  const answer = await ask({ kind: "open", ...input, images }, { isOpening: false });
  if (answer?.kind !== "open") return;
  change({ isOpening: false, opened: answer });
  if (answer.isTrained) await measure();
}

function cut(removed: readonly string[], before: StudyState["before"]): void {
  change({ removed, before, cut: undefined });
  void measure();
}

/** Cuts a block out, or puts it back. */
export function toggleBlock(name: string): void {
  const { removed, before } = shown.value;
  const next = removed.includes(name) ? removed.filter((one) => one !== name) : [...removed, name];
  cut(next, [...before, removed]);
}

/** Takes back the last cut. */
export function undoCut(): void {
  const { before } = shown.value;
  const last = before.at(-1);
  if (last !== undefined) cut(last, before.slice(0, -1));
}

/** Puts all blocks back. */
export function restoreAll(): void {
  const { removed, before } = shown.value;
  cut([], [...before, removed]);
}

/** Measures the gradient of a first step. */
export async function follow(): Promise<void> {
  change({ isFollowing: true, problem: undefined });
  const answer = await ask({ kind: "flow" }, { isFollowing: false });
  if (answer?.kind === "flow") change({ isFollowing: false, flow: answer });
}

/** Shows where the network looks. */
export async function look(): Promise<void> {
  change({ isLooking: true, problem: undefined });
  const answer = await ask({ kind: "look" }, { isLooking: false });
  if (answer?.kind === "look") change({ isLooking: false, looks: answer.looks });
}

/** Counts how often measuring was begun: of two at once, the latter goes on. */
let surveys = 0;

/** Measures the points that are left of the landscape, one by one; between them, it may be stopped. */
export async function survey(): Promise<void> {
  const [own, turn] = [wish, ++surveys];
  const { measured: before = [] } = shown.value.landscape ?? {};
  const begun = performance.now();
  change({ landscape: { measured: before, isRunning: true }, problem: undefined });
  for (let at = before.length; at < landscapePoints.length; at++) {
    const answer = await ask({ kind: "point", at: landscapePoints[at] });
    if (own !== wish || turn !== surveys || shown.value.landscape?.isRunning !== true) return;
    if (answer?.kind !== "point") return stopSurvey();
    const measured = [...shown.value.landscape.measured, { loss: answer.loss, error: answer.error }];
    const secondsEach = (performance.now() - begun) / 1000 / (measured.length - before.length);
    change({ landscape: { measured, isRunning: true, secondsEach } });
  }
}

/** Stops measuring the landscape; what is measured stays, and can be gone on with. */
export function stopSurvey(): void {
  const { landscape } = shown.value;
  if (landscape !== undefined) change({ landscape: { ...landscape, isRunning: false } });
}

/** Forgets what is measured of the landscape. */
export function forgetSurvey(): void {
  change({ landscape: undefined });
}

/** Says why images cannot be used. */
export function refuseImages(problem: Words): void {
  change({ problem });
}
