import { FormatError } from "../tensor/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { decodePytorch, looksLikePytorch } from "./pytorch.ts";
import { stripWrappers } from "./pytorch-entry.ts";
import { decodeSafetensors, looksLikeSafetensors } from "./safetensors.ts";

/**
 * Reads weights by what the file holds, whatever its name: safetensors or a PyTorch checkpoint. Names come without what
 * DataParallel and torch.compile put before them.
 *
 * @param where the file's name, for errors
 * @throws {FormatError} if it is neither, or is damaged
 */
export function decodeWeights(bytes: Uint8Array, where: string): ReadonlyMap<string, Tensor> {
  if (looksLikePytorch(bytes)) return decodePytorch(bytes, where);
  if (looksLikeSafetensors(bytes)) return stripWrappers(decodeSafetensors(bytes, where).tensors);
  const extension = /\.[^./\\]*$/.exec(where)?.[0].toLowerCase();
  if (extension === ".safetensors") return decodeSafetensors(bytes, where).tensors;
  if (extension !== undefined && pytorchExtensions.has(extension)) return decodePytorch(bytes, where);
  throw new FormatError(where, "holds neither safetensors nor a PyTorch checkpoint; give a .safetensors or .pth file");
}

const pytorchExtensions: ReadonlySet<string> = new Set([".pth", ".pt", ".th", ".bin", ".ckpt"]);
