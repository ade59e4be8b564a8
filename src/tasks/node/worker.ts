import { serveJob } from "../../jobs/node/child-process.ts";
import { performTraining } from "../../train/node/perform-training.ts";
import { taskNameOf } from "../find-task.ts";
import { findNodeTask } from "./find-node-task.ts";
import type { trainingJob } from "./training-job.ts";

// Trains for whatever task the job or its checkpoint names.
serveJob<typeof trainingJob>((job, context) =>
  performTraining(job, context, (notes, where) => findNodeTask(taskNameOf(notes, where))),
);
