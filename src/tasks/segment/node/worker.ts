import { serveJob } from "../../../train/node/child-job.ts";
import { performTraining } from "../../../train/node/perform-training.ts";
import type { TrainingEvent, TrainingJob, TrainingResult } from "../../../train/node/training.ts";
import { segmentationTask } from "./task.ts";

serveJob<TrainingJob, TrainingEvent, TrainingResult>((job, context) => performTraining(job, context, segmentationTask));
