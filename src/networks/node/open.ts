import { readFileBytes } from "../../files/node.ts";
import type { Device } from "../../runtime/device.ts";
import { OptionError } from "../../tensor/errors.ts";
import { createNodeRuntime } from "../../runtime/node.ts";
import { createGuardedRuntime } from "../../runtime/node/guarded/runtime.ts";
import type { SessionOptions } from "../../runtime/runtime.ts";
import { readExternalBeside, readWeightsFile } from "../../weights/node.ts";
import { isShardIndex } from "../../weights/node/sharded.ts";
import { loadImportedNetwork } from "../import.ts";
import { type KeptNetwork, openNetwork, type OpenNetworkOptions } from "../open.ts";

/** User-supplied facts about a file that Residua did not write. */
export interface OpenOptions extends Omit<OpenNetworkOptions, "session" | "readExternal" | "guarded"> {
  /** Seconds that loading an ONNX model from elsewhere may take, and each run of it. Default 60. */
  readonly timeLimit?: number;
  /** Where it runs; the processor by default. */
  readonly device?: Device;
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
): Promise<KeptNetwork> {
  if (!isShardIndex(path)) return openTrainedBytes({ bytes: await readFileBytes(path), path }, session, options);
  const { entry, prefix, foreign, timeLimit, device, ...request } = options;
  if (timeLimit !== undefined) refuseTimeLimit(path);
  const file = await readWeightsFile(path, {
    ...(entry === undefined ? {} : { entry }),
    ...(prefix === undefined ? {} : { prefix }),
  });
  return loadImportedNetwork(createNodeRuntime(device), { file, where: path }, { ...request, ...foreign, session });
}

/** @throws {OptionError} since nothing is timed: the network's operators are known, and so is what they cost */
function refuseTimeLimit(where: string): never {
  throw new OptionError("timeLimit", `has no effect on ${where}; leave it out: it is for ONNX files of other systems`);
}

/** Like {@link openTrainedNetwork}, from bytes. */
export async function openTrainedBytes(
  { bytes, path }: { readonly bytes: Uint8Array; readonly path: string },
  session: SessionOptions = {},
  { timeLimit, device, ...options }: OpenOptions = {},
): Promise<KeptNetwork> {
  const runtime = createNodeRuntime(device);
  const guard = createGuardedRuntime(runtime, timeLimit === undefined ? {} : { timeLimit });
  let isGuarded = false;
  const network = await openNetwork(runtime, bytes, path, {
    ...options,
    session,
    readExternal: readExternalBeside(path),
    guarded: {
      ...guard,
      load: (...request) => {
        isGuarded = true;
        return guard.load(...request);
      },
    },
  });
  if (timeLimit === undefined || isGuarded) return network;
  await network.session.release();
  return refuseTimeLimit(path);
}
