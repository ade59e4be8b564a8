import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { openService } from "../../../jobs/web/service.ts";
import type { Words } from "../../../report/words.ts";
import type { Said } from "../../said.ts";
import type { CellEdit } from "../../../tasks/segment/correct.ts";
import { holdBusy } from "../busy.ts";
import { messageOf } from "../message.ts";
import { cellFinding, type CellsRequest, type FindEvent, type FoundCells, type Thresholds } from "./find-job.ts";

/** What the page shows. */
export interface CellsState {
  readonly found?: FoundCells;
  /** The number of the cell that is looked at. */
  readonly selected?: number | undefined;
  /** Whether the next cell that is chosen is merged with the one that is looked at. */
  readonly isMerging?: boolean | undefined;
  readonly progress?: FindEvent | undefined;
  readonly problem?: Said | undefined;
}

const shown: Signal<CellsState> = signal({});
/** The picture that is shown, and how far the next one is. */
export const cellsState: ReadonlySignal<CellsState> = shown;

const finder = openService(cellFinding);
/** Counts the pictures that were asked for. */
let wish = 0;

/** Finds the cells of a picture; the one before stays until then. */
export async function findCells(file: File): Promise<void> {
  const own = ++wish;
  // The picture before need not be looked through to its end.
  finder.close();
  const models = new URL("models/", document.baseURI).href;
  const { found: before } = shown.value;
  shown.value = { ...(before === undefined ? {} : { found: before }), progress: { kind: "loading" } };
  const answer = finder.ask(
    { kind: "find", file, models },
    { onEvent: (progress) => own === wish && (shown.value = { ...shown.value, progress }) },
  );
  holdBusy(answer);
  try {
    const found = await answer;
    if (own === wish && found.kind === "found") shown.value = { found };
  } catch (error) {
    const { found } = shown.value;
    if (own === wish) shown.value = { ...(found === undefined ? {} : { found }), problem: messageOf(error) };
  }
}

async function ask(request: CellsRequest): Promise<void> {
  const own = wish;
  try {
    const corrected = await finder.ask(request);
    const { found } = shown.value;
    if (own !== wish || found === undefined) return;
    const { kind: _, ...labels } = corrected;
    shown.value = { found: { ...found, ...labels } };
  } catch (error) {
    if (own === wish) shown.value = { ...shown.value, isMerging: false, problem: messageOf(error) };
  }
}

/** Corrects the cells by hand; nothing is inferred anew. */
export function correct(edit: CellEdit): void {
  void ask({ kind: "correct", edit });
}

/** The thresholds that are wished for while others are worked on. */
let wished: Thresholds | undefined;
let isSeparating = false;

/** Tells cells apart by other thresholds; nothing is inferred anew. What is moved meanwhile is done once, at the end. */
export async function separate(thresholds: Thresholds): Promise<void> {
  wished = thresholds;
  if (isSeparating) return;
  isSeparating = true;
  while (wished !== undefined) {
    const next: Thresholds = wished;
    wished = undefined;
    await ask({ kind: "separate", thresholds: next });
  }
  isSeparating = false;
}

/** Takes back the last correction. */
export function takeBackLast(): void {
  void ask({ kind: "take back" });
}

/** Begins to merge the cell that is looked at with the one that is chosen next, or leaves it. */
export function toggleMerging(): void {
  const { isMerging = false } = shown.value;
  shown.value = { ...shown.value, isMerging: !isMerging };
}

/** Looks at a cell, at none if it was looked at already; or merges it with the one that is looked at. */
export function select(id: number | undefined): void {
  const { selected, isMerging = false, ...rest } = shown.value;
  const isNone = id === undefined || id === 0 || id === selected;
  if (isMerging && selected !== undefined && !isNone) correct({ kind: "merge", id: selected, other: id });
  else shown.value = isNone ? rest : { ...rest, selected: id };
}

/** Says why what was dropped cannot be read. */
export function refuse(problem: Words): void {
  shown.value = { ...shown.value, problem };
}
