import { readFileBytes } from "../../files/node.ts";
import { isShardIndex, readExternalBeside, readWeightsFile } from "../../weights/node.ts";
import { decodeNetworkFile, decodeNetworkWeights, type NetworkFile, type NetworkFileOptions } from "../file.ts";

/**
 * Opens any file that holds a network; see `decodeNetworkFile`. Weights that an ONNX model keeps beside it, and all shards of an
 * index, are read too.
 * @throws {EnvironmentError} if it cannot be read
 */
export async function openNetworkFile(
  path: string,
  options: Omit<NetworkFileOptions, "readExternal"> = {},
): Promise<NetworkFile> {
  if (isShardIndex(path)) return decodeNetworkWeights(await readWeightsFile(path), path, options);
  return decodeNetworkFile(await readFileBytes(path), path, { ...options, readExternal: readExternalBeside(path) });
}
