import type { Trainer, TrainerOptions } from "../trainer.ts";

/** Creates a trainer, and thereby decides whose gradients a step uses. `createTrainer` uses those of its own batch. */
export type TrainerStrategy = (options: TrainerOptions) => Promise<Trainer>;
