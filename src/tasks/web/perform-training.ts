import { OptionError } from "../../tensor/errors.ts";
import { performTraining as trainFor, type WebTrainingContext } from "../../train/web/perform-training.ts";
import type { WebTrainingJob, WebTrainingResult } from "../../train/web/protocol.ts";
import { taskNameOf, tasks } from "../find-task.ts";

/**
 * Trains in the thread that calls, which is a worker's, for the task that the network's card names.
 *
 * @throws {OptionError} if the task cannot be trained on images in memory
 */
export async function performTraining(job: WebTrainingJob, context: WebTrainingContext): Promise<WebTrainingResult> {
  const name = taskNameOf(job.network.task, "network");
  const { setUpInMemory } = tasks[name];
  if (setUpInMemory === null)
    throw new OptionError("network", `has the task "${name}", which a page cannot train yet; train it in Node`);
  return trainFor(job, context, setUpInMemory);
}
