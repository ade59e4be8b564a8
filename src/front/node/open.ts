import { createHash } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type FileSource, readFileBytes } from "../../files/node.ts";
import { exportNetwork } from "../../networks/node/export.ts";
import { openTrainedBytes, openTrainedNetwork } from "../../networks/node/open.ts";
import type { KeptNetwork } from "../../networks/trained.ts";
import { type CheckedFile, findNetwork } from "../../ready/node/find.ts";
import { parseDevice } from "../../runtime/device.ts";
import type { SessionOptions } from "../../runtime/runtime.ts";
import type { TaskName, TypesOf } from "../../tasks/find-task.ts";
import { type LoadedNetwork, openTogether } from "../../tasks/loaded-network.ts";
import { findNodeTask } from "../../tasks/node/find-node-task.ts";
import { EnvironmentError, OptionError } from "../../tensor/errors.ts";
import { trainingFilesIn } from "../../train/node/files.ts";
import {
  createNetwork,
  isLabelledImages,
  type NetworkPlace,
  type OpenedNetwork,
  refuseSaving,
  refuseSha256,
  requireParts,
  requireSamples,
  requireSha256,
  type Samples,
  samplesOf,
  toReadOptions,
} from "../network.ts";
import { onlyGiven, requireKnown } from "../options.ts";
import { formOf } from "../save.ts";
import { cacheFolder } from "./cache.ts";
import type { EvaluationData, FileInput, Network, NetworkParts, OpenOptions, SaveOptions } from "./types.ts";

const openOptions = [
  "task",
  "sha256",
  "threads",
  "device",
  "executionProviders",
  "name",
  "model",
  "shortcut",
  "modelOptions",
  "layout",
  "entry",
  "partial",
  "classes",
  "normalization",
  "imageSize",
  "onNote",
] as const satisfies readonly (keyof OpenOptions)[];

const isFolder = (path: string): boolean => existsSync(path) && statSync(path).isDirectory();

/** The checkpoint in the folder of a training: the best epoch's, or the last. */
function findCheckpointIn(folder: string): string | undefined {
  const { best, last } = trainingFilesIn(folder);
  return [best, last].find((file) => existsSync(file));
}

const isTrainingFolder = (path: string): boolean => isFolder(path) && findCheckpointIn(path) !== undefined;

/** The checkpoint of a training's folder. Another path as it is. */
function findNetworkFile(path: string): string {
  if (!isFolder(path)) return path;
  const found = findCheckpointIn(path);
  if (found !== undefined) return found;
  throw new EnvironmentError(path, "is a folder without a checkpoint; give a file, or the folder of a training");
}

/** A file as it is read. @throws {OptionError} if it is none */
async function toSource(input: FileInput, field: string, name: string): Promise<FileSource> {
  if (typeof input === "string") return input;
  if (input instanceof URL) return fileURLToPath(input);
  if (input instanceof Uint8Array) return { bytes: input, where: name };
  if (input instanceof ArrayBuffer) return { bytes: new Uint8Array(input), where: name };
  if (input instanceof Blob) {
    const where = "name" in input && typeof input.name === "string" ? input.name : name;
    return { bytes: new Uint8Array(await input.arrayBuffer()), where };
  }
  throw new OptionError(field, "must be a path, a URL, bytes or a Blob");
}

/** Files of networks that do a task together, and what they are called. */
interface SourceParts {
  readonly parts: Readonly<Record<string, FileSource>>;
  readonly where: string;
}

const isParts = (found: FileSource | SourceParts): found is SourceParts =>
  typeof found === "object" && "parts" in found;

/** A network's file, or files: a ready network's by its name, whose bytes are checked; else what is given. */
async function findSource(input: FileInput | NetworkParts, name: string): Promise<FileSource | SourceParts> {
  if (!isFileInput(input)) {
    const entries = Object.entries(requireParts(input)).map(
      async ([part, file]) => [part, await toSource(file, part, part)] as const,
    );
    return { parts: Object.fromEntries(await Promise.all(entries)), where: name };
  }
  const source = await toSource(input, "file", name);
  if (typeof input !== "string" || typeof source !== "string") return source;
  const found = await findNetwork(source, "file");
  if (found.kind === "file") return found.path;
  if (isTrainingFolder(source))
    throw new OptionError(
      "file",
      `"${source}" is a ready network, and the folder of a training here; write "./${source}" for the folder, or rename it`,
    );
  const { network: only, ...parts } = found.ready.files;
  const toBytes = ({ bytes, path: where }: CheckedFile): FileSource => ({ bytes, where });
  if (only !== undefined) return toBytes(only);
  return {
    parts: Object.fromEntries(Object.entries(parts).map(([part, file]) => [part, toBytes(file)])),
    where: source,
  };
}

