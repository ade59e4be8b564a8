import { serveJob } from "../../jobs/node/child-process.ts";
import { performOnRanks } from "../../train/node/perform-on-ranks.ts";
import { performTraining } from "../../train/node/perform-training.ts";
import type { FindTrainingTask } from "../../train/node/set-up.ts";
import { taskNameOf } from "../find-task.ts";
import { findNodeTask } from "./find-node-task.ts";
import type { trainingJob } from "./training-job.ts";

/** Trains for whatever task the job or its checkpoint names. */
const findTask: FindTrainingTask = (notes, where) => findNodeTask(taskNameOf(notes, where));

serveJob<typeof trainingJob>(({ ranks, ...job }, context) =>
  ranks === undefined ? performTraining(job, context, findTask) : performOnRanks({ ...job, ranks }, context, findTask),
);
