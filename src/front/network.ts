import type { LabelledImages } from "../data/labelled-images.ts";
import type { ChannelStatistics, NetworkCard } from "../networks/card.ts";
import type { OpenNetworkOptions } from "../networks/open.ts";
import type { KeptNetwork, TrainedNetwork } from "../networks/trained.ts";
import type { ModelOptions } from "../nn/model-options.ts";
import type { ShortcutType } from "../nn/shortcuts/type.ts";
import { type TaskName, tasks, type TypesOf } from "../tasks/find-task.ts";
import { type LoadedNetwork, loadTask } from "../tasks/loaded-network.ts";
import { OptionError, ResiduaError, VerificationError } from "../tensor/errors.ts";

/** Options for opening a network's file, in any environment. */
export interface CommonOpenOptions<Name extends TaskName = TaskName> {
  /** The task that the network must have been trained for; it gives the network that task's type. Default: any. */
  readonly task?: Name;
  /** The SHA-256 that the file must have, in hexadecimal, such as `residua/models/index.json` tells of ready networks. Default: any. */
  readonly sha256?: string;
  /** Threads of its session, a whole number above 0. Default in Node: one per core; in a page: 1. */
  readonly threads?: number;
  /** Weights of another system: the network's name, such as "resnet18". Default: what names and shapes tell. */
  readonly model?: string;
  /** Weights of another system: the shortcut type, if the weights leave it open. */
  readonly shortcut?: ShortcutType;
  /** Weights of another system: further options of the network. */
  readonly modelOptions?: Omit<ModelOptions, "shortcut">;
  /** Weights of another system: whose names they have, if several systems have the same, such as "timm". */
  readonly layout?: string;
  /** A PyTorch checkpoint: the entry to take, such as "state_dict_ema". Default: the plain weights. */
  readonly entry?: string;
  /** Weights of another system: whether those that fit are enough; the rest is drawn from seed 0. Default false. */
  readonly partial?: boolean;
  /** Weights of another system: names of the classes in the order of the scores. Default: their numbers. */
  readonly classes?: readonly string[];
  /** Weights of another system: mean and deviation of each channel, pixels from 0 to 1. Default: the layout's. */
  readonly normalization?: ChannelStatistics;
  /** Weights of another system: height and width that images are brought to. Default: the network's usual ones. */
  readonly imageSize?: number;
  /** Receives one-line notes about facts missing from the file and the remainder of a partial load. */
  readonly onNote?: (text: string) => void;
}

/** An open network, in any environment. */
export interface CommonNetwork<Name extends TaskName, Input, Data> {
  /** Its task; discriminates unions of networks. */
  readonly task: Name;
  /** Its description from the file: `model`, `imageShape` `[channels, H, W]`, `classes`, `normalization`, `data`. */
  readonly card: NetworkCard;
  /** The task's settings. */
  readonly settings: TypesOf<Name>["settings"];
  /**
   * Predicts one image.
   *
   * A network that classifies gives `{ class, probability }[]`, the most probable class first; one that segments gives
   * `{ labels, count, outlines() }` of cells, or `{ labels, shares }` of classes of points, at the image's own size; a locator with a
   * reader gives `{ plates }` with corners, text and characters.
   *
   * @param input an image; or the task's own pixels, which are taken as they are
   * @param options the task's: `{ top }` to classify; `{ views, overlap, instances, onProgress }` to segment
   * @throws {FormatError} if the image cannot be read
   * @throws {ShapeError} if pixels are of another size than the network takes
   */
  predict(
    input: Input | TypesOf<Name>["input"],
    options?: TypesOf<Name>["predictOptions"],
  ): Promise<TypesOf<Name>["output"]>;
  /**
   * Evaluates the network against ground truth.
   *
   * @returns `{ count, loss, accuracy, … }` with the task's further figures; `accuracy` is the task's main measure, 0 to 1
   * @throws {OptionError} naming what does not fit the network
   */
  evaluate(data: Data, options?: TypesOf<Name>["judgeOptions"]): Promise<TypesOf<Name>["judgement"]>;
  /** Frees the network's memory; it cannot be used afterwards. Safe to call twice. */
  release(): Promise<void>;
}

/** What was opened; only of one file is it known what to save. */
export interface OpenedNetwork {
  readonly network: TrainedNetwork;
  readonly where: string;
  readonly kept?: KeptNetwork;
}

/** @throws {OptionError} unless it is an object of files by their parts */
export function requireParts<Parts>(parts: Parts): Parts {
  const isPlain = typeof parts === "object" && parts !== null && Object.getPrototypeOf(parts) === Object.prototype;
  if (isPlain) return parts;
  throw new OptionError("file", "must be a file, or files by their parts, such as { locator, reader }");
}

