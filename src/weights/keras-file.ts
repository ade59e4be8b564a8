import type * as Hdf5 from "h5wasm";
import type { Dataset, Group } from "h5wasm";
import { dtypeArrays } from "../tensor/dtype.ts";
import { FormatError, ResiduaError } from "../tensor/errors.ts";
import { explainMissingPackage } from "../tensor/missing-package.ts";
import { formatShape, type Shape, sizeOf } from "../tensor/shape.ts";
import { float32, tensor, type Tensor } from "../tensor/tensor.ts";
import { quote } from "../tensor/printable.ts";
import { namesByOrder, namesByPlace, readConfiguredLayers, storedName, variableNames } from "./keras3.ts";
import { gatherElements } from "./strided.ts";

/** "\x89HDF\r\n\x1a\n" */
const signature = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a] as const;
/** Depth of a layer within a model within a model. */
const deepest = 8;
const mostEntries = 20_000;
/** Limit on the size of all tensors, beyond a multiple of the file: weights hardly shrink when compressed. */
const allowance = 2 ** 24;
const ratio = 8;

/** Keras's names for a layer's tensors, and PyTorch's. */
const leaves: Readonly<Record<string, string>> = {
  kernel: "weight",
  gamma: "weight",
  beta: "bias",
  moving_mean: "running_mean",
  moving_variance: "running_var",
};

/** Whether the bytes begin like an HDF5 file. */
export function looksLikeHdf5(bytes: Uint8Array): boolean {
  return signature.every((byte, index) => bytes[index] === byte);
}

/**
 * Reads the weights of a Keras file (`model.save` or `save_weights` as .h5, or Keras 3's `.weights.h5`) as
 * `layer.leaf`. Leaves and axes become PyTorch's: `kernel [H, W, in, out]` becomes `weight [out, in, H, W]`.
 *
 * The HDF5 library runs in WebAssembly and sees only these bytes. Sizes are checked before a tensor is read.
 *
 * @throws {FormatError} if the file is damaged, truncated, or claims far more than it holds
 * @throws {EnvironmentError} if h5wasm, which reads such files, is not installed
 * @param config the config.json beside it in a `.keras` file, which names the layers
 */
export async function decodeKeras(
  bytes: Uint8Array,
  where: string,
  config?: string,
): Promise<ReadonlyMap<string, Tensor>> {
  const hdf5 = await loadHdf5();
  const library = await hdf5.ready;
  library.activate_throwing_error_handler();
  const path = `/weights-${opened++}.h5`;
  const { FS: files } = library;
  files.writeFile(path, bytes);
  try {
    const file = new hdf5.File(path, "r");
    try {
      return readLayers(file, where, bytes.length, config);
    } finally {
      file.close();
    }
  } catch (cause) {
    if (cause instanceof ResiduaError) throw cause;
    throw new FormatError(where, "is a damaged HDF5 file, or truncated", { cause });
  } finally {
    files.unlink(path);
  }
}

/** Within `try`, so that a bundler does not fail where the package is not installed. */
async function loadHdf5(): Promise<typeof Hdf5> {
  try {
    return await import("h5wasm");
  } catch (error) {
    throw explainMissingPackage(error);
  }
}

let opened = 0;

interface Walk {
  readonly where: string;
  readonly found: Map<string, Tensor>;
  entries: number;
  left: number;
}

function readLayers(
  root: Group,
  where: string,
  fileSize: number,
  config: string | undefined,
): ReadonlyMap<string, Tensor> {
  const names = root.keys();
  const walk: Walk = { where, found: new Map(), entries: 0, left: allowance + ratio * fileSize };
  if (names.includes("layers") && !names.includes("model_weights")) {
    readKeras3(walk, root, config);
    if (walk.found.size === 0) throw new FormatError(where, "is a Keras 3 file without weights of layers");
    return walk.found;
  }
  const model = names.includes("model_weights") ? root.get("model_weights") : root;
  if (!isGroup(model)) throw new FormatError(where, "its model_weights is not a group; it is damaged");
  readGroup(walk, model, []);
  if (walk.found.size === 0) throw new FormatError(where, "is an HDF5 file without weights of layers");
  return walk.found;
}

/** Every layer of a Keras 3 file that has variables, by its place, such as "layers/conv2d_1". */
function findVariables(walk: Walk, group: Group, path: string, found: Map<string, Group>): void {
  if (path.split("/").length > 2 * deepest)
    throw new FormatError(walk.where, `nests deeper than ${deepest} models; it is damaged`);
  for (const name of group.keys()) {
    if (++walk.entries > mostEntries) throw new FormatError(walk.where, `has more than ${mostEntries} entries`);
    if (path === "" && name === "optimizer") continue;
    const entry = group.get(name);
    if (!isGroup(entry)) continue;
    if (name === "vars" && entry.keys().length > 0) found.set(path, entry);
    else if (name !== "vars") findVariables(walk, entry, path === "" ? name : `${path}/${name}`, found);
  }
}

