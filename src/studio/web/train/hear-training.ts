import { describeEngine } from "../../../train/describe-engine.ts";
import { type CurvePoint, toCurvePoint } from "../../curve-point.ts";
import type { JudgeProgress, TrainEvent } from "../../engine.ts";
import type { Reached } from "./kept-training.ts";

/** What of the page's state a training changes. */
export interface RunProgress {
  readonly phase?: "training" | "judging";
  readonly curve?: readonly CurvePoint[];
  readonly steps?: number;
  readonly secondsLeft?: number;
  readonly judging?: JudgeProgress;
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

const MILLISECONDS_BETWEEN = 100;

/** What computes a training. */
export interface ComputedBy {
  readonly words: string;
  /** Steps that were done before, perhaps by another. */
  readonly before: number;
}

/** Hears a training's events. */
export interface TrainingListener {
  readonly hear: (event: TrainEvent) => void;
  /** Without words until that is known. */
  readonly engine: () => ComputedBy;
  /** Shows the steps that were not shown yet, and nothing from then on. */
  readonly end: () => void;
}

/** A step that this page never heard of: a gap. */
const unknownPoint: CurvePoint = { loss: Number.NaN, accuracy: Number.NaN };

/** Makes a curve one of so many steps: what is beyond is cut, what is missing a gap. */
function setSteps(curve: CurvePoint[], steps: number): void {
  curve.length = Math.min(curve.length, steps);
  while (curve.length < steps) curve.push(unknownPoint);
}

/** Hears a training's events: steps are shown ten times a second, checkpoints kept with their curve. */
export function hearTraining({ from, show, note, keep, goesOn }: RunHooks): TrainingListener {
  const curve = from === undefined ? [] : [...from.curve];
  let engine: ComputedBy = { words: "", before: 0 };
  let all: { readonly steps: number } | undefined;
  let waiting: ReturnType<typeof setTimeout> | undefined;
  let first: { readonly at: number; readonly step: number } | undefined;
  const hear = (event: TrainEvent): void => {
    if (event.kind === "note") note(event.text);
    if (event.kind === "start") {
      const { notes } = event.start;
      engine = { words: describeEngine(notes.engine), before: notes.place.step };
    }
    if (event.kind === "goes-on") goesOn(event.id);
    if (event.kind === "curve") {
      const { losses, accuracies } = event;
      setSteps(curve, event.first - 1);
      losses.forEach((loss, at) => curve.push({ loss, accuracy: accuracies[at] }));
    }
    if (event.kind === "judging") {
      end();
      show({ phase: "judging", judging: { done: event.done, count: event.count } });
    }
    if (event.kind === "checkpoint") keep({ checkpoint: event.checkpoint, curve: curve.slice(0, event.step) });
    if (event.kind !== "step") return;
    const { step, steps } = event.progress;
    all = { steps };
    // What is beyond a checkpoint is trained once more.
    setSteps(curve, step - 1);
    curve.push(toCurvePoint(event.progress));
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
    show({ curve: [...curve], ...all });
  };
  return { hear, end, engine: () => engine };
}
