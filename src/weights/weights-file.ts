import { FormatError } from "../tensor/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { decodeModel, type DecodeOptions } from "../onnx/decode.ts";
import { decodeKeras, looksLikeHdf5 } from "./keras-file.ts";
import { looksLikePytorch, openPytorch } from "./pytorch/read.ts";
import { unwrapNames } from "./pytorch/entry.ts";
import { decodeSafetensors, looksLikeSafetensors } from "./safetensors/safetensors.ts";

/** Where weights lay in their file: layouts and messages go by it. */
export interface Origin {
  readonly format: "PyTorch" | "PyTorch before 1.6" | "safetensors" | "Keras HDF5" | "ONNX";
  /** The dictionary entries that led to the weights, such as "state_dict". */
  readonly entry: readonly string[];
  /** What stood before every name and was taken off, such as "module.". */
  readonly prefix: string;
  /** Texts that stand beside the weights, such as 3D-ResNets-PyTorch's "arch". */
  readonly notes: Readonly<Record<string, string>>;
}

/** Weights with all that their file says of them. */
export interface WeightsFile {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly origin: Origin;
}

/** How a weights file is read. */
export interface WeightsFileOptions extends DecodeOptions {
  /** The dictionary entry to take, such as "state_dict_ema"; by default the plain weights. */
  readonly entry?: string;
}

/**
 * Reads weights by what the file holds, whatever its name: safetensors, a PyTorch checkpoint, Keras's HDF5 or an ONNX
 * model's initialisers. Names come without what DataParallel and torch.compile put before them; Keras's leaves and axes are
 * turned into PyTorch's.
 *
 * @param where the file's name, for errors; a file without a mark of its kind is known by the name's end
 * @throws {FormatError} if it is none of these, damaged or hostile
 * @throws {UnsupportedError} if its kind of weights is not read
 */
export async function openWeights(
  bytes: Uint8Array,
  where: string,
  options: WeightsFileOptions = {},
): Promise<WeightsFile> {
  if (looksLikeHdf5(bytes)) return withOrigin("Keras HDF5", await decodeKeras(bytes, where));
  if (looksLikePytorch(bytes)) return openPytorchWeights(bytes, where, options);
  if (looksLikeSafetensors(bytes)) return openSafetensors(bytes, where);
  const extension = /\.[^./\\]*$/.exec(where)?.[0].toLowerCase() ?? "";
  if (extension === ".onnx") return openOnnxWeights(bytes, where, options);
  if (extension === ".safetensors") return openSafetensors(bytes, where);
  if (pytorchExtensions.has(extension)) return openPytorchWeights(bytes, where, options);
  if (hdf5Extensions.has(extension)) throw new FormatError(where, "is no HDF5 file; it is damaged or something else");
  throw new FormatError(
    where,
    "holds no weights that are known; must be PyTorch (.pth, .pt), safetensors, Keras (.h5) or ONNX",
  );
}

const pytorchExtensions: ReadonlySet<string> = new Set([".pth", ".pt", ".th", ".bin", ".ckpt", ".pt7", ".tar"]);
const hdf5Extensions: ReadonlySet<string> = new Set([".h5", ".hdf5", ".keras"]);

function withOrigin(format: Origin["format"], tensors: ReadonlyMap<string, Tensor>): WeightsFile {
  const unwrapped = unwrapNames(tensors);
  return {
    tensors: unwrapped.tensors,
    origin: { format, entry: [], prefix: unwrapped.prefix, notes: {} },
  };
}

function openPytorchWeights(bytes: Uint8Array, where: string, { entry }: WeightsFileOptions): WeightsFile {
  const { tensors, legacy, ...found } = openPytorch(bytes, where, entry === undefined ? {} : { entry });
  return { tensors, origin: { format: legacy ? "PyTorch before 1.6" : "PyTorch", ...found } };
}

function openSafetensors(bytes: Uint8Array, where: string): WeightsFile {
  const { tensors, metadata } = decodeSafetensors(bytes, where);
  const { tensors: unwrapped, origin } = withOrigin("safetensors", tensors);
  return { tensors: unwrapped, origin: { ...origin, notes: metadata } };
}

/** The initialisers that have a weight's name; constants of the graph have numbers for names. */
function openOnnxWeights(bytes: Uint8Array, where: string, options: DecodeOptions): WeightsFile {
  const { graph, metadata } = decodeModel(bytes, where, options);
  const { tensors, origin } = withOrigin("ONNX", graph.initializers);
  return { tensors, origin: { ...origin, notes: Object.fromEntries(metadata) } };
}
