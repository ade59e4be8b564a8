import type { ShortcutType } from "../../nn/shortcuts/type.ts";
import type { Words } from "../../report/words.ts";
import type { ComputedOn } from "../../runtime/computed-on.ts";

/** One point of a run's training curve. */
export interface CurvePoint {
  /** Counts from 1. */
  readonly step: number;
  readonly loss: number;
  /** Norm of the loss gradient with respect to the first convolution's weight. */
  readonly firstLayerGradientNorm: number;
  /** How long the step took; only of runs that train until an accuracy. */
  readonly milliseconds?: number;
  /** Share of the test images classified right after the step, if they were tested then. */
  readonly testAccuracy?: number;
}

/** One trained network of a comparison. */
export interface ComparedRun extends ComputedOn {
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
  /** Images it trained and was tested on; absent from runs recorded before they were counted. */
  readonly trainImages?: number;
  readonly testImages?: number;
  readonly status: "done" | "diverged" | "stopped";
  /** What it took to reach the accuracy that the comparison trains until. */
  readonly goal?: GoalOutcome;
}

/** What a run took to reach an accuracy, or how far it was followed without reaching it. */
export interface GoalOutcome {
  /** Share of the test images to classify right. */
  readonly accuracy: number;
  readonly reached: boolean;
  /** Up to the first test that reached it; otherwise all of `budget`, also of a run that diverged. */
  readonly steps: number;
  /** Steps of the whole recipe, after which a run is given up. */
  readonly budget: number;
  readonly imagesPerStep: number;
  /** That the steps took, without tests, loading and compiling; of a run that diverged, what the whole budget would have taken. */
  readonly seconds: number;
  readonly tests: readonly GoalTest[];
}

/** An accuracy on the test images, measured after a step. */
export interface GoalTest {
  readonly step: number;
  readonly accuracy: number;
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
  /** The devices that runs trained on and their adapters, and "cpu" if some trained there; left out if all did. */
  readonly device?: string;
  /** Whether cheaper networks trained for more steps, so that all computed the same amount. Default "epochs". */
  readonly equal?: EqualBudget;
  /** The accuracy that every run trained until, as a share of the test images; absent if all trained to the end. */
  readonly until?: number;
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

/** What a comparison comes to: the answer, and what it rests on. */
export interface ComparisonWords {
  /** What can be told apart and what cannot, in one sentence, then runs that are missing. Too few seeds: the medians first. */
  readonly lead: readonly Sentence[];
  /** Whether any two types can be told apart, and how many of all pairs. */
  readonly told: number;
  readonly pairs: number;
  /** The most that any cell has. */
  readonly seeds: number;
  /** Each depth's medians, then each pair's test; empty with too few seeds for any. */
  readonly tests: readonly Sentence[];
}
