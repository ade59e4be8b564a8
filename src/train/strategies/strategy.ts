import type { Trainer, TrainerOptions } from "../trainer.ts";

/** Whose gradients a training step takes: makes the trainer that takes them. `createTrainer` takes those of its own batch. */
export type TrainerStrategy = (options: TrainerOptions) => Promise<Trainer>;
