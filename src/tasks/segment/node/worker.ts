import { serveJob } from "../../../jobs/node/child-process.ts";
import { performTraining } from "../../../train/node/perform-training.ts";
import type { segmentationJob } from "./job.ts";
import { segmentationTask } from "./set-up.ts";

serveJob<typeof segmentationJob>((job, context) => performTraining(job, context, segmentationTask));
