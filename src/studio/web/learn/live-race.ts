import { raceJobs, raceSettings } from "../../lessons/race.ts";
import { createShownRace, type LaneState, type ShownRace } from "../race-state.ts";

/** The lesson's race, run last or being run: several screens show it. */
export const race: ShownRace = createShownRace();

/** Trains both networks; one race at a time. */
export async function startRace(depth: number, steps: number = raceSettings.steps, seed = 0): Promise<void> {
  if (!race.state.value.isRunning) await race.start(raceJobs(depth, seed, { ...raceSettings, steps }));
}

/** Plain and residual, as far as they have been trained; what they are before the first race. */
export function shownLanes(): readonly [plain: LaneState, residual: LaneState] {
  const [plain, residual] = race.state.value.lanes;
  if (plain !== undefined && residual !== undefined) return [plain, residual];
  const [chain, wired] = raceJobs(56, 0);
  return [
    { job: chain, phase: "waiting", steps: [] },
    { job: wired, phase: "waiting", steps: [] },
  ];
}
