import type { LabelledImages } from "../../data/labelled-images.ts";
import type { LoweringChoice } from "../../compile/lowering.ts";
import type { Device } from "../../runtime/device.ts";
import type { TaskName } from "../../tasks/find-task.ts";
import type { TrainingResult, WeightsStart } from "../../train/node/job.ts";
import type { CommonNetwork, CommonOpenOptions, Samples } from "../network.ts";
import type { CommonCompareOptions, CompareResult as CommonCompareResult } from "../compare-options.ts";
import type { CommonTrainOptions, WithTask } from "../train-options.ts";

/** A file: its path, a `file:` URL, its bytes, or a Blob. */
export type FileInput = string | URL | Uint8Array | ArrayBuffer | Blob;

/** Networks that do a task together, each by the part that it does, such as `{ locator, reader }`. */
export type NetworkParts = Readonly<Record<string, FileInput>>;

/** Options for opening a network. */
export interface OpenOptions<Name extends TaskName = TaskName> extends CommonOpenOptions<Name> {
  /** Where it runs: "cpu", "webgpu" (any graphics processor), or "cuda" or "cuda:N" (NVIDIA's). Default "cpu". */
  readonly device?: Device;
  /** ONNX Runtime's execution providers in order of preference, such as `["coreml", "cpu"]`, in place of `device`. */
  readonly executionProviders?: readonly string[];
  /** The file's name if its bytes are given: for errors, and to tell a form without a signature by its ending. */
  readonly name?: string;
}

/** What a network is evaluated on: a data set's name or a folder, images in memory, or the task's own samples. */
export type EvaluationData<Name extends TaskName> = string | LabelledImages | Samples<Name> | DataChoice;

/** A data set or folder, and which part of it. */
export interface DataChoice {
  /** A data set's name or a folder. Default: what the network was trained on. */
  readonly data?: string;
  /** The first so many images; all if left out. */
  readonly limit?: number;
  /**
   * Use only images that training held out for its test. Default false; classification data have a test split anyway.
   */
  readonly heldBack?: boolean;
}

/** Options for saving a network. */
export interface SaveOptions {
  /** ONNX: version of its operators, 11 to 21. Default 18, or the opened file's. */
  readonly opset?: number;
  /** ONNX: whether batch norms are put into the convolutions before them. Default true; of an ONNX file, as it is. */
  readonly foldBatchNorm?: boolean;
  /** Whether a model card `NAME.md` is written beside the file. Default false. */
  readonly modelCard?: boolean;
}

/** An open network in Node. */
export interface Network<Name extends TaskName> extends CommonNetwork<
  Name,
  FileInput,
  EvaluationData<Name> | undefined
> {
  /**
   * Evaluates the network against ground truth.
   *
   *     const { accuracy, count } = await network.evaluate("photos");
   *
   * @param data a data set's name or a folder, whose test part is used; images in memory, of which `test` is used, or all if there is
   *   none; the task's own samples; or `{ data, limit, heldBack }`. Default: what the network was trained on
   * @param options the task's: `{ topK }` to classify; `{ views, instances, onImage }` to segment
   * @returns `{ count, loss, accuracy, … }` with the task's further figures; `accuracy` is the task's main measure, 0 to 1
   * @throws {OptionError} naming what does not fit the network
   * @throws {EnvironmentError} if the data are not on this machine
   */
  evaluate(
    data?: EvaluationData<Name>,
    options?: Parameters<CommonNetwork<Name, FileInput, unknown>["evaluate"]>[1],
  ): ReturnType<CommonNetwork<Name, FileInput, unknown>["evaluate"]>;
  /**
   * Writes the network in the form that the file's ending names: `.onnx`, `.safetensors`, or `.pth` and `.pt` for a PyTorch
   * state dict under torchvision's names. The file appears whole or not at all.
   *
   * A PyTorch file holds the weights alone: reopen it with `{ model, shortcut, classes, normalization, imageSize }` of the card.
   *
   * @param file the path to write
   * @returns the paths of what was written, the file first
   * @throws {OptionError} if the ending names no form, or an option does not fit it
   * @throws {FormatError} if the network's form cannot become the other: batch norms that were folded into an ONNX file cannot
   *   be given as a state dict; save from the checkpoint instead
   * @throws {EnvironmentError} if it cannot be written
   */
  save(file: string | URL, options?: SaveOptions): Promise<readonly string[]>;
}