/**
 * Keras 3 stores a layer's variables by number under its class; names come from config.json, from the file itself, or from the
 * order of the layers.
 *
 * The layout is that of `_save_state` in keras/src/saving/saving_lib.py, from memory: tried on files of h5wasm alone.
 */
function readKeras3(walk: Walk, root: Group, config: string | undefined): void {
  const layers = new Map<string, Group>();
  findVariables(walk, root, "", layers);
  const told =
    config === undefined ? new Map<string, string>() : namesByPlace(readConfiguredLayers(config, walk.where));
  const ordered = namesByOrder([...layers.keys()]);
  for (const [place, group] of layers) {
    const name = told.get(place) || storedName(group) || ordered.get(place) || place.split("/").at(-1)!;
    const numbered = group.keys().toSorted((a, b) => Number(a) - Number(b));
    const datasets = numbered.map((key) => group.get(key)).filter(isDataset);
    const ranks = datasets.map(({ shape }) => shape?.length ?? 0);
    const leafNames = variableNames(ranks);
    datasets.forEach((dataset, index) => addTensor(walk, dataset, [name, leafNames?.[index] ?? String(index)]));
  }
}

function readGroup(walk: Walk, group: Group, path: readonly string[]): void {
  if (path.length > deepest) throw new FormatError(walk.where, `nests deeper than ${deepest} groups; it is damaged`);
  for (const name of group.keys()) {
    if (++walk.entries > mostEntries) throw new FormatError(walk.where, `has more than ${mostEntries} entries`);
    if (path.length === 0 && name === "optimizer_weights") continue;
    const entry = group.get(name);
    // Links to other files are neither followed nor inspected.
    if (isGroup(entry)) readGroup(walk, entry, [...path, name]);
    else if (isDataset(entry) && path.length > 0) addTensor(walk, entry, [...path, name]);
  }
}

const isGroup = (entry: unknown): entry is Group => hasType(entry, "Group");
const isDataset = (entry: unknown): entry is Dataset => hasType(entry, "Dataset");

/** By its type's name, since the classes exist only once the library is loaded. */
function hasType(entry: unknown, type: string): boolean {
  return typeof entry === "object" && entry !== null && "type" in entry && entry.type === type;
}

function addTensor(walk: Walk, dataset: Dataset, path: readonly string[]): void {
  const [layer, leaf] = path.slice(-2).map((part) => part.replace(/:\d+$/, ""));
  const name = `${layer}.${leaves[leaf] ?? leaf}`;
  const { metadata } = dataset;
  const { shape, size, type } = metadata;
  if (shape === null || type !== floatType) return;
  if (walk.found.has(name)) throw new FormatError(walk.where, `holds ${quote(name)} twice; it is not a single network`);
  const isPlain = (size === 4 || size === 8) && metadata.littleEndian && !metadata.vlen;
  if (!isPlain || (metadata.virtual_sources?.length ?? 0) > 0 || shape.length > 8) {
    throw new FormatError(walk.where, `${quote(name)} must be float32 or float64 in this file, little-endian`);
  }
  // A chunk is unpacked as a whole, however little of it belongs to the tensor.
  walk.left -= Math.max(sizeOf(shape), sizeOf(metadata.chunks ?? [])) * size;
  if (!(walk.left >= 0)) {
    throw new FormatError(
      walk.where,
      `${quote(name)} claims ${formatShape(shape)} or chunks of a size far beyond what the file holds`,
    );
  }
  const data = dataset.value;
  if (!(data instanceof Float32Array || data instanceof Float64Array) || data.length !== sizeOf(shape)) {
    throw new FormatError(walk.where, `${quote(name)} does not hold the ${sizeOf(shape)} numbers of its shape`);
  }
  const read = data instanceof Float32Array ? float32([...shape], data) : tensor("float64", [...shape], data);
  walk.found.set(name, leaf === "kernel" && shape.length > 1 ? turnKernel(read) : read);
}

/** H5T_FLOAT */
const floatType = 1;

/** `[…spatial, in, out]` → `[out, in, …spatial]`, row-major. */
function turnKernel(kernel: Tensor): Tensor {
  const rank = kernel.shape.length;
  const strides = kernel.shape.map((_, axis) => sizeOf(kernel.shape.slice(axis + 1)));
  const order = [rank - 1, rank - 2, ...strides.keys()].slice(0, rank);
  const turned = (values: Shape): Shape => order.map((axis) => values[axis]);
  const data = new dtypeArrays[kernel.dtype](kernel.data.length);
  gatherElements(kernel.data, data, { offset: 0, shape: turned(kernel.shape), strides: turned(strides) });
  return { dtype: kernel.dtype, shape: turned(kernel.shape), data };
}
