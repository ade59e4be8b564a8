import type { CompareResult } from "./front/compare-options.ts";
import type { TaskOf } from "./front/train-options.ts";
import type { StartedComparison } from "./front/web/compare.ts";
import type {
  AnyNetwork,
  CompareOptions,
  ComparisonData,
  FileInput,
  Network,
  NetworkParts,
  OpenOptions,
  TrainingData,
  TrainingEvent,
  TrainOptions,
  TrainResult,
} from "./front/web/types.ts";
import type { Running, RunOptions } from "./jobs/job.ts";
import { runLater } from "./jobs/later.ts";
import type { CompareEvent } from "./lab/compare/job.ts";
import type { TaskName } from "./tasks/find-task.ts";

export type { LabelledImages, LabelledPixels } from "./data/labelled-images.ts";
export type { PageImage } from "./data/web/page-image.ts";
export type { CompareResult } from "./front/compare-options.ts";
export type * from "./front/web/types.ts";
export type { Running, RunOptions } from "./jobs/job.ts";
export type { CompareEvent } from "./lab/compare/job.ts";
export { serveComparison } from "./lab/compare/web/serve.ts";
export type { NetworkCard } from "./networks/card.ts";
export type { TaskName } from "./tasks/find-task.ts";
export { serveTraining } from "./tasks/web/serve-training.ts";
export type { LabelledFiles } from "./tasks/web/web-task.ts";
export { ResiduaError } from "./tensor/errors.ts";
export type { EpochRecord } from "./train/checkpoint.ts";
export type { Evaluation } from "./train/evaluation.ts";
export type { Recipe } from "./train/recipe.ts";

/**
 * Opens a network that predicts, in the calling thread.
 *
 *     const network = await open("model.onnx", { task: "classify" });
 *     const [best] = await network.predict(fileInput.files[0]);
 *     label.textContent = `${best.class}, ${(100 * best.probability).toFixed(0)} %`;
 *
 * Without `task`, the network is one of any task, and `network.task` tells which: `if (network.task === "segment") …`.
 *
 * A bare name is a ready network: `open("plates")` fetches `models/index.json` beside the page, then its files, which are checked.
 * Files that do a task together are opened as one: `open({ locator, reader })`.
 *
 * @param file a checkpoint, ONNX, PyTorch (.pth), safetensors or Keras (.h5), told apart by content; as a Blob or File, bytes, or
 *   the address to fetch it from; or the name of a ready network; or several by their parts
 * @param options what helps to read the file, and how ONNX Runtime runs
 * @throws {FormatError} if the file is damaged, no network, or of another task than `options.task`
 * @throws {WeightsError} if weights are of no known network, or leave it open which
 * @throws {OptionError} naming an option that is not known or does not fit the file
 * @throws {EnvironmentError} if the address does not answer
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
  const { openNetworkFile } = await import("./front/web/open.ts");
  return openNetworkFile(file, options);
}

/**
 * Trains a network to classify, in a worker. It starts at once; its events are iterated over, or heard by `run.onEvent`.
 *
 *     const run = train({ files: { cat: catFiles, dog: dogFiles } }, { model: "resnet8", shortcut: "pad", epochs: 5 });
 *     for await (const event of run) if (event.kind === "epoch") console.log(event.record);
 *     const network = await (await run.result).open();
 *     download(await network.save("pets.onnx"));
 *
 * Every field of the recipe is followed, or refused by its name. A batch that is not said is brought down to the number of
 * images if they are fewer; an event `note` says so. `run.stop()` ends the training after the current step; the result then has
 * the network as far as it came.
 *
 * @param data image files by class, or images in memory; a fifth of them, always the same, is kept for the test
 * @param options the network, the recipe, what the task alone understands, and where it runs
 * @param run hears events as they come, in the place of iterating
 * @returns a job under way; `result` rejects with a {@link ResiduaError} that names what cannot be followed
 */
export function train<const Options extends TrainOptions>(
  data: TrainingData,
  options?: Options,
  run: RunOptions<TrainingEvent> = {},
): Running<TrainingEvent, TrainResult<TaskOf<Options>>> {
  let task: TaskName;
  const loading = import("./front/web/train.ts");
  return runLater(
    "training",
    async (host) => {
      const started = await (await loading).startTraining(data, options ?? {}, host);
      ({ task } = started);
      return started.running;
    },
    async (result) => (await loading).finishTraining(result, task) as TrainResult<TaskOf<Options>>,
    run,
  );
}

/**
 * Trains networks that differ in one thing, such as the shortcut type, and compares them, in a worker.
 *
 *     const run = compare(images, { shortcuts: ["plain", "A"], depths: [8, 20], seeds: 2 });
 *     for await (const event of run) if (event.kind === "run") console.log(event.result.testAccuracy);
 *     console.log((await run.result).findings.join("\n"));
 *
 * The recipe's fields are given flat, as to {@link train}; each is followed by every run, or refused by its name. The page of
 * figures that Node draws is not drawn here: the result has the runs with their curves.
 *
 * @param data images in memory; a fifth of them, always the same, is the test if they have no `test`
 * @param options what is compared with what: depths, shortcuts, blocks, seeds, axes; the recipe; and where it runs
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
      const { startComparison } = await import("./front/web/compare.ts");
      const started = startComparison(data, options, host);
      ({ finish } = started);
      return started.running;
    },
    (result) => finish(result),
    run,
  );
}
