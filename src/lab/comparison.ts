import { median } from "simple-statistics";
import type { ShortcutType } from "../nn/shortcuts/type.ts";

/** One point of a run's training curve. */
export interface CurvePoint {
  /** Counts from 1. */
  readonly step: number;
  readonly loss: number;
  /** Norm of the loss's gradient by the first convolution's weight. */
  readonly firstLayerGradientNorm: number;
}

/** One trained network of a comparison. */
export interface ComparedRun {
  readonly depth: number;
  readonly shortcut: ShortcutType;
  readonly seed: number;
  readonly parameters: number;
  readonly multiplyAdds: number;
  /** Share of the test images that are classified right, 0 to 1. */
  readonly testAccuracy: number;
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
}

/** A finished comparison. */
export interface Comparison {
  readonly settings: ComparisonSettings;
  readonly runs: readonly DrawnRun[];
}

/** Runs that differ only in their seed. */
export interface ComparisonCell {
  readonly depth: number;
  readonly shortcut: ShortcutType;
  readonly runs: readonly DrawnRun[];
}

/** Groups the runs by depth and shortcut type, in the order in which they come. */
export function groupCells(runs: readonly DrawnRun[]): readonly ComparisonCell[] {
  const cells: (ComparisonCell & { runs: DrawnRun[] })[] = [];
  for (const run of runs) {
    const known = cells.find(({ depth, shortcut }) => depth === run.depth && shortcut === run.shortcut);
    if (known) known.runs.push(run);
    else cells.push({ depth: run.depth, shortcut: run.shortcut, runs: [run] });
  }
  return cells;
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/**
 * What the runs show, in sentences: at each depth the plain network beside the residual ones. Says only what was
 * measured, and how many seeds that was.
 */
export function summarize({ runs }: Comparison): readonly string[] {
  const cells = groupCells(runs);
  const depths = [...new Set(cells.map(({ depth }) => depth))].toSorted((a, b) => a - b);
  const seeds = new Set(runs.map(({ seed }) => seed)).size;
  const sentences = depths.flatMap((depth) => {
    const here = cells.filter((cell) => cell.depth === depth);
    const accuracy = (cell: ComparisonCell): number => median(cell.runs.map(({ testAccuracy }) => testAccuracy));
    const plain = here.find(({ shortcut }) => shortcut === "plain");
    const residual = here.filter(({ shortcut }) => shortcut !== "plain").map(accuracy);
    if (plain === undefined || residual.length === 0) return [];
    const low = Math.min(...residual);
    const high = Math.max(...residual);
    const range = low === high ? percent(low) : `${percent(low)} to ${percent(high)}`;
    return [
      `At depth ${depth} the plain network reaches ${percent(accuracy(plain))} of the test images, the residual ones ${range}.`,
    ];
  });
  const counted = seeds === 1 ? "One seed a cell: another seed moves these numbers." : `Medians over ${seeds} seeds.`;
  return [...sentences, counted];
}
