import { runLater } from "../../jobs/later.ts";
import { runInWorker } from "../../jobs/web/worker.ts";
import type { StudioEngine } from "../engine.ts";
import { startRace } from "../race.ts";
import type { Lane } from "./race-protocol.ts";

const lane: Lane = {
  name: "race",
  worker: () => new Worker(new URL("./race-worker.js", import.meta.url), { type: "module" }),
};

/** Computes in the page's own workers, one for every network. */
export const pageEngine: StudioEngine = {
  facts: { kind: "page", threads: navigator.hardwareConcurrency },
  race: (jobs, onEvent) => {
    const digits = new URL("digits.png", document.baseURI).href;
    return startRace(jobs, (job, onLane) => runInWorker(lane, { ...job, digits }, { onEvent: onLane }), onEvent);
  },
  train: (job, onEvent) =>
    runLater(
      "training",
      async (hears) => (await import("./train/page-training.ts")).startInPage(job, hears.onEvent),
      (trained) => trained,
      { onEvent },
    ),
};
