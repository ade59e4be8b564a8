import type { Running } from "../../jobs/job.ts";
import { runInWorker } from "../../jobs/web/worker.ts";
import type { Race, RaceEvent, RaceJob, RaceResult, StudioEngine } from "../engine.ts";
import { holdBusy } from "./busy.ts";
import type { Lane, LaneEvent } from "./race-protocol.ts";

const lane: Lane = {
  name: "race",
  worker: () => new Worker(new URL("./race-worker.js", import.meta.url), { type: "module" }),
};

/** Trains every network in a worker of its own; the system shares the processor among them. */
function race(jobs: readonly RaceJob[], onEvent: (event: RaceEvent) => void): Race {
  const digits = new URL("digits.png", document.baseURI).href;
  const lanes: readonly Running<LaneEvent, RaceResult>[] = jobs.map((job, index) =>
    runInWorker(lane, { ...job, digits }, { onEvent: (event) => onEvent({ ...event, lane: index }) }),
  );
  const results = lanes.map(async ({ result }, index) => {
    const done = await result;
    onEvent({ kind: "result", lane: index, result: done });
    return done;
  });
  const result = Promise.all(results);
  holdBusy(result);
  // One that cannot be trained ends the race; the others' ends are then of no interest.
  result.catch(() => lanes.forEach(({ kill }) => kill()));
  for (const each of results) each.catch(() => undefined);
  return { result, stop: () => lanes.forEach(({ stop }) => stop()) };
}

/** Computes in the page's own workers. */
export const engine: StudioEngine = {
  facts: { kind: "page", threads: navigator.hardwareConcurrency },
  race,
};
