import { serveJob } from "../../jobs/node/child-process.ts";
import type { TrainingEvent, TrainingJob, TrainingResult } from "../../train/node/job.ts";
import { performTraining } from "../../train/node/perform-training.ts";
import { taskNameOf } from "../find-task.ts";
import { findNodeTask } from "./find-node-task.ts";

// Trains for whatever task the job or its checkpoint names.
serveJob<TrainingJob, TrainingEvent, TrainingResult>((job, context) =>
  performTraining(job, context, (notes, where) => findNodeTask(taskNameOf(notes, where))),
);
