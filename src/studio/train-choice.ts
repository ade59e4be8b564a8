import * as v from "valibot";
import type { ShortcutType } from "../nn/shortcuts/type.ts";
import { type Limits, numberWithin } from "./limits.ts";

/** How the page "train" trains: what a link may set. */
export interface TrainChoice {
  /** Layers of a CIFAR ResNet. */
  readonly depth: number;
  readonly shortcut: ShortcutType;
  /** Height and width that images are brought to. */
  readonly size: number;
  readonly epochs: number;
  /** The peak learning rate of the one-cycle schedule. */
  readonly rate: number;
  /** Seeds the images held back, the first weights and the order of the images. */
  readonly seed: number;
}

/** What is offered. */
export const offered = {
  depth: [8, 14, 20, 32],
  shortcut: ["pad", "project", "project-all", "plain"],
  size: [32, 48, 64],
} as const;

/** The name of a number of a choice. */
export type TrainNumber = "epochs" | "rate" | "seed";

/** The limits of each number. */
export const trainLimits: Readonly<Record<TrainNumber, Limits>> = {
  epochs: { least: 1, most: 500 },
  rate: { least: 0.0001, most: 1, isReal: true },
  seed: { least: 0, most: 999_999 },
};

/** A choice that comes from outside. */
export const trainChoiceSchema: v.GenericSchema<unknown, TrainChoice> = v.strictObject({
  depth: v.picklist(offered.depth),
  shortcut: v.picklist(offered.shortcut),
  size: v.picklist(offered.size),
  epochs: numberWithin(trainLimits.epochs),
  rate: numberWithin(trainLimits.rate),
  seed: numberWithin(trainLimits.seed),
});

/** Small sets take small steps, so that there are enough of them. */
const smallSet = 1000;

/** Images per step for so many images to train on. */
export function batchFor(images: number): number {
  return Math.max(2, Math.min(images < smallSet ? 16 : 64, Math.floor(images / 2)));
}
