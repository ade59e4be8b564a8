import { serveJob } from "../../../jobs/node/child-process.ts";
import { performTraining } from "../../../train/node/perform-training.ts";
import { classificationTask } from "./set-up.ts";
import type { TrainingEvent, TrainingJob, TrainingResult } from "../../../train/node/job.ts";

serveJob<TrainingJob, TrainingEvent, TrainingResult>((job, context) =>
  performTraining(job, context, classificationTask),
);
