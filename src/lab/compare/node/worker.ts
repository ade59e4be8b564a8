import { serveJob } from "../../../jobs/node/child-process.ts";
import type { comparisonJob } from "./job.ts";
import { compareNetworks } from "./perform.ts";

serveJob<typeof comparisonJob>(compareNetworks);
