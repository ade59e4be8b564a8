import { imageSize } from "../../../data/image-set.ts";
import { type Judged, judgeImages } from "../../../tasks/classify/predictions.ts";
import { describeEngine } from "../../../train/describe-engine.ts";
import { type CurvePoint, toCurvePoint } from "../../curve-point.ts";
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
import type { Reached } from "./kept-training.ts";
import type { ReadImages } from "./read-job.ts";

/** A network at the end of its training, or where it was stopped, and how it judges the images held back. */
export interface TrainedNetwork extends NetworkFacts {
  readonly status: TrainedFile["status"];
  /** What went wrong and what to do, if it diverged. */
  readonly reason?: string;
  readonly choice: TrainChoice;
  /** What computed the training, or its last part, and the judgement. */
  readonly engine: { readonly kind: EngineKind; readonly words: string };
  readonly steps: number;
  readonly onnx: Uint8Array;
  /** By place among the images held back. */
  readonly judged: readonly Judged[];
}

/** What of the page's state a training changes. */
export interface RunProgress {
  readonly phase?: "training" | "judging";
  readonly curve?: readonly CurvePoint[];
  readonly steps?: number;
  readonly secondsLeft?: number;
}

/** What a training tells, and what it goes on from. */
export interface RunHooks {
  readonly from: Reached | undefined;
  readonly show: (progress: RunProgress) => void;
  readonly note: (text: string) => void;
  readonly keep: (reached: Reached) => void;
  /** Told the server's job that goes on without the page. */
  readonly goesOn: (id: string) => void;
}

/** A training under way, to the end of its judgement. */
export interface TrainingRun {
  readonly result: Promise<TrainedNetwork>;
  readonly stop: () => void;
  readonly kill: () => void;
}

const MILLISECONDS_BETWEEN = 100;

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

/** Hears a training's events. */
interface Listener {
  readonly hear: (event: TrainEvent) => void;
  /** What computes, in words, once that is known. */
  readonly engine: () => string;
  /** Shows the steps that were not shown yet, and nothing from then on. */
  readonly end: () => void;
}

/** Hears a training's events: steps are shown ten times a second, checkpoints kept with their curve. */
function createListener({ from, show, note, keep, goesOn }: RunHooks): Listener {
  const curve = from === undefined ? [] : [...from.curve];
  let engineWords = "";
  let waiting: ReturnType<typeof setTimeout> | undefined;
  let first: { readonly at: number; readonly step: number } | undefined;
  const hear = (event: TrainEvent): void => {
    if (event.kind === "note") note(event.text);
    if (event.kind === "start") engineWords = describeEngine(event.start.notes.engine);
    if (event.kind === "goes-on") goesOn(event.id);
    if (event.kind === "curve") {
      const { losses, accuracies } = event;
      curve.length = Math.min(curve.length, event.first - 1);
      losses.forEach((loss, at) => curve.push({ loss, accuracy: accuracies[at] }));
    }
    if (event.kind === "judging") {
      end();
      show({ phase: "judging" });
    }
    if (event.kind === "checkpoint") keep({ checkpoint: event.checkpoint, curve: curve.slice(0, event.step) });
    if (event.kind !== "step") return;
    const { step, steps } = event.progress;
    // What is beyond a checkpoint is trained once more.
    curve.splice(step - 1, Number.POSITIVE_INFINITY, toCurvePoint(event.progress));
    const now = performance.now();
    first ??= { at: now, step };
    const { at } = first;
    const rate = (now - at) / Math.max(1, step - first.step);
    waiting ??= setTimeout(() => {
      waiting = undefined;
      const left = step > first!.step ? { secondsLeft: (rate * (steps - curve.length)) / 1000 } : {};
      show({ phase: "training", curve: [...curve], steps, ...left });
    }, MILLISECONDS_BETWEEN);
    if (step === steps) {
      clearTimeout(waiting);
      show({ curve: [...curve], steps, secondsLeft: 0 });
    }
  };
  const end = (): void => {
    clearTimeout(waiting);
    show({ curve: [...curve] });
  };
  return { hear, end, engine: () => engineWords };
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
  const listener = createListener(hooks);
  const running = start(listener.hear);
  const finish = async (): Promise<TrainedNetwork> => {
    const trained = await running.result.finally(listener.end);
    return conclude(images, trained, { choice, engine: { kind, words: listener.engine() } });
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
