import { runInChild } from "../../jobs/node/child-process.ts";
import type { Running, RunOptions } from "../../jobs/job.ts";
import { createModel } from "../../nn/models.ts";
import { type TaskName, taskNameOf, type TypesOf } from "../../tasks/find-task.ts";
import { findNodeTask } from "../../tasks/node/find-node-task.ts";
import { trainingJob } from "../../tasks/node/training-job.ts";
import { unnamedImages } from "../../data/labelled-images.ts";
import { findNetworkPath } from "../../ready/node/find.ts";
import { parseDevice } from "../../runtime/device.ts";
import { OptionError } from "../../tensor/errors.ts";
import { readCheckpoint, findCheckpoint } from "../../train/node/files.ts";
import type { FreshTraining, TrainingEvent, TrainingJob, TrainingResult } from "../../train/node/job.ts";
import { completeRecipe } from "../../train/recipe-check.ts";
import { isLabelledImages } from "../network.ts";
import { onlyGiven, requireKnown } from "../options.ts";
import { fieldsOf, recipeNames } from "../train-options.ts";
import { cacheFolder } from "./cache.ts";
import { openNetworkFile } from "./open.ts";
import type { NodeTrainOptions, TrainingData, TrainResult } from "./types.ts";

/** Options of a training run, whatever the task. */
const hostOptions = ["out", "snapshots", "threads", "device", "lowering", "cache"] as const;
/** What it learns, beside the recipe and what a task alone understands. */
const startOptions = [
  "task",
  "model",
  "shortcut",
  "modelOptions",
  "from",
  "weights",
  "classes",
  "imageSize",
  "limit",
  "validation",
] as const;

type Given = NodeTrainOptions & { readonly task?: TaskName };

function toStart(data: string, options: Given): Omit<FreshTraining, "augmentation" | "validation" | "recipe" | "task"> {
  const { model, shortcut, modelOptions, from, weights, classes, imageSize, limit, batch } = options;
  if (from !== undefined && weights !== undefined)
    throw new OptionError("weights", "does not fit `from`; leave one out");
  return {
    data,
    modelOptions: { ...modelOptions, ...onlyGiven({ shortcut }) },
    ...onlyGiven({ model, from, weights, classes, imageSize, limit }),
    fitsBatch: batch === undefined,
  };
}

/** A training from the start. @throws {OptionError} naming the option that is not known or cannot be followed */
async function startFresh(data: Exclude<TrainingData, { resume: string }>, options: Given): Promise<FreshTraining> {
  const task = taskNameOf(options.task === undefined ? undefined : { name: options.task }, "task");
  const { trainOptions, startTraining: complete } = await findNodeTask<TaskName>(task);
  requireKnown(`a training to ${task}`, options, [...startOptions, ...hostOptions, ...recipeNames, ...trainOptions]);
  const own = Object.fromEntries(Object.entries(options).filter(([name]) => trainOptions.includes(name as never)));
  const images = isLabelledImages(data) ? data : undefined;
  if (images === undefined && typeof data !== "string")
    throw new OptionError(
      "data",
      "must be a data set's name, a folder, or { images, labels, channels, height, width }",
    );
  const name = images === undefined ? (data as string) : (images.name ?? unnamedImages);
  const from = options.from === undefined ? undefined : await findNetworkPath(options.from, "from");
  const start = { ...toStart(name, { ...options, ...onlyGiven({ from }) }), ...onlyGiven({ images }) };
  // Refuses a wrong network or recipe before anything starts.
  if (start.model !== undefined) createModel(start.model, start.modelOptions);
  completeRecipe(Object.fromEntries(Object.entries(options).filter(([field]) => recipeNames.includes(field))));
  return complete({
    start,
    ...onlyGiven({ validation: options.validation }),
    given: fieldsOf(options),
    options: own as TypesOf<TaskName>["trainOptions"],
  });
}

async function toJob(
  data: TrainingData,
  options: Given,
): Promise<{ readonly job: TrainingJob; readonly task: TaskName }> {
  const { out, snapshots, threads, device: named, lowering = "auto", cache = cacheFolder() } = options;
  const device = named === undefined ? undefined : parseDevice(named);
  const host = {
    ...onlyGiven({ out, snapshots, device }),
    cache,
    lowering,
    session: onlyGiven({ threads }),
    workers: 1,
  };
  if (typeof data === "object" && "resume" in data) {
    requireKnown("a training that goes on", options, hostOptions);
    const { notes } = await readCheckpoint(await findCheckpoint(data.resume));
    return { job: { ...host, start: { resume: data.resume } }, task: taskNameOf(notes.network.task, data.resume) };
  }
  const start = await startFresh(data, options);
  return { job: { ...host, start }, task: taskNameOf(start.task, "task") };
}

/** Starts a training in a process of its own; see `train` of `residua/node`. */
export async function startTraining(
  data: TrainingData,
  options: Given,
  run: RunOptions<TrainingEvent>,
): Promise<{ readonly running: Running<TrainingEvent, TrainingResult>; readonly task: TaskName }> {
  const { job, task } = await toJob(data, options);
  return { running: runInChild(trainingJob, job, run), task };
}

/** A training's result, whose network can be opened. */
export function finishTraining<Name extends TaskName>(result: TrainingResult, task: Name): TrainResult<Name> {
  const { best, last } = result.files;
  return { ...result, open: (options = {}) => openNetworkFile(best ?? last, { ...options, task }) };
}
