import type { Running, RunOptions } from "../../jobs/job.ts";
import { type TaskName, taskNameOf, type TypesOf } from "../../tasks/find-task.ts";
import { performTraining } from "../../tasks/web/perform-training.ts";
import { findWebTask } from "../../tasks/web/table.ts";
import { OptionError } from "../../tensor/errors.ts";
import { completeRecipe } from "../../train/recipe-check.ts";
import type { WebTrainingEvent, WebTrainingJob, WebTrainingResult } from "../../train/web/protocol.ts";
import { onlyGiven, requireKnown } from "../options.ts";
import { fieldsOf, recipeNames } from "../train-options.ts";
import { type PageJob, runWhere, workerOptions } from "./hosts.ts";
import { openNetworkFile } from "./open.ts";
import type { TrainingData, TrainingEvent, TrainResult, WebTrainOptions } from "./types.ts";

const keepingOptions = ["resume", "checkpointSeconds"] as const satisfies readonly (keyof WebTrainOptions)[];
const startOptions = [
  "task",
  "model",
  "shortcut",
  "modelOptions",
  "imageSize",
  "validation",
  ...keepingOptions,
] as const;

type Given = WebTrainOptions & { readonly task?: TaskName };

const training: PageJob<WebTrainingJob, WebTrainingEvent, WebTrainingResult> = {
  name: "training",
  open: () => new Worker(new URL("./train-worker.js", import.meta.url), { type: "module" }),
  perform: performTraining,
};

/** A training that is under way, and its task. */
export interface StartedTraining {
  readonly running: Running<TrainingEvent, WebTrainingResult>;
  readonly task: TaskName;
}

/** Starts a training; see `train` of `residua/web`. */
export async function startTraining(
  images: TrainingData,
  options: Given,
  { onEvent = () => undefined }: RunOptions<TrainingEvent>,
): Promise<StartedTraining> {
  const task = taskNameOf(options.task === undefined ? undefined : { name: options.task }, "task");
  const { startTraining: complete, trainOptions } = findWebTask<TaskName>(task);
  if (complete === null) throw new OptionError("task", `"${task}" cannot be trained in a page yet; train it in Node`);
  requireKnown(`a training to ${task}`, options, [...startOptions, ...workerOptions, ...recipeNames, ...trainOptions]);
  if (typeof images !== "object" || images === null || !("images" in images || "files" in images))
    throw new OptionError("data", "must be { images, labels, channels, height, width }, or { files } by class");
  // Said here, since reading the images comes before the worker, which says it once more.
  onEvent({ kind: "loading" });
  const { model, shortcut, modelOptions, imageSize, validation, resume, checkpointSeconds } = options;
  completeRecipe(Object.fromEntries(Object.entries(options).filter(([field]) => recipeNames.includes(field))));
  const own = Object.fromEntries(Object.entries(options).filter(([name]) => trainOptions.includes(name as never)));
  const job = await complete({
    images,
    ...onlyGiven({ model, imageSize, validation }),
    modelOptions: { ...modelOptions, ...onlyGiven({ shortcut }) },
    given: fieldsOf(options),
    options: own as TypesOf<TaskName>["trainOptions"],
    note: (text) => onEvent({ kind: "note", text }),
  });
  const pass = (event: TrainingEvent): void => (event.kind === "loading" ? undefined : onEvent(event));
  const whole: WebTrainingJob = { ...job, ...onlyGiven({ resume, checkpointSeconds }) };
  return { running: runWhere(training, whole, options, { onEvent: pass }), task };
}

/** A training's result, whose network can be opened. */
export function finishTraining<Name extends TaskName>(
  { place, weights, status, reason, test, recipe, onnx }: WebTrainingResult,
  task: Name,
): TrainResult<Name> {
  return {
    status,
    steps: place.step,
    epochs: place.epochs,
    recipe,
    onnx,
    ...onlyGiven({ reason, test, best: place.best }),
    open: (options = {}) => openNetworkFile(weights, { name: "network.safetensors", ...options, task }),
  };
}
