import { serveJob } from "../../../jobs/node/child-process.ts";
import type { trainingJob } from "../../../train/node/job.ts";
import { performTraining } from "../../../train/node/perform-training.ts";
import { classificationTask } from "./set-up.ts";

serveJob<typeof trainingJob>((job, context) => performTraining(job, context, classificationTask));
