import { serveJob } from "../../../jobs/node/child-process.ts";
import type { gradientFlowJob } from "./job.ts";
import { followGradients } from "./perform.ts";

serveJob<typeof gradientFlowJob>(followGradients);
