import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Running } from "../../../jobs/job.ts";
import { runInWorker } from "../../../jobs/web/worker.ts";
import type { Words } from "../../../report/words.ts";
import { errorMessage } from "../../../tensor/errors.ts";
import { holdBusy } from "../busy.ts";
import { type FindEvent, finding, type FoundCells } from "./find-job.ts";

/** What the page shows. */
export interface CellsState {
  readonly found?: FoundCells;
  /** The number of the cell that is looked at. */
  readonly selected?: number | undefined;
  readonly progress?: FindEvent | undefined;
  readonly problem?: Words;
}

const shown: Signal<CellsState> = signal({});
/** The picture that is shown, and how far the next one is. */
export const cellsState: ReadonlySignal<CellsState> = shown;

let running: Running<FindEvent, FoundCells> | undefined;

/** Finds the cells of a picture; the one before stays until then. */
export async function findCells(file: File): Promise<void> {
  running?.kill();
  const models = new URL("models/", document.baseURI).href;
  const job = runInWorker(
    finding,
    { file, models },
    { onEvent: (progress) => running === job && (shown.value = { ...shown.value, progress }) },
  );
  running = job;
  holdBusy(job.result);
  const { found: before } = shown.value;
  shown.value = { ...(before === undefined ? {} : { found: before }), progress: { kind: "loading" } };
  try {
    const found = await job.result;
    if (running === job) shown.value = { found };
  } catch (error) {
    const { found } = shown.value;
    if (running === job) shown.value = { ...(found === undefined ? {} : { found }), problem: errorMessage(error) };
  }
}

/** Looks at a cell; at none if it was looked at already. */
export function select(id: number | undefined): void {
  const { selected, ...rest } = shown.value;
  shown.value = id === undefined || id === 0 || id === selected ? rest : { ...rest, selected: id };
}

/** Says why what was dropped cannot be read. */
export function refuse(problem: Words): void {
  shown.value = { ...shown.value, problem };
}
