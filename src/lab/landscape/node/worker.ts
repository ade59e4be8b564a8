import { serveJob } from "../../../jobs/node/child-process.ts";
import type { landscapeJob } from "./job.ts";
import { surveyLandscape } from "./perform.ts";

serveJob<typeof landscapeJob>(surveyLandscape);
