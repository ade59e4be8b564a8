import { serveJob } from "../../../jobs/node/child-process.ts";
import type { rateJob } from "./job.ts";
import { testRates } from "./perform.ts";

serveJob<typeof rateJob>(testRates);
