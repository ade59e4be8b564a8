import { readFileBytes } from "../../files/node.ts";
import { createNodeRuntime } from "../../runtime/node.ts";
import { createGuardedRuntime } from "../../runtime/node/guarded/runtime.ts";
import type { SessionOptions } from "../../runtime/runtime.ts";
import { decodeWeightsBytes, readExternalBeside, readWeightsFile } from "../../weights/node.ts";
import { isShardIndex } from "../../weights/node/sharded.ts";
import { type ImportOptions, loadImportedNetwork } from "../import.ts";
import { type ForeignChoice, refuseForeignChoice } from "../foreign.ts";
import { loadTrainedNetwork, type TrainedNetwork } from "../open.ts";

/** What is said of weights that Residua did not write. */
export interface OpenOptions extends Omit<ImportOptions, "session"> {
  readonly entry?: string;
  readonly prefix?: string;
  /** What is said of an ONNX classifier that does not describe itself. */
  readonly foreign?: ForeignChoice;
  /** Seconds that loading an ONNX model from elsewhere may take, and each run of it. Default 60. */
  readonly timeLimit?: number;
}

/**
 * Opens a network that predicts: an ONNX network, a checkpoint or its weights that `residua train` or `residua export`
 * wrote, or another system's weights.
 *
 * @throws {EnvironmentError} if it cannot be read
 * @throws {FormatError} if it is damaged or none of these
 * @throws {WeightsError} if the weights are no network of Residua's, or it is not sure which
 */
export async function openTrainedNetwork(
  path: string,
  session: SessionOptions = {},
  options: OpenOptions = {},
): Promise<TrainedNetwork> {
  if (!isShardIndex(path)) return openTrainedBytes({ bytes: await readFileBytes(path), path }, session, options);
  const { entry, prefix, foreign, timeLimit: _, ...request } = options;
  refuseForeignChoice(foreign, path);
  const file = await readWeightsFile(path, {
    ...(entry === undefined ? {} : { entry }),
    ...(prefix === undefined ? {} : { prefix }),
  });
  return loadImportedNetwork(createNodeRuntime(), { file, where: path }, { ...request, session });
}

/** As {@link openTrainedNetwork}, of bytes that have been read. */
export async function openTrainedBytes(
  { bytes, path }: { readonly bytes: Uint8Array; readonly path: string },
  session: SessionOptions = {},
  { entry, prefix, foreign, timeLimit, ...request }: OpenOptions = {},
): Promise<TrainedNetwork> {
  const runtime = createNodeRuntime();
  const own = {
    ...session,
    readExternal: readExternalBeside(path),
    guarded: createGuardedRuntime(runtime, timeLimit === undefined ? {} : { timeLimit }),
    ...(foreign === undefined ? {} : { foreign }),
    ...(request.onNote === undefined ? {} : { onNote: request.onNote }),
  };
  if (path.toLowerCase().endsWith(".onnx")) return loadTrainedNetwork(runtime, bytes, path, own);
  refuseForeignChoice(foreign, path);
  const file = await decodeWeightsBytes(bytes, path, {
    ...(entry === undefined ? {} : { entry }),
    ...(prefix === undefined ? {} : { prefix }),
  });
  const isOwn = file.origin.format === "safetensors" && Object.hasOwn(file.origin.notes, "residua");
  if (isOwn) return loadTrainedNetwork(runtime, bytes, path, own);
  return loadImportedNetwork(runtime, { file, where: path }, { ...request, session });
}
