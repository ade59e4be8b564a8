import type { LabelledPixels } from "../data/labelled-images.ts";
import type { ShortcutType } from "../nn/shortcuts/type.ts";
import type { MemoryEvent, MemoryResult } from "../train/memory-job.ts";
import type { TrainChoice } from "./train-choice.ts";

/** The images that networks race on: 10×10 digits, part of the site. */
export type RaceData = "digits";

/** One network of a race, and how it is trained. */
export interface RaceJob {
  /** Weighted layers of a CIFAR ResNet: 6n + 2. */
  readonly depth: number;
  readonly shortcut: ShortcutType;
  /** Seeds the first weights and the order of the images. */
  readonly seed: number;
  readonly steps: number;
  /** Images per step. */
  readonly batch: number;
  /** The peak learning rate of the one-cycle schedule. */
  readonly rate: number;
  readonly data: RaceData;
}

/** What one step of one network gave, before its update. */
export interface RaceStep {
  /** Counts from 1. */
  readonly step: number;
  /** Mean cross-entropy of the step's batch. */
  readonly loss: number;
  /** Share of the step's batch that was classified correctly. */
  readonly accuracy: number;
  /** The global gradient norm. */
  readonly gradientNorm: number;
  /** Gradient norm of the first convolution of each block, from the input to the output. */
  readonly blockNorms: readonly number[];
}

/** How a network's race ended. */
export type RaceStatus = "done" | "stopped" | "diverged";

/** A network at the end of its race. */
export interface RaceResult {
  readonly status: RaceStatus;
  /** What went wrong and what to do, if it diverged. */
  readonly reason?: string;
  readonly steps: number;
  /** On the digits held back; absent unless it was trained to the end. */
  readonly test?: { readonly loss: number; readonly correct: number; readonly count: number };
}

/** What happens to one network. */
export type LaneEvent =
  | { readonly kind: "compiling" }
  | { readonly kind: "step"; readonly step: RaceStep }
  | { readonly kind: "testing" };

/** What happens to a network of a race; `lane` is its place among the jobs. */
export type RaceEvent = { readonly lane: number } & (
  | LaneEvent
  | { readonly kind: "result"; readonly result: RaceResult }
);

/** A race under way. */
export interface Race {
  /** By lane. Rejects if a network cannot be trained at all, and ends the others. */
  readonly result: Promise<readonly RaceResult[]>;
  /** Ends every network after its current step. */
  stop(): void;
  /** Ends every network at once; the result rejects. */
  kill(): void;
}

/** A network to train on images of the reader's own. */
export interface TrainJob extends LabelledPixels {
  readonly choice: TrainChoice;
  /** What the images are called together. */
  readonly name: string;
  readonly classes: readonly string[];
  /** The images held back. */
  readonly test: LabelledPixels;
  /** A checkpoint of the same training to go on from, whichever engine made it. */
  readonly resume?: Uint8Array;
}

/** What a network costs and looks like. */
export interface NetworkFacts {
  readonly parameters: number;
  /** Of one image. */
  readonly multiplyAdds: number;
  /** As SVG. */
  readonly architecture: string;
}

/** How a network judges the images held back. */
export interface Judgement extends NetworkFacts {
  /** `[count, classes]`: logarithms of probabilities. */
  readonly scores: Float32Array;
}

/** How it ended, the network, and how that judges. */
export interface TrainedFile extends Pick<MemoryResult, "status" | "reason" | "onnx"> {
  readonly steps: number;
  readonly judgement: Judgement;
}

/** How many of the images held back are judged. */
export interface JudgeProgress {
  readonly done: number;
  readonly count: number;
}

/** What computes a training reports; in the end that it judges, and of how many images it has. */
export type ComputedEvent = MemoryEvent | ({ readonly kind: "judging" } & JudgeProgress);

/** What a page hears of a training. */
export type TrainEvent =
  | ComputedEvent
  /** It goes on without the page, which finds it again by its id. */
  | { readonly kind: "goes-on"; readonly id: string }
  /** To a page that comes back: the steps that it missed, from `first` on. */
  | {
      readonly kind: "curve";
      readonly first: number;
      readonly losses: Float32Array;
      readonly accuracies: Float32Array;
    };

/** What a training that goes on without a page trains, and how far it is. */
export interface OngoingFacts extends Pick<TrainJob, "name" | "choice"> {
  readonly classes: number;
  /** Steps done, and all of them, once the first is. */
  readonly step?: number;
  readonly steps?: number;
}

/** A training that goes on, or has ended, without a page. */
export interface OngoingTraining extends OngoingFacts {
  readonly id: string;
  readonly isOver: boolean;
}

/** Trainings that go on without a page: to their end, or until one of them is asked to end. */
export interface OngoingTrainings {
  list(): Promise<readonly OngoingTraining[]>;
  /** Follows one, from all that it has reported so far. */
  follow(id: string, onEvent: (event: TrainEvent) => void): Training;
  /** Ends one after its current step. */
  stop(id: string): Promise<void>;
  /** Ends one at once, and forgets what came out. */
  forget(id: string): Promise<void>;
}

/** A training under way. */
export interface Training {
  readonly result: Promise<TrainedFile>;
  /** Ends it after its current step. */
  stop(): void;
  /** Ends it at once; the result rejects. */
  kill(): void;
}

/** The page's own workers, or processes of the server that gave the page. */
export type EngineKind = "page" | "server";

/** Where the studio computes. */
export interface EngineFacts {
  readonly kind: EngineKind;
  /** Threads that the processor runs at a time; the networks of a race share them. */
  readonly threads: number;
}

/** What the pages of the studio compute with. */
export interface StudioEngine {
  readonly facts: EngineFacts;
  /** Left out if trainings end with their page. */
  readonly ongoing?: OngoingTrainings;
  /** Trains networks side by side, each with a thread of its own. */
  race(jobs: readonly RaceJob[], onEvent: (event: RaceEvent) => void): Race;
  /** Trains one network, reports checkpoints on the way, and has it judge the images held back. */
  train(job: TrainJob, onEvent: (event: TrainEvent) => void): Training;
}
