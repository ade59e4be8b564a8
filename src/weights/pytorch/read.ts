import { FormatError, UnsupportedError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { quote } from "../../tensor/printable.ts";
import { findStateDict, takePrefix, unwrapNames } from "./entry.ts";
import { looksLikeLegacyCheckpoint, openLegacyCheckpoint } from "./legacy.ts";
import { type PickledStorage, unpickle } from "./pickle.ts";
import { createPickleReader } from "./pickle-reader.ts";
import { createTensorLoader } from "./tensor.ts";
import { looksLikeZip, openZip } from "../zip/read.ts";

/** A checkpoint whose pickle has been read, and whose storages can be. */
interface Checkpoint {
  readonly value: unknown;
  readonly load: (storage: PickledStorage) => Uint8Array;
}

/** Limit on names, shapes and everything else in a checkpoint besides its elements. */
const longestPickle = 2 ** 26;

/** Whether the bytes begin like a PyTorch checkpoint. */
export function looksLikePytorch(bytes: Uint8Array): boolean {
  return looksLikeZip(bytes) || looksLikeLegacyCheckpoint(bytes);
}

/**
 * Reads the state dict of a PyTorch checkpoint (`.pth`, `.pt`, `.th`, `.bin`), in the file's order: one saved directly,
 * or under a usual name such as "state_dict" or "model", without the "module." with which DataParallel prefixes every
 * name. Tensors are views into `bytes` if their elements are aligned and in order; tensors that share a storage share
 * memory.
 *
 * No code from the file is run: its pickle may name only what weights consist of.
 *
 * @param where the file's name, for errors
 * @throws {FormatError} if the file is damaged, truncated, hostile, or holds no state dict
 * @throws {UnsupportedError} if it is a TorchScript archive, which holds a program
 */
export function decodePytorch(bytes: Uint8Array, where: string): ReadonlyMap<string, Tensor> {
  return openPytorch(bytes, where).tensors;
}

/** A state dict with its place in the checkpoint. */
export interface PytorchWeights {
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** The dictionary entries that lead to it, outermost first; none if the file is a state dict. */
  readonly entry: readonly string[];
  /** Every entry that is a state dict, as a path such as "model → ema"; none if the file is one. */
  readonly entries: readonly string[];
  /** The prefix that was removed from every name. */
  readonly prefix: string;
  /** Short texts beside it in the checkpoint. */
  readonly notes: Readonly<Record<string, string>>;
  /** Whether the file has the format from before PyTorch 1.6. */
  readonly legacy: boolean;
}

/**
 * Like {@link decodePytorch}, with the place of the weights.
 *
 * @param options `entry` names the dictionary entry to take, such as "state_dict_ema"
 */
export function openPytorch(
  bytes: Uint8Array,
  where: string,
  options: { readonly entry?: string; readonly prefix?: string } = {},
): PytorchWeights {
  const { value, load } = openCheckpoint(bytes, where);
  const { tensors: found, entry, notes, entries } = findStateDict(value, where, options.entry);
  const { tensors: described, prefix } =
    options.prefix === undefined
      ? unwrapNames(found)
      : { tensors: takePrefix(found, options.prefix, where), prefix: options.prefix };
  const loadTensor = createTensorLoader(where, bytes.length, load);
  const tensors = new Map([...described].map(([name, tensor]) => [name, loadTensor(name, tensor)]));
  return { tensors, entry, entries, prefix, notes, legacy: !looksLikeZip(bytes) };
}

function openCheckpoint(bytes: Uint8Array, where: string): Checkpoint {
  if (looksLikeZip(bytes)) return openZipCheckpoint(bytes, where);
  if (looksLikeLegacyCheckpoint(bytes)) return openLegacyCheckpoint(bytes, where);
  const start = Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  throw new FormatError(
    where,
    `is not a PyTorch checkpoint: it begins with ${start || "nothing"}, must begin with a zip entry or PyTorch's magic number`,
  );
}

/** Since 1.6: a zip file of one folder with the pickle, and a stored entry a storage. */
function openZipCheckpoint(bytes: Uint8Array, where: string): Checkpoint {
  const archive = openZip(bytes, where);
  const pickle = archive.names.find((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickle === undefined)
    throw new FormatError(where, "is a zip file without data.pkl; it is not a PyTorch checkpoint");
  const folder = pickle.slice(0, -"data.pkl".length);
  if (archive.names.includes(`${folder}constants.pkl`)) {
    throw new UnsupportedError(where, "is a TorchScript archive, which holds a program; save its state_dict() instead");
  }
  const order = `${folder}byteorder`;
  const bigEndian = archive.names.includes(order) && new TextDecoder().decode(archive.read(order)) !== "little";
  if (bigEndian) {
    throw new FormatError(where, "was written on a big-endian machine; load it in PyTorch there and save it again");
  }
  const source = archive.read(pickle);
  if (source.length > longestPickle) {
    throw new FormatError(where, `entry ${quote(pickle)} takes ${source.length} bytes; the limit is ${longestPickle}`);
  }
  const value = unpickle(createPickleReader(source, where), where);
  return { value, load: ({ key }) => archive.read(`${folder}data/${key}`) };
}
