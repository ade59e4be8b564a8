import { serveJob } from "../../../../jobs/node/child-process.ts";
import type { takenRunJob } from "./job.ts";
import { performTakenRun } from "./perform.ts";

serveJob<typeof takenRunJob>(performTakenRun);
