import { serveJob } from "../../../jobs/node/child-process.ts";
import type { lesionJob } from "./job.ts";
import { cutNetwork } from "./perform.ts";

serveJob<typeof lesionJob>(cutNetwork);
