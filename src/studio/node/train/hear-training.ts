import type { MemoryRecord } from "../../../train/node/record.ts";
import type { JobObserver } from "../../../train/observers.ts";
import type { MemoryEvent } from "../../../train/memory-job.ts";
import type { ComputedEvent, Judgement, TrainedFile } from "../../engine.ts";

/** What the process of a training reports: `trained` once, before it judges. */
export type ProcessEvent = ComputedEvent | { readonly kind: "trained"; readonly outcome: MemoryRecord };

/** How a training ends that has no result. */
interface Failure {
  readonly error: unknown;
  /** Whether somebody asked for it. */
  readonly isAsked: boolean;
}

/** What becomes of what a training's process says. */
export interface HeardTraining {
  readonly hear: (event: ProcessEvent) => void;
  /** Lays the judgement beside the network. */
  readonly judged: (judgement: Judgement) => TrainedFile;
  /** Records the end, unless the network was trained, which is recorded already. Never rejects. */
  readonly end: (failure?: Failure) => Promise<void>;
}

/** Hears a training, and records its network as soon as it is trained: whatever becomes of the judgement. */
export function hearTraining(
  recorder: JobObserver<MemoryEvent, MemoryRecord>,
  onEvent: (event: ComputedEvent) => void,
): HeardTraining {
  let trained: MemoryRecord | undefined;
  let written: Promise<void> | undefined;
  return {
    hear: (event) => {
      if (event.kind === "trained") {
        trained = event.outcome;
        written = recorder.finish({ result: trained });
        return;
      }
      onEvent(event);
      if (event.kind !== "judging") recorder.observe(event);
    },
    judged: (judgement) => {
      const { status, reason, onnx, steps } = trained!;
      return { status, onnx, steps, judgement, ...(reason === undefined ? {} : { reason }) };
    },
    end: async (failure) => {
      if (failure !== undefined) written ??= recorder.finish(failure);
      await written;
    },
  };
}
