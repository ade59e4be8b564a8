import { FormatError, OptionError } from "../tensor/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { decodeModel, type DecodeOptions } from "../onnx/decode.ts";
import { decodeKeras, looksLikeHdf5 } from "./keras-file.ts";
import { looksLikePytorch, openPytorch } from "./pytorch/read.ts";
import { takePrefix, unwrapNames } from "./pytorch/entry.ts";
import { looksLikeZip, openZip } from "./zip/read.ts";
import { decodeSafetensors, looksLikeSafetensors } from "./safetensors/safetensors.ts";

/** Where the weights are in their file, for layouts and messages. */
export interface Origin {
  readonly format: "PyTorch" | "PyTorch before 1.6" | "safetensors" | "Keras HDF5" | "Keras 3" | "ONNX";
  /** The dictionary entries that lead to the weights, such as "state_dict". */
  readonly entry: readonly string[];
  /** The prefix that was removed from every name, such as "module.". */
  readonly prefix: string;
  /** Texts stored beside the weights, such as 3D-ResNets-PyTorch's "arch". */
  readonly notes: Readonly<Record<string, string>>;
  /** Every entry of the file that holds weights, where it has several. */
  readonly entries?: readonly string[];
}

/** Weights with everything that their file says about them. */
export interface WeightsFile {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly origin: Origin;
}

/** Options of reading a weights file. */
export interface WeightsFileOptions extends DecodeOptions {
  /** The dictionary entry to take, such as "state_dict_ema"; by default the plain weights. */
  readonly entry?: string;
  /** What stands before the names to take, such as "module.encoder_q."; other names are left out. */
  readonly prefix?: string;
}

/**
 * Reads weights by the content of the file, whatever its name: safetensors, a PyTorch checkpoint, Keras's HDF5 or an
 * ONNX model's initialisers. Prefixes of DataParallel and torch.compile are removed from names; Keras's leaves and axes
 * are converted to PyTorch's.
 *
 * @param where the file's name, for errors; a file without a signature is recognised by the ending of its name
 * @throws {FormatError} if it is none of these, damaged or hostile
 * @throws {UnsupportedError} if its kind of weights is not supported
 */
export async function openWeights(
  bytes: Uint8Array,
  where: string,
  options: WeightsFileOptions = {},
): Promise<WeightsFile> {
  if (looksLikeHdf5(bytes)) return withOrigin("Keras HDF5", await decodeKeras(bytes, where), where, options);
  const keras = openKerasArchive(bytes, where);
  if (keras !== undefined)
    return withOrigin("Keras 3", await decodeKeras(keras.weights, where, keras.config), where, options);
  if (looksLikePytorch(bytes)) return openPytorchWeights(bytes, where, options);
  if (looksLikeSafetensors(bytes)) return openSafetensors(bytes, where, options);
  const extension = /\.[^./\\]*$/.exec(where)?.[0].toLowerCase() ?? "";
  if (extension === ".onnx") return openOnnxWeights(bytes, where, options);
  if (extension === ".safetensors") return openSafetensors(bytes, where, options);
  if (pytorchExtensions.has(extension)) return openPytorchWeights(bytes, where, options);
  if (hdf5Extensions.has(extension))
    throw new FormatError(where, "is not an HDF5 file; it is damaged or something else");
  throw new FormatError(
    where,
    "holds no known kind of weights; must be PyTorch (.pth, .pt), safetensors, Keras (.h5, .keras) or ONNX",
  );
}

const pytorchExtensions: ReadonlySet<string> = new Set([".pth", ".pt", ".th", ".bin", ".ckpt", ".pt7", ".tar"]);
const hdf5Extensions: ReadonlySet<string> = new Set([".h5", ".hdf5", ".keras"]);

/** The two entries of a Keras 3 archive; undefined for anything else. */
function openKerasArchive(
  bytes: Uint8Array,
  where: string,
): { readonly weights: Uint8Array; readonly config: string } | undefined {
  if (!looksLikeZip(bytes)) return undefined;
  const { names, read } = openZip(bytes, where);
  if (!names.includes("config.json") || !names.includes("model.weights.h5")) return undefined;
  return { weights: read("model.weights.h5"), config: new TextDecoder().decode(read("config.json")) };
}

function withOrigin(
  format: Origin["format"],
  tensors: ReadonlyMap<string, Tensor>,
  where: string,
  { entry, prefix }: WeightsFileOptions,
): WeightsFile {
  if (entry !== undefined) throw new OptionError("entry", `applies only to PyTorch checkpoints; ${where} is ${format}`);
  const unwrapped =
    prefix === undefined ? unwrapNames(tensors) : { tensors: takePrefix(tensors, prefix, where), prefix };
  return {
    tensors: unwrapped.tensors,
    origin: { format, entry: [], prefix: unwrapped.prefix, notes: {} },
  };
}

function openPytorchWeights(bytes: Uint8Array, where: string, { entry, prefix }: WeightsFileOptions): WeightsFile {
  const { tensors, legacy, ...found } = openPytorch(bytes, where, {
    ...(entry === undefined ? {} : { entry }),
    ...(prefix === undefined ? {} : { prefix }),
  });
  return { tensors, origin: { format: legacy ? "PyTorch before 1.6" : "PyTorch", ...found } };
}

function openSafetensors(bytes: Uint8Array, where: string, options: WeightsFileOptions): WeightsFile {
  const { tensors, metadata } = decodeSafetensors(bytes, where);
  const { tensors: unwrapped, origin } = withOrigin("safetensors", tensors, where, options);
  return { tensors: unwrapped, origin: { ...origin, notes: metadata } };
}

/** The initialisers with a weight's name; constants of the graph have numbers as names. */
function openOnnxWeights(bytes: Uint8Array, where: string, options: WeightsFileOptions): WeightsFile {
  const { graph, metadata } = decodeModel(bytes, where, options);
  const { tensors, origin } = withOrigin("ONNX", graph.initializers, where, options);
  return { tensors, origin: { ...origin, notes: Object.fromEntries(metadata) } };
}
