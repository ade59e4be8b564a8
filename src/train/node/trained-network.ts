import { createNodeRuntime } from "../../runtime/node.ts";
import type { SessionOptions } from "../../runtime/runtime.ts";
import { readExternalBeside, readFileBytes } from "../../weights/node.ts";
import { loadTrainedNetwork, type TrainedNetwork } from "../trained.ts";

/**
 * Opens a file that `residua train` or `residua export` wrote: an ONNX network, a checkpoint or its weights.
 * @throws {EnvironmentError} if it cannot be read
 * @throws {FormatError} if it is neither, or damaged
 */
export async function openTrainedNetwork(path: string, options: SessionOptions = {}): Promise<TrainedNetwork> {
  return loadTrainedNetwork(createNodeRuntime(), await readFileBytes(path), path, {
    ...options,
    readExternal: readExternalBeside(path),
  });
}
