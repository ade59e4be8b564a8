import type { Running, RunOptions } from "./jobs/job.ts";
import { runLater } from "./jobs/later.ts";
import type { TaskName } from "./tasks/find-task.ts";
import type {
  AnyNetwork,
  CompareOptions,
  CompareResult,
  ComparisonData,
  FileInput,
  Network,
  NetworkParts,
  OpenOptions,
  TrainingData,
  TrainOptions,
  TrainResult,
} from "./front/node/types.ts";
import type { StartedComparison } from "./front/node/compare.ts";
import type { TaskOf } from "./front/train-options.ts";
import type { CompareEvent } from "./lab/compare/job.ts";
import type { TrainingEvent } from "./train/node/job.ts";

export type { LabelledImages, LabelledPixels } from "./data/labelled-images.ts";
export type { Running, RunOptions } from "./jobs/job.ts";
export type { CompareEvent } from "./lab/compare/job.ts";
export type { NetworkCard } from "./networks/card.ts";
export type { TaskName } from "./tasks/find-task.ts";
export type { EpochRecord } from "./train/checkpoint.ts";
export type { Evaluation } from "./train/evaluation.ts";
export type { TrainingEvent } from "./train/node/job.ts";
export type { Recipe } from "./train/recipe.ts";
export { ResiduaError } from "./tensor/errors.ts";
export type * from "./front/node/types.ts";

/**
 * Opens a network that predicts.
 *
 *     const network = await open("photos/model.onnx", { task: "classify" });
 *     const [best] = await network.predict("cat.jpg");
 *     console.log(best.class, best.probability);
 *     await network.release();
 *
 * Without `task`, the network is one of any task, and `network.task` tells which: `if (network.task === "segment") …`.
 *
 * A ready network of several files, such as "plates", is opened as one; so are files of your own: `open({ locator, reader })`.
 *
 * @param file a checkpoint or the folder of a training, ONNX, PyTorch (.pth), safetensors or Keras (.h5), told apart by
 *   content; as a path, a `file:` URL, bytes or a Blob; or the name of a ready network; or several by their parts
 * @param options what helps to read the file, and how its session runs
 * @throws {FormatError} if the file is damaged, no network, or of another task than `options.task`
 * @throws {WeightsError} if weights are of no known network, or leave it open which
 * @throws {OptionError} naming an option that is not known or does not fit the file
 * @throws {EnvironmentError} if the file cannot be read
 */
export function open(
  file: FileInput | NetworkParts,
  options?: OpenOptions & { readonly task?: undefined },
): Promise<AnyNetwork>;
export function open<Name extends TaskName>(
  file: FileInput | NetworkParts,
  options: OpenOptions<Name> & { readonly task: Name },
): Promise<Network<Name>>;
export async function open(file: FileInput | NetworkParts, options: OpenOptions = {}): Promise<AnyNetwork> {
  const { openNetworkFile } = await import("./front/node/open.ts");
  return openNetworkFile(file, options);
}

/**
 * Trains a network, in a process of its own. It starts at once; its events are iterated over, or heard by `run.onEvent`.
 *
 *     const run = train("photos/", { model: "resnet20", shortcut: "pad", epochs: 3 });
 *     for await (const event of run) if (event.kind === "epoch") console.log(event.record);
 *     const { test, open } = await run.result;
 *     const network = await open();
 *     await network.save("photos.pth");
 *
 * Every field of the recipe is followed, or refused by its name. A batch that is not said is brought down to the number of
 * images if they are fewer; an event `note` says so. `run.stop()` ends the training after the current step, with a checkpoint:
 * `train({ resume: "residua-train" })` goes on from there, to the same weights.
 *
 * @param data to classify: "mnist", "fashion-mnist", "cifar10", "cifar100", a folder `DIR/CLASS/*.png`, or images in memory; to
 *   segment: a folder with `images/` and `masks/`; or `{ resume }`, the folder or checkpoint of a training
 * @param options the network, the recipe, and what the task alone understands
 * @param run hears events as they come, in the place of iterating
 * @returns a job under way; `result` rejects with an {@link ResiduaError} that names what cannot be followed
 */
export function train<const Options extends TrainOptions>(
  data: TrainingData,
  options?: Options,
  run: RunOptions<TrainingEvent> = {},
): Running<TrainingEvent, TrainResult<TaskOf<Options>>> {
  type Name = TaskOf<Options>;
  let task: TaskName;
  const loading = import("./front/node/train.ts");
  return runLater(
    "training",
    async (host) => {
      const started = await (await loading).startTraining(data, options ?? {}, host);
      ({ task } = started);
      return started.running;
    },
    async (result) => (await loading).finishTraining(result, task) as TrainResult<Name>,
    run,
  );
}

/**
 * Trains networks that differ in one thing, such as the shortcut type, and compares them. It runs in a process of its own.
 *
 *     const run = compare("mnist", { shortcuts: ["plain", "A", "B"], depths: [20, 56], seeds: 3 });
 *     for await (const event of run) if (event.kind === "run") console.log(event.result.testAccuracy);
 *     const study = await run.result;
 *     console.log(study.findings.join("\n"));
 *     await writeFile("comparison.html", await study.report());
 *
 * The recipe's fields are given flat, as to {@link train}; each is followed by every run, or refused by its name. A batch that
 * is not said is brought down to the number of images if they are fewer; an event `note` says so.
 *
 * @param data a data set's name, a folder `DIR/CLASS/*.png` (brought to 32×32), or images in memory
 * @param options what is compared with what: depths, shortcuts, blocks, seeds, axes; and the recipe
 * @param run hears events as they come, in the place of iterating
 * @returns a job under way; `stop()` ends it after the current step, and the result has the runs that were finished
 */
export function compare(
  data: ComparisonData,
  options: CompareOptions = {},
  run: RunOptions<CompareEvent> = {},
): Running<CompareEvent, CompareResult> {
  let finish: StartedComparison["finish"];
  return runLater(
    "comparison",
    async (host) => {
      const { startComparison } = await import("./front/node/compare.ts");
      const started = startComparison(data, options, host);
      ({ finish } = started);
      return started.running;
    },
    (result) => finish(result),
    run,
  );
}
