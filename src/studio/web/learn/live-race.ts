import { type Signal, signal } from "@preact/signals";
import { errorMessage } from "../../../tensor/errors.ts";
import type { Race, RaceEvent, RaceResult, RaceStep } from "../../engine.ts";
import { raceJobs, raceSettings } from "../../lessons/race.ts";
import { engine } from "../page-engine.ts";

/** One network of the lesson's race. */
export interface Lane {
  readonly steps: readonly RaceStep[];
  readonly state: "waiting" | "compiling" | "training" | "testing" | RaceResult;
}

/** Plain and residual. */
export type Lanes = readonly [plain: Lane, residual: Lane];

const waiting: Lane = { steps: [], state: "waiting" };

/** The race that was run last, or is being run: several screens show it. */
export const lanes: Signal<Lanes> = signal([waiting, waiting]);
/** Its depth and its number of steps. */
export const raced: Signal<{ readonly depth: number; readonly steps: number }> = signal({
  depth: 56,
  steps: raceSettings.steps,
});
/** The race under way. */
export const underWay: Signal<Race | undefined> = signal(undefined);
/** Why the last race could not be run. */
export const problem: Signal<string | undefined> = signal(undefined);

function afterEvent(lane: Lane, event: RaceEvent): Lane {
  if (event.kind === "step") return { steps: [...lane.steps, event.step], state: "training" };
  return { ...lane, state: event.kind === "result" ? event.result : event.kind };
}

/** Trains both networks in the page; one race at a time. */
export async function startRace(depth: number, steps: number, seed = 0): Promise<void> {
  if (underWay.value !== undefined) return;
  let next: Lanes = [waiting, waiting];
  lanes.value = next;
  raced.value = { depth, steps };
  problem.value = undefined;
  // However fast the steps are, the page draws at most ten times a second.
  const timer = setInterval(() => (lanes.value = next), 100);
  try {
    underWay.value = engine.race(raceJobs(depth, seed, { ...raceSettings, steps }), (event) => {
      const [plain, residual] = next;
      next = event.lane === 0 ? [afterEvent(plain, event), residual] : [plain, afterEvent(residual, event)];
    });
    await underWay.value.result;
  } catch (error) {
    problem.value = errorMessage(error);
  } finally {
    clearInterval(timer);
    lanes.value = next;
    underWay.value = undefined;
  }
}
