import { readFileBytes } from "../../files/node.ts";
import { createNodeRuntime } from "../../runtime/node.ts";
import type { SessionOptions } from "../../runtime/runtime.ts";
import { readExternalBeside, readWeightsFile } from "../../weights/node.ts";
import { isShardIndex } from "../../weights/node/sharded.ts";
import { loadImportedNetwork } from "../import.ts";
import { type KeptNetwork, openNetwork, type OpenNetworkOptions } from "../open.ts";

/** What is said of weights that Residua did not write. */
export type OpenOptions = Omit<OpenNetworkOptions, "session" | "readExternal">;

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
): Promise<KeptNetwork> {
  if (!isShardIndex(path)) return openTrainedBytes({ bytes: await readFileBytes(path), path }, session, options);
  const file = await readWeightsFile(path);
  return loadImportedNetwork(createNodeRuntime(), { file, where: path }, { ...options, session });
}

/** As {@link openTrainedNetwork}, of bytes that have been read. */
export async function openTrainedBytes(
  { bytes, path }: { readonly bytes: Uint8Array; readonly path: string },
  session: SessionOptions = {},
  options: OpenOptions = {},
): Promise<KeptNetwork> {
  const where = { session, readExternal: readExternalBeside(path) };
  return openNetwork(createNodeRuntime(), bytes, path, { ...options, ...where });
}
