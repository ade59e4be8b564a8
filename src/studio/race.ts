import type { Running } from "../jobs/job.ts";
import type { LaneEvent, Race, RaceEvent, RaceJob, RaceResult } from "./engine.ts";

/** Starts one network somewhere. */
export type StartLane = (job: RaceJob, onEvent: (event: LaneEvent) => void) => Running<LaneEvent, RaceResult>;

/** Trains every network of a race by itself; the system shares the processor among them. */
export function startRace(jobs: readonly RaceJob[], startLane: StartLane, onEvent: (event: RaceEvent) => void): Race {
  const lanes: Running<LaneEvent, RaceResult>[] = [];
  const kill = (): void => lanes.forEach((lane) => lane.kill());
  try {
    for (const [lane, job] of jobs.entries()) lanes.push(startLane(job, (event) => onEvent({ ...event, lane })));
  } catch (error) {
    // The system may have no process left for one: the others would have nobody to hear them.
    for (const { result } of lanes) result.catch(() => undefined);
    kill();
    throw error;
  }
  const results = lanes.map(async ({ result }, lane) => {
    const done = await result;
    onEvent({ kind: "result", lane, result: done });
    return done;
  });
  const result = Promise.all(results);
  // One that cannot be trained ends the race; the others' ends are then of no interest.
  result.catch(kill);
  for (const each of results) each.catch(() => undefined);
  return { result, stop: () => lanes.forEach(({ stop }) => stop()), kill };
}
