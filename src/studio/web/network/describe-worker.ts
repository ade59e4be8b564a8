import { serveInWorker } from "../../../jobs/web/worker.ts";
import { describeSource } from "./describe-source.ts";
import type { describing } from "./describe-job.ts";

serveInWorker<typeof describing>(describeSource);
