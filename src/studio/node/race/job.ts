import { builtFile } from "../../../files/node.ts";
import { type ChildJob, runInChild } from "../../../jobs/node/child-process.ts";
import type { LaneEvent, RaceJob, RaceResult } from "../../engine.ts";
import { startRace } from "../../race.ts";
import { raceSchema } from "../../race-limits.ts";
import { serveJob, type ServedJob } from "../served-job.ts";

/** One network of a race, in a process of its own. */
export const laneJob: ChildJob<RaceJob, LaneEvent, RaceResult> = {
  name: "race",
  worker: builtFile(import.meta.url, "./worker.js"),
};

/** Races: their networks side by side. */
export const raceJob: ServedJob = serveJob({
  name: "race",
  schema: raceSchema,
  bodyBytes: 16_384,
  networks: (jobs) => jobs.length,
  start: (jobs, onEvent) => startRace(jobs, (job, onLane) => runInChild(laneJob, job, { onEvent: onLane }), onEvent),
});
