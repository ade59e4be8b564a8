import type { ShortcutType } from "../../nn/shortcuts/type.ts";
import type { Words } from "../../report/words.ts";

/** One point of a run's training curve. */
export interface CurvePoint {
  /** Counts from 1. */
  readonly step: number;
  readonly loss: number;
  /** Norm of the loss gradient with respect to the first convolution's weight. */
  readonly firstLayerGradientNorm: number;
}

/** One trained network of a comparison. */
export interface ComparedRun {
  readonly depth: number;
  readonly shortcut: ShortcutType;
  /** Default "basic". */
  readonly block?: string;
  /** Its name if the shortcut type alone does not identify it, such as "gated, gateBias=-6". */
  readonly variant?: string;
  readonly seed: number;
  readonly parameters: number;
  readonly multiplyAdds: number;
  /** Share of the test images that are classified right, 0 to 1. */
  readonly testAccuracy: number;
  /** Mean cross-entropy on the test images; absent from runs recorded before it was measured. */
  readonly testLoss?: number;
  /** Mean loss of the last tenth of the steps. */
  readonly trainLoss: number;
  /** At the first step, that is, at initialisation. */
  readonly firstLayerGradientNorm: number;
  readonly imagesPerSecond: number;
  readonly status: "done" | "diverged" | "stopped";
}

/** A run with its curve, as the report draws it. */
export interface DrawnRun extends ComparedRun {
  readonly curve: readonly CurvePoint[];
}

/** What all runs of a comparison share. */
export interface ComparisonSettings {
  readonly data: string;
  readonly trainImages: number;
  readonly testImages: number;
  readonly epochs: number;
  readonly steps: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly optimizer: string;
  readonly schedule: string;
  readonly lowering: string;
  /** Whether cheaper networks trained for more steps, so that all computed the same amount. Default "epochs". */
  readonly equal?: EqualBudget;
}

/** What all networks of a comparison share. */
export type EqualBudget = "epochs" | "multiply-adds";

/** A finished comparison. */
export interface Comparison {
  readonly settings: ComparisonSettings;
  readonly runs: readonly DrawnRun[];
  /** Planned runs that did not fit into the time. */
  readonly skipped?: number;
}

/** What tells networks of a comparison apart, beside their depth. */
export type NamedType = Pick<ComparedRun, "shortcut" | "block" | "variant">;

/** What tells networks of a comparison apart; runs of one cell differ in their seed. */
export type CellName = NamedType & Pick<ComparedRun, "depth">;

/** The cell that a run or a plan belongs to, without the rest of it. */
export function cellOf({ depth, shortcut, block, variant }: CellName): CellName {
  return {
    depth,
    shortcut,
    ...(block === undefined ? {} : { block }),
    ...(variant === undefined ? {} : { variant }),
  };
}

/** Equal for runs of one cell, different for others. */
export function keyOfCell({ depth, shortcut, block, variant }: CellName): string {
  return JSON.stringify([depth, shortcut, block, variant]);
}

/** Runs that differ only in their seed. */
export interface ComparisonCell extends CellName {
  readonly runs: readonly DrawnRun[];
}

/** A type's display name: its shortcut, and anything unusual about it. */
export function nameType({ shortcut, block = "basic", variant = "" }: NamedType): string {
  const name = variant === "" ? shortcut : variant;
  return block === "basic" ? name : `${block}, ${name}`;
}

/** Groups the runs by depth and type, in the order in which they come. */
export function groupCells(runs: readonly DrawnRun[]): readonly ComparisonCell[] {
  const cells = new Map<string, ComparisonCell & { runs: DrawnRun[] }>();
  for (const run of runs) {
    const key = keyOfCell(run);
    const known = cells.get(key);
    if (known) known.runs.push(run);
    else cells.set(key, { ...cellOf(run), runs: [run] });
  }
  return [...cells.values()];
}

/** The same sentence in the report's languages. */
export type Sentence = Exclude<Words, string>;
