import { expect } from "vitest";
import record from "../../docs/results/shortcut-race.json" with { type: "json" };
import type { RaceJob } from "../../src/studio/engine.ts";

/** A race with recorded losses, and how many of its steps an engine must give again: closely, and at all. */
interface RecordedRace {
  readonly shortcut: "pad" | "plain";
  readonly close: number;
  readonly steps: number;
}

/**
 * WebAssembly and other processors sum in another order. Without shortcuts, every step enlarges what rounding leaves about
 * tenfold; with them, twenty steps stay within 3e-3.
 */
export const recordedRaces: readonly RecordedRace[] = [
  { shortcut: "pad", close: 10, steps: 20 },
  { shortcut: "plain", close: 3, steps: 4 },
];

/** The race as it was recorded by scripts/shortcut-race.mjs. */
export function recordedJob({ shortcut }: RecordedRace): RaceJob {
  return { depth: 20, shortcut, seed: 0, steps: 80, batch: 16, rate: 0.05, data: "digits" };
}

/** Expects the losses that were recorded; the record has five digits. */
export function expectRecorded({ shortcut, close, steps }: RecordedRace, losses: readonly number[]): void {
  const run = record.runs.find((own) => own.depth === 20 && own.shortcut === shortcut && own.seed === 0)!;
  expect(losses.length).toBeGreaterThanOrEqual(steps);
  for (const [step, loss] of losses.slice(0, steps).entries())
    expect(Math.abs(loss - run.losses[step]), `${shortcut}, step ${step + 1}`).toBeLessThan(step < close ? 1e-4 : 1e-2);
}
