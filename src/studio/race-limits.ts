import * as v from "valibot";
import { additiveShortcutTypes } from "../nn/shortcuts/type.ts";
import type { RaceJob } from "./engine.ts";
import { type Limits, numberWithin } from "./limits.ts";

/** The depths that are offered: CIFAR ResNets of 6n + 2 layers that a page trains in a minute or two. */
export const depths: readonly number[] = [8, 14, 20, 32, 44, 56];

/** Most networks at a time: each has a worker or a process with memory of its own. */
export const mostNetworks = 6;

/** The name of a number of an experiment. */
export type Setting = "steps" | "batch" | "rate" | "seed";

/** The limits of each number. */
export const limits: Readonly<Record<Setting, Limits>> = {
  steps: { least: 5, most: 2000 },
  batch: { least: 4, most: 128 },
  rate: { least: 0.0001, most: 1, isReal: true },
  seed: { least: 0, most: 999_999 },
};

const jobSchema: v.GenericSchema<unknown, RaceJob> = v.strictObject({
  depth: v.picklist(depths),
  shortcut: v.picklist(additiveShortcutTypes),
  // A lesson may be shorter than an experiment.
  steps: numberWithin({ ...limits.steps, least: 1 }),
  batch: numberWithin(limits.batch),
  rate: numberWithin(limits.rate),
  seed: numberWithin(limits.seed),
  data: v.literal("digits"),
});

/** A race that comes from outside. */
export const raceSchema: v.GenericSchema<unknown, readonly RaceJob[]> = v.pipe(
  v.array(jobSchema),
  v.minLength(1),
  v.maxLength(mostNetworks),
);
