import type { Tensor } from "../../tensor/tensor.ts";
import { decodeWeights } from "../decode.ts";
import { decodeNpy, encodeNpy } from "../npy.ts";
import { encodePytorchChunks } from "../pytorch-write.ts";
import { encodeSafetensorsChunks } from "../safetensors.ts";
import { readFileBytes, writeFileAtomically } from "./files.ts";

/**
 * Reads weights from a safetensors file or a PyTorch checkpoint, told apart by their content.
 *
 * @throws {EnvironmentError} if the file cannot be read or is larger than 2 GiB
 * @throws {FormatError} if it is neither, damaged or hostile
 */
export async function readWeights(path: string): Promise<ReadonlyMap<string, Tensor>> {
  return decodeWeights(await readFileBytes(path), path);
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

/** Reads a NumPy array. @throws {EnvironmentError} if it cannot be read; {FormatError} if it is none or damaged */
export async function readNpy(path: string): Promise<Tensor> {
  return decodeNpy(await readFileBytes(path), path);
}

/** Writes a NumPy array, whole or not at all. @throws {EnvironmentError} if that fails */
export async function writeNpy(path: string, value: Tensor): Promise<void> {
  await writeFileAtomically(path, encodeNpy(value));
}
