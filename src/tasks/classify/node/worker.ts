import { serveJob } from "./child-job.ts";
import { performTraining } from "./perform-training.ts";
import { classificationTask } from "./training-setup.ts";
import type { TrainingEvent, TrainingJob, TrainingResult } from "./training.ts";

serveJob<TrainingJob, TrainingEvent, TrainingResult>((job, context) =>
  performTraining(job, context, classificationTask),
);
