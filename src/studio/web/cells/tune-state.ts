import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Running } from "../../../jobs/job.ts";
import { runInWorker } from "../../../jobs/web/worker.ts";
import type { Said } from "../../said.ts";
import { holdBusy } from "../busy.ts";
import { messageOf } from "../message.ts";
import { cellsState, useNetwork } from "./state.ts";
import { type CorrectedPicture, type TuneEvent, type TuneResult, tuning } from "./tune-job.ts";

/** A picture that is kept to be trained on. */
export interface KeptPicture extends CorrectedPicture {
  readonly cells: number;
  readonly corrections: number;
}

/** What is trained on, and how far that is. */
export interface TuneState {
  readonly pictures: readonly KeptPicture[];
  readonly event?: TuneEvent | undefined;
  readonly isStopping?: boolean;
  /** Seconds until the last step, once two are done. */
  readonly secondsLeft?: number | undefined;
  readonly result?: TuneResult | undefined;
  readonly problem?: Said | undefined;
}

const shown: Signal<TuneState> = signal({ pictures: [] });
/** What is trained on, and how far that is. */
export const tuneState: ReadonlySignal<TuneState> = shown;

const change = (part: Partial<TuneState>): void => void (shown.value = { ...shown.value, ...part });

/** Keeps the picture that is shown, as it is corrected now, to be trained on; in place of one of the same name. */
export function keepPicture(): void {
  const { found, file } = cellsState.value;
  if (found === undefined || file === undefined) return;
  const { labels, cells, corrections } = found;
  const own: KeptPicture = { file, labels: labels.slice(), cells: cells.length, corrections };
  change({ pictures: [...shown.value.pictures.filter((one) => one.file.name !== file.name), own], problem: undefined });
}

/** Leaves a picture out. */
export function dropPicture(name: string): void {
  change({ pictures: shown.value.pictures.filter(({ file }) => file.name !== name) });
}

/** Finds cells by another network from now on; where corrections are shown that are not kept, the picture stays as it is. */
export function switchNetwork(network: Uint8Array<ArrayBuffer> | undefined): void {
  const { found, file } = cellsState.value;
  const corrections = found?.corrections ?? 0;
  const kept = shown.value.pictures.find((one) => one.file === file);
  useNetwork(network, corrections === 0 || kept?.corrections === corrections);
}

let running: Running<TuneEvent, TuneResult> | undefined;

function hear(event: TuneEvent, firstAt: { value?: number }): void {
  if (event.kind !== "step") {
    change({ event, secondsLeft: undefined });
    return;
  }
  const now = performance.now();
  // The first step also waits for the runtime.
  firstAt.value ??= now;
  const each = event.step > 1 ? (now - firstAt.value) / 1000 / (event.step - 1) : undefined;
  change({ event, secondsLeft: each === undefined ? undefined : each * (event.steps - event.step) });
}

/** Trains the package's network further on the pictures that are kept. What comes of it is used from then on. */
export async function train(): Promise<void> {
  const { pictures } = shown.value;
  if (running !== undefined || pictures.length === 0) return;
  change({ event: { kind: "judging", isBefore: true }, isStopping: false, result: undefined, problem: undefined });
  const firstAt: { value?: number } = {};
  const models = new URL("models/", document.baseURI).href;
  const job = runInWorker(
    tuning,
    { pictures: pictures.map(({ file, labels }) => ({ file, labels })), models },
    { onEvent: (event) => hear(event, firstAt) },
  );
  running = job;
  holdBusy(job.result);
  try {
    const result = await job.result;
    change({ event: undefined, result });
    if (result.onnx !== undefined) switchNetwork(result.onnx);
  } catch (error) {
    change({ event: undefined, problem: messageOf(error) });
  } finally {
    running = undefined;
  }
}

/** Ends the training after its current step; what it has learnt until then stays. */
export function stopTraining(): void {
  running?.stop();
  change({ isStopping: true });
}