/** A network of any task; `network.task` tells which. */
export type AnyNetwork = { readonly [Name in TaskName]: Network<Name> }[TaskName];

/** Training options in Node, besides task-specific ones. */
export interface NodeTrainOptions extends CommonTrainOptions {
  /** A file to start from: an ONNX network, or weights of `model`. With it, the standard recipe is one for fine-tuning. */
  readonly from?: string;
  /** Weights to start from, with what their reader should know: `{ path, layout, entry, partial }`. Excludes `from`. */
  readonly weights?: WeightsStart;
  /** The classes to use, in the order of the scores. Default: all. */
  readonly classes?: readonly string[];
  /** Height and width that images are brought to. Default: the network's. */
  readonly imageSize?: number;
  /** The first so many images; all if left out. */
  readonly limit?: number;
  /** The folder for checkpoints and the network. Default "residua-train"; of a resumed training, its own. */
  readonly out?: string;
  /** How often to save weight snapshots. Default: never. */
  readonly snapshots?: number;
  /** Threads that compute, a whole number above 0. Default: one per core. */
  readonly threads?: number;
  /** Where it trains: "cpu", "webgpu" (any graphics processor), or "cuda" or "cuda:N" (NVIDIA's). Default "cpu". */
  readonly device?: Device;
  /** How graphs are lowered: "auto" takes the fastest that agrees with the reference. Default "auto". */
  readonly lowering?: LoweringChoice;
  /** Where fetched data sets lie. Default: `RESIDUA_CACHE`, else the user's cache folder. */
  readonly cache?: string;
}

/** How a network is trained in Node; `task` may be left out to classify. */
export type TrainOptions<Name extends TaskName = TaskName> = WithTask<NodeTrainOptions, Name>;

/** Training data: a data set's name, a folder, images in memory, or a training run to resume. */
export type TrainingData = string | LabelledImages | { readonly resume: string };

/** The result of a training run. */
export interface TrainResult<Name extends TaskName> extends TrainingResult {
  /**
   * Opens the best epoch's network, or the last one's if none was validated or the training was stopped, so that it predicts and can
   * be saved in every form.
   *
   * @throws {EnvironmentError} if the training ended before it kept a checkpoint
   */
  readonly open: (options?: Pick<OpenOptions, "threads" | "device" | "executionProviders">) => Promise<Network<Name>>;
}

/** The data to compare networks on. */
export type ComparisonData = string | LabelledImages;

/** What is compared in Node, and how it runs. */
export interface CompareOptions extends CommonCompareOptions {
  /** Seconds to train in: one seed of every network, then the next, as far as they fit in. Default: everything. */
  readonly budget?: number;
  /** Threads that compute, a whole number above 0. Default: one per core. */
  readonly threads?: number;
  /** Where it trains, one run after another: "cpu", "webgpu", or "cuda" or "cuda:N". Default "cpu". */
  readonly device?: Device;
  /** How graphs are lowered: "auto" takes the fastest that agrees with the reference. Default "auto". */
  readonly lowering?: LoweringChoice;
  /** Where fetched data sets lie. Default: `RESIDUA_CACHE`, else the user's cache folder. */
  readonly cache?: string;
}

/** The result of a comparison: `runs` with their curves, `settings`, and findings. */
export interface CompareResult extends CommonCompareResult {
  /** Draws the comparison as one HTML page that needs nothing else, in English and Chinese. */
  readonly report: () => Promise<string>;
}
