import type { RaceJob } from "../engine.ts";

/** How the networks of a race are trained; the lesson's were fixed before the first run. */
export type RaceSettings = Pick<RaceJob, "steps" | "batch" | "rate" | "data">;

/** The lesson's. @source scripts/shortcut-race.mjs */
export const raceSettings: RaceSettings = {
  steps: 80,
  batch: 16,
  rate: 0.05,
  data: "digits",
};

/** Depths that the learner may choose. */
export const raceDepths = [20, 32, 56] as const;

/** The loss of guessing among ten classes, ln 10. */
export const guessing: number = Math.log(10);

/**
 * When a network counts as not having learned, or as having learned, by the mean loss of its last steps; and how much lower than the
 * other's a loss must be for its network to be ahead.
 */
export const raceBar = { lastSteps: 10, plain: 2.2, residual: 1.5, lead: 0.25 } as const;

/** The two networks of one race: without shortcuts, and with option A. */
export function raceJobs(
  depth: number,
  seed: number,
  settings: RaceSettings = raceSettings,
): readonly [plain: RaceJob, residual: RaceJob] {
  return [
    { ...settings, depth, seed, shortcut: "plain" },
    { ...settings, depth, seed, shortcut: "pad" },
  ];
}

/** Mean of the last losses; undefined if there are none. */
export function lastLoss(losses: readonly number[], count: number = raceBar.lastSteps): number | undefined {
  const last = losses.slice(-count);
  return last.length === 0 ? undefined : last.reduce((sum, loss) => sum + loss, 0) / last.length;
}

/** What a race showed: only the residual network learned, or it is ahead, both learned, neither did, or it is not clear. */
export type RaceVerdict = "residual" | "ahead" | "both" | "neither" | "unclear";

/** Judges the last losses of both networks by {@link raceBar}. */
export function judgeRace(plain: number, residual: number): RaceVerdict {
  const [high, low] = [raceBar.plain, raceBar.residual];
  if (plain >= high && residual <= low) return "residual";
  if (plain <= low && residual <= low) return "both";
  if (plain >= high && residual >= high) return "neither";
  if (plain - residual >= raceBar.lead) return "ahead";
  return "unclear";
}
