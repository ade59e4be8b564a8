import { readFileBytes, writeFileAtomically } from "../../files/node.ts";
import { OptionError } from "../../tensor/errors.ts";
import { takePrefix } from "../pytorch/entry.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { decodeNpy, encodeNpy } from "../npy.ts";
import { encodePytorchChunks } from "../pytorch/write.ts";
import { encodeSafetensorsChunks } from "../safetensors/safetensors.ts";
import { openWeights, type WeightsFile, type WeightsFileOptions } from "../weights-file.ts";
import { readExternalBeside } from "./external.ts";
import { isShardIndex, readShards } from "./sharded.ts";

/**
 * Reads weights with everything that their file says about them. The format is recognised by content: PyTorch,
 * safetensors (or an index of shards), Keras's HDF5, or an ONNX model's initialisers, including those in files beside
 * it.
 *
 * @param options `entry` names the dictionary entry of a PyTorch checkpoint to take, such as "state_dict_ema"
 * @throws {EnvironmentError} if the file cannot be read or is larger than 2 GiB
 * @throws {FormatError} if it is none of these, damaged or hostile
 */
export async function readWeightsFile(
  path: string,
  options: Pick<WeightsFileOptions, "entry" | "prefix"> = {},
): Promise<WeightsFile> {
  if (isShardIndex(path)) return withoutOthers(await readShards(path), path, options);
  return decodeWeightsBytes(await readFileBytes(path), path, options);
}

/** What is said of names holds for shards, too. @throws {OptionError} for an entry, which they do not have */
function withoutOthers(
  file: WeightsFile,
  path: string,
  { entry, prefix }: Pick<WeightsFileOptions, "entry" | "prefix">,
): WeightsFile {
  if (entry !== undefined) throw new OptionError("entry", `applies only to PyTorch checkpoints; ${path} has shards`);
  if (prefix === undefined) return file;
  return { tensors: takePrefix(file.tensors, prefix, path), origin: { ...file.origin, prefix } };
}

/** Like {@link readWeightsFile}, from bytes that have been read from `path`. */
export function decodeWeightsBytes(
  bytes: Uint8Array,
  path: string,
  options: Pick<WeightsFileOptions, "entry" | "prefix"> = {},
): Promise<WeightsFile> {
  return openWeights(bytes, path, { ...options, readExternal: readExternalBeside(path) });
}

/** Like {@link readWeightsFile}, returning the tensors alone. */
export async function readWeights(path: string): Promise<ReadonlyMap<string, Tensor>> {
  return (await readWeightsFile(path)).tensors;
}

/** Writes tensors as safetensors, whole or not at all. @throws {EnvironmentError} if that fails */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  metadata?: Readonly<Record<string, string>>,
): Promise<void> {
  await writeFileAtomically(path, encodeSafetensorsChunks(tensors, metadata));
}

/** Writes tensors as a state dict that `torch.load` reads, whole or not at all. @throws {EnvironmentError} if that fails */
export async function writePytorch(path: string, tensors: ReadonlyMap<string, Tensor>): Promise<void> {
  await writeFileAtomically(path, encodePytorchChunks(tensors));
}

/** Reads a NumPy array. @throws {EnvironmentError} if it cannot be read; {FormatError} if it is not one or damaged */
export async function readNpy(path: string): Promise<Tensor> {
  return decodeNpy(await readFileBytes(path), path);
}

/** Writes a NumPy array, whole or not at all. @throws {EnvironmentError} if that fails */
export async function writeNpy(path: string, value: Tensor): Promise<void> {
  await writeFileAtomically(path, encodeNpy(value));
}
