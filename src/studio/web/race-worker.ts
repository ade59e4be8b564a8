import { serveInWorker } from "../../jobs/web/worker.ts";
import { trainLane } from "../train-lane.ts";
import { openLaneHost } from "./lane-host.ts";
import { loadDigits } from "./load-digits.ts";
import type { Lane } from "./race-protocol.ts";

// One network of a race, in one thread: the networks of a race share the processor, not a network the threads.
serveInWorker<Lane>(async ({ digits, ...job }, context) =>
  trainLane(job, await loadDigits(digits), openLaneHost(), context),
);
