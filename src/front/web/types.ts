import type { LabelledImages } from "../../data/labelled-images.ts";
import type { PageImage } from "../../data/web/page-image.ts";
import type { OrtModule } from "../../runtime/onnxruntime-module.ts";
import type { TaskName } from "../../tasks/find-task.ts";
import type { PageImages } from "../../tasks/web/web-task.ts";
import type { EpochRecord } from "../../train/checkpoint.ts";
import type { Evaluation } from "../../train/evaluation.ts";
import type { TrainingStatus } from "../../train/loop.ts";
import type { Recipe } from "../../train/recipe.ts";
import type { WebDevice, WebTrainingEvent } from "../../train/web/protocol.ts";
import type { CommonCompareOptions } from "../compare-options.ts";
import type { CommonNetwork, CommonOpenOptions, Samples } from "../network.ts";
import type { CommonTrainOptions, WithTask } from "../train-options.ts";

/** A network's file in a page: a Blob or File, its bytes, or the address to fetch it from. */
export type FileInput = Blob | Uint8Array | ArrayBuffer | URL | string;

/** Networks that do a task together, each by the part that it does, such as `{ locator, reader }`. */
export type NetworkParts = Readonly<Record<string, FileInput>>;

/** How ONNX Runtime runs in a page. */
export interface RuntimeOptions {
  /** "wasm", or "webgpu" where the browser has it. Default "wasm". */
  readonly device?: WebDevice;
  /** The module to run in the place of the one that belongs to `device`: `onnxruntime-web/wasm` or `onnxruntime-web/webgpu`. */
  readonly ort?: OrtModule;
  /** Address of the folder with ONNX Runtime's .wasm files, if the bundler does not place them. */
  readonly wasmPaths?: string;
  /** Address of the .wasm file that belongs to the module: then it is given faster inner loops. */
  readonly wasm?: string | URL;
}

/** Options for opening a network in a page. */
export interface OpenOptions<Name extends TaskName = TaskName> extends CommonOpenOptions<Name>, RuntimeOptions {
  /** The file's name if bytes are given: for errors, and to tell a form without a signature by its ending. */
  readonly name?: string;
  /** The address of the folder of ready networks, with its `index.json`. Default: `models/` beside the page. */
  readonly models?: string | URL;
}

/** What a network is evaluated on in a page: images in memory, or the task's own samples. */
export type EvaluationData<Name extends TaskName> = LabelledImages | Samples<Name>;

/** Options for saving a network in a page. */
export interface SaveOptions {
  /** ONNX: version of its operators, 11 to 21. Default 18, or the opened file's. */
  readonly opset?: number;
  /** ONNX: whether batch norms are put into the convolutions before them. Default true; of an ONNX file, as it is. */
  readonly foldBatchNorm?: boolean;
}

/** An open network in a page. */
export interface Network<Name extends TaskName> extends CommonNetwork<Name, PageImage, EvaluationData<Name>> {
  /**
   * The network in the form that the name's ending says: `.onnx`, `.safetensors`, or `.pth` and `.pt` for a PyTorch state dict.
   *
   * @param name the file's name; a page hands the file to its user, such as by a link with `URL.createObjectURL(file)`
   * @throws {OptionError} if the ending names no form, or an option does not fit it
   * @throws {FormatError} if the network's form cannot become the other, such as a folded ONNX file a state dict
   */
  save(name: string, options?: SaveOptions): Promise<File>;
}

/** A network of any task; `network.task` tells which. */
export type AnyNetwork = { readonly [Name in TaskName]: Network<Name> }[TaskName];

/** Where a page's job runs. */
export interface WorkerOptions {
  /**
   * Opens the worker that the job runs in, or `false` for the calling thread, which then is busy. Default: a worker of the
   * package's own.
   */
  readonly worker?: (() => Worker) | false;
  /** Threads of WebAssembly; more than one need a cross-origin isolated page. Default: ONNX Runtime's choice. */
  readonly threads?: number;
  /** "wasm", or "webgpu", for which `worker` must open one that serves it. Default "wasm". */
  readonly device?: WebDevice;
}

/** Training options in a page, besides task-specific ones. */
export interface WebTrainOptions extends CommonTrainOptions, WorkerOptions {
  /** Height and width that files are brought to. Default: the network's. */
  readonly imageSize?: number;
  /**
   * Reports an event `checkpoint` after every epoch, within a longer one whenever so many seconds have passed, and when the
   * training is stopped. Default: none.
   */
  readonly checkpointSeconds?: number;
  /** The `checkpoint` of such an event: the training goes on from there, with the same data and options, to the same bits. */
  readonly resume?: Uint8Array;
}

/** How a network is trained in a page; `task` may be left out to classify. */
export type TrainOptions<Name extends TaskName = TaskName> = WithTask<WebTrainOptions, Name>;

/** The training data in a page. */
export type TrainingData = PageImages;

/** Progress events of training in a page. */
export type TrainingEvent = WebTrainingEvent;

/** The result of training in a page. */
export interface TrainResult<Name extends TaskName> {
  readonly status: TrainingStatus;
  /** What went wrong and what to do, if it diverged. */
  readonly reason?: string;
  readonly steps: number;
  readonly epochs: readonly EpochRecord[];
  /** The epoch with the best validation, if a part was held back. */
  readonly best?: EpochRecord;
  /** On the test split, evaluated once with the best epoch's network; absent if training was stopped. */
  readonly test?: Evaluation;
  /** The complete recipe that was used. */
  readonly recipe: Recipe;
  /** The best epoch's network as ONNX, or the last one's if none was validated. */
  readonly onnx: Uint8Array;
  /** Opens that network, so that it predicts and can be saved in every form. */
  readonly open: (options?: RuntimeOptions & { readonly threads?: number }) => Promise<Network<Name>>;
}

/** The data to compare networks on in a page. */
export type ComparisonData = LabelledImages;

/** What is compared in a page, and how it runs. */
export interface CompareOptions extends CommonCompareOptions, WorkerOptions {}
