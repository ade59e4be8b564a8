import { imageSize } from "../../../data/image-set.ts";
import { type Judged, judgeImages } from "../../../tasks/classify/predictions.ts";
import type {
  EngineKind,
  NetworkFacts,
  OngoingTrainings,
  TrainedFile,
  TrainEvent,
  Training,
  TrainJob,
} from "../../engine.ts";
import type { TrainChoice } from "../../train-choice.ts";
import { engine } from "../engines.ts";
import { type ComputedBy, hearTraining, type RunHooks } from "./hear-training.ts";
import type { Reached } from "./kept-training.ts";
import type { ReadImages } from "./read-job.ts";

/** A network at the end of its training, or where it was stopped, and how it judges the images held back. */
export interface TrainedNetwork extends NetworkFacts {
  readonly status: TrainedFile["status"];
  /** What went wrong and what to do, if it diverged. */
  readonly reason?: string;
  readonly choice: TrainChoice;
  /** What computed the training, or its last part, and the judgement. */
  readonly engine: ComputedBy & { readonly kind: EngineKind };
  readonly steps: number;
  readonly onnx: Uint8Array;
  /** By place among the images held back. */
  readonly judged: readonly Judged[];
}

/** A training under way, to the end of its judgement. */
export interface TrainingRun {
  readonly result: Promise<TrainedNetwork>;
  readonly stop: () => void;
  readonly kill: () => void;
}

/** The images that are held back, or the others. */
function partOf(
  images: ReadImages,
  isHeld: boolean,
): { readonly images: Uint8Array; readonly labels: readonly number[] } {
  const { size, held, labels } = images;
  const length = imageSize({ channels: 3, height: size, width: size });
  const places = held.flatMap((own, place) => (own === isHeld ? [place] : []));
  const pixels = new Uint8Array(places.length * length);
  places.forEach((from, to) => pixels.set(images.images.subarray(from * length, (from + 1) * length), to * length));
  return { images: pixels, labels: places.map((place) => labels[place]) };
}

function jobOf(images: ReadImages, choice: TrainChoice, from: Reached | undefined): TrainJob {
  const { size, classes, name } = images;
  return {
    ...partOf(images, false),
    // The images of an earlier visit are as they were read then.
    choice: { ...choice, size },
    classes,
    name,
    test: partOf(images, true),
    ...(from === undefined ? {} : { resume: from.checkpoint }),
  };
}

/** A network and its judgement, laid beside what the images held back are. */
function conclude(
  images: ReadImages,
  { status, reason, steps, onnx, judgement }: TrainedFile,
  about: Pick<TrainedNetwork, "choice" | "engine">,
): TrainedNetwork {
  const { classes, held } = images;
  const labels = images.labels.filter((_, place) => held[place]);
  const { scores, ...facts } = judgement;
  const judged = judgeImages({ classes, labels, scores, width: classes.length });
  return { status, steps, onnx, judged, ...facts, ...about, ...(reason === undefined ? {} : { reason }) };
}

/** Follows a training to its judgement. */
function followTraining(
  images: ReadImages,
  choice: TrainChoice,
  {
    kind,
    hooks,
    start,
  }: {
    readonly kind: EngineKind;
    readonly hooks: RunHooks;
    readonly start: (hear: (event: TrainEvent) => void) => Training;
  },
): TrainingRun {
  const listener = hearTraining(hooks);
  const running = start(listener.hear);
  const finish = async (): Promise<TrainedNetwork> => {
    const trained = await running.result.finally(listener.end);
    return conclude(images, trained, { choice, engine: { kind, ...listener.engine() } });
  };
  return { result: finish(), stop: running.stop, kill: running.kill };
}

/** Trains on the images that are not held back, then judges those that are. */
export function startRun(images: ReadImages, choice: TrainChoice, hooks: RunHooks): TrainingRun {
  const { facts, train } = engine.value;
  const start = (hear: (event: TrainEvent) => void): Training => train(jobOf(images, choice, hooks.from), hear);
  return followTraining(images, choice, { kind: facts.kind, hooks, start });
}

/** Follows the server's job that went on without the page. */
export function findRun(
  images: ReadImages,
  choice: TrainChoice,
  hooks: RunHooks,
  { ongoing, job }: { readonly ongoing: OngoingTrainings; readonly job: string },
): TrainingRun {
  const start = (hear: (event: TrainEvent) => void): Training => ongoing.follow(job, hear);
  return followTraining(images, choice, { kind: "server", hooks, start });
}