/** The file's bytes if they must have a hash, which is checked. */
async function requireSource(source: FileSource, sha256: string | undefined): Promise<FileSource> {
  if (sha256 === undefined) return source;
  const where = typeof source === "string" ? findNetworkFile(source) : source.where;
  const bytes = typeof source === "string" ? await readFileBytes(where) : source.bytes;
  requireSha256(createHash("sha256").update(bytes).digest("hex"), sha256, where);
  return { bytes, where };
}

const isFileInput = (input: unknown): input is FileInput =>
  typeof input === "string" ||
  input instanceof URL ||
  input instanceof Uint8Array ||
  input instanceof ArrayBuffer ||
  input instanceof Blob;

async function readInput<Name extends TaskName>(
  { task, card }: LoadedNetwork<Name>,
  input: FileInput | TypesOf<Name>["input"],
): Promise<TypesOf<Name>["input"]> {
  if (!isFileInput(input)) return input;
  return (await findNodeTask(task)).readInput(await toSource(input, "input", "image"), card);
}

async function openSamples<Name extends TaskName>(
  network: LoadedNetwork<Name>,
  data: EvaluationData<Name> | undefined,
): Promise<Samples<Name>> {
  if (isLabelledImages(data)) return samplesOf(network, data);
  const isSamples = typeof data === "object" && (Symbol.iterator in data || Symbol.asyncIterator in data);
  if (isSamples) return requireSamples<Name>(data);
  const choice = typeof data === "string" ? { data } : (data ?? {});
  requireKnown("evaluate's data", choice, ["data", "limit", "heldBack"]);
  const opened = await (await findNodeTask(network.task)).openSamples(network, { cache: cacheFolder(), ...choice });
  return opened.samples;
}

async function save(
  { file }: KeptNetwork,
  source: string,
  target: string | URL,
  { modelCard = false, ...options }: SaveOptions = {},
): Promise<readonly string[]> {
  const path = target instanceof URL ? fileURLToPath(target) : target;
  const format = formOf(path, options);
  const { files } = await exportNetwork(file, path, { ...onlyGiven(options), format, modelCard, source });
  return files;
}

const whereOf = (source: FileSource): string => (typeof source === "string" ? source : source.where);

/** Opens one file. */
function openSource(source: FileSource, session: SessionOptions, options: OpenOptions): Promise<KeptNetwork> {
  const { device } = options;
  const read = { ...toReadOptions(options), ...(device === undefined ? {} : { device: parseDevice(device) }) };
  return typeof source === "string"
    ? openTrainedNetwork(findNetworkFile(source), session, read)
    : openTrainedBytes({ bytes: source.bytes, path: source.where }, session, read);
}

async function openInput(input: FileInput | NetworkParts, options: OpenOptions): Promise<OpenedNetwork> {
  const { threads, executionProviders, name = "network", sha256, device } = options;
  if (device !== undefined && executionProviders !== undefined)
    throw new OptionError("device", "does not fit `executionProviders`; leave one out");
  const session: SessionOptions = onlyGiven({ threads, executionProviders });
  const found = await findSource(input, name);
  if (isParts(found)) {
    refuseSha256(sha256);
    const { parts, where } = found;
    return { network: await openTogether(parts, where, (source) => openSource(source, session, options)), where };
  }
  const source = await requireSource(found, sha256);
  const kept = await openSource(source, session, options);
  return { network: kept, where: whereOf(source), kept };
}

function placeOf<Name extends TaskName>(): NetworkPlace<Name, FileInput, EvaluationData<Name> | undefined> {
  return { readInput, openSamples };
}

/** Opens a network; see `open` of `residua/node`. */
export async function openNetworkFile<Name extends TaskName>(
  input: FileInput | NetworkParts,
  options: OpenOptions<Name> = {},
): Promise<Network<Name>> {
  requireKnown("open", options, openOptions);
  const { network: opened, where, kept } = await openInput(input, options);
  try {
    const network = createNetwork(opened, where, placeOf<Name>(), options.task);
    const saveOpened: Network<Name>["save"] = async (file, how) =>
      kept === undefined ? refuseSaving(where) : save(kept, where, file, how);
    return { ...network, save: saveOpened };
  } catch (error) {
    await opened.session.release();
    throw error;
  }
}
