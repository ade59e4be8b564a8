import { serveJob } from "../../../jobs/node/child-process.ts";
import type { measuringJob } from "./job.ts";
import { measureAdvice } from "./perform.ts";

serveJob<typeof measuringJob>(measureAdvice);
