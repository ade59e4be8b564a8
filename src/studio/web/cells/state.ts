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
  /** The picture's file. */
  readonly file?: File | undefined;
  /** A network that was trained further, which finds cells in the package's place. */
  readonly network?: Uint8Array<ArrayBuffer> | undefined;
  /** The network that found the cells that are shown; the package's if there is none. */
  readonly foundBy?: Uint8Array<ArrayBuffer> | undefined;
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

/** What stays whatever is asked: not what is looked at, nor what went wrong. */
const keptOf = ({ found, file, network, foundBy }: CellsState): CellsState => ({
  ...(found === undefined ? {} : { found }),
  file,
  network,
  foundBy,
});

const finder = openService(cellFinding);
/** Counts the pictures that were asked for. */
let wish = 0;

/** Finds the cells of a picture; the one before stays until then. */
export async function findCells(file: File): Promise<void> {
  const own = ++wish;
  // The picture before need not be looked through to its end.
  finder.close();
  const models = new URL("models/", document.baseURI).href;
  shown.value = { ...keptOf(shown.value), progress: { kind: "loading" } };
  const { network } = shown.value;
  const answer = finder.ask(
    { kind: "find", file, models, ...(network === undefined ? {} : { network }) },
    { onEvent: (progress) => own === wish && (shown.value = { ...shown.value, progress }) },
  );
  holdBusy(answer);
  try {
    const found = await answer;
    if (own === wish && found.kind === "found") shown.value = { ...keptOf(shown.value), found, file, foundBy: network };
  } catch (error) {
    if (own === wish) shown.value = { ...keptOf(shown.value), problem: messageOf(error) };
  }
}

/**
 * Finds cells by a network that was trained further, or by the package's.
 *
 * @param again whether those of the picture that is shown are found anew; corrections by hand that are in them are lost
 */
export function useNetwork(network: Uint8Array<ArrayBuffer> | undefined, again: boolean): void {
  shown.value = { ...shown.value, network };
  const { file } = shown.value;
  if (again && file !== undefined) void findCells(file);
}

async function ask(request: CellsRequest): Promise<void> {
  const own = wish;
  try {
    const corrected = await finder.ask(request);
    const { found } = shown.value;
    if (own !== wish || found === undefined) return;
    const { kind: _, ...labels } = corrected;
    shown.value = { ...keptOf(shown.value), found: { ...found, ...labels } };
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
