import type { WorkerJob } from "../../../jobs/web/worker.ts";
import type { ShortcutType } from "../../../nn/shortcuts/type.ts";

/** A trained network, and images for it to judge. */
export interface JudgeInput {
  readonly onnx: Uint8Array;
  readonly model: string;
  readonly shortcut: ShortcutType;
  readonly classes: readonly string[];
  readonly size: number;
  /** `[count, 3, size, size]` */
  readonly images: Uint8Array;
}

/** What a network costs and looks like. */
export interface NetworkFacts {
  readonly parameters: number;
  /** Of one image. */
  readonly multiplyAdds: number;
  /** As SVG. */
  readonly architecture: string;
}

/** How a network judges. */
export interface Judgement extends NetworkFacts {
  /** `[count, classes]`: logarithms of probabilities. */
  readonly scores: Float32Array;
}

/** Judging, in a worker of its own. */
export const judging: WorkerJob<JudgeInput, never, Judgement> = {
  name: "judging",
  worker: () => new Worker(new URL("./judge-worker.js", import.meta.url), { type: "module" }),
};