/** @throws {OptionError} for a hash where there are several files */
export function refuseSha256(sha256: string | undefined): void {
  if (sha256 !== undefined)
    throw new OptionError("sha256", "is that of one file; a network of several is checked by its index alone");
}

/** @throws {OptionError} that a network of several files cannot be saved as one */
export function refuseSaving(where: string): never {
  throw new OptionError("file", `cannot hold ${where}, which has a file for each part; open one part and save it`);
}

/** @throws {VerificationError} if a file has another SHA-256 than it must have */
export function requireSha256(found: string, wanted: string, where: string): void {
  if (found === wanted.toLowerCase()) return;
  throw new VerificationError(
    where,
    `is another file than the one asked for: its SHA-256 is ${found.slice(0, 16)}…, must be ${wanted.slice(0, 16)}…`,
  );
}

/** Samples with ground truth, for evaluation by the task. */
export type Samples<Name extends TaskName> = AsyncIterable<TypesOf<Name>["sample"]> | Iterable<TypesOf<Name>["sample"]>;

/** What the place that a network is used in adds. */
export interface NetworkPlace<Name extends TaskName, Input, Data> {
  /** Reads an image as the network takes it; the task's own input as it is. */
  readonly readInput: (
    network: LoadedNetwork<Name>,
    input: Input | TypesOf<Name>["input"],
  ) => Promise<TypesOf<Name>["input"]>;
  readonly openSamples: (network: LoadedNetwork<Name>, data: Data) => Promise<Samples<Name>>;
}

/**
 * Wraps a network for use in its task.
 *
 * @param expected the task that it must have been trained for; any if left out
 * @throws {FormatError} if it was trained to do something else
 */
export function createNetwork<Name extends TaskName, Input, Data>(
  network: TrainedNetwork,
  where: string,
  { readInput, openSamples }: NetworkPlace<Name, Input, Data>,
  expected: Name | undefined,
): CommonNetwork<Name, Input, Data> {
  const loaded = (
    expected === undefined ? loadTask(network, where) : loadTask(network, where, expected)
  ) as LoadedNetwork<Name>;
  let isReleased = false;
  const requireOpen = (): void => {
    if (isReleased) throw new ResiduaError(where, "was released; open it again");
  };
  return {
    task: loaded.task,
    card: loaded.card,
    settings: loaded.settings,
    predict: async (input, options) => {
      requireOpen();
      return loaded.predict(await readInput(loaded, input), options);
    },
    evaluate: async (data, options) => {
      requireOpen();
      return loaded.judge(await openSamples(loaded, data), options);
    },
    release: () => {
      isReleased = true;
      return loaded.release();
    },
  };
}

/** Whether data are labelled images in memory, rather than samples or a name. */
export function isLabelledImages(data: unknown): data is LabelledImages {
  return typeof data === "object" && data !== null && "images" in data && "labels" in data;
}

/** Samples of images in memory. @throws {OptionError} if the task has none, or they do not fit the network */
export function samplesOf<Name extends TaskName>(
  { task, card }: LoadedNetwork<Name>,
  images: LabelledImages,
): Iterable<TypesOf<Name>["sample"]> {
  const { samplesInMemory } = tasks[task];
  if (samplesInMemory === null)
    throw new OptionError("data", `must be samples with masks; a network trained to ${task} is not judged by labels`);
  return samplesInMemory(images, card);
}

/** Samples given directly. @throws {OptionError} if they are none */
export function requireSamples<Name extends TaskName>(data: unknown): Samples<Name> {
  if (typeof data === "object" && data !== null && (Symbol.iterator in data || Symbol.asyncIterator in data))
    return data as Samples<Name>;
  throw new OptionError("data", "must be { images, labels, channels, height, width }, or samples one after another");
}

/** What the readers of files are told, from what is said of a network's file. */
export function toReadOptions({
  model,
  shortcut,
  modelOptions,
  layout,
  entry,
  partial,
  classes,
  normalization,
  imageSize,
  onNote,
}: CommonOpenOptions): ReadOptions {
  const options = { ...modelOptions, ...(shortcut === undefined ? {} : { shortcut }) };
  return {
    ...(model === undefined ? {} : { name: model }),
    ...(Object.keys(options).length === 0 ? {} : { options }),
    ...(layout === undefined ? {} : { layout }),
    ...(entry === undefined ? {} : { entry }),
    ...(partial === undefined ? {} : { partial }),
    ...(classes === undefined ? {} : { classes }),
    ...(normalization === undefined ? {} : { normalization }),
    ...(imageSize === undefined ? {} : { imageSize }),
    ...(onNote === undefined ? {} : { onNote }),
  };
}

/** What the readers of files are told. */
export type ReadOptions = Omit<OpenNetworkOptions, "session" | "readExternal">;
