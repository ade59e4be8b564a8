import { FormatError } from "../tensor/errors.ts";
import { formatShape } from "../tensor/shape.ts";
import { bytesOf, type Tensor } from "../tensor/tensor.ts";
import { decodeSafetensors, encodeSafetensorsChunks } from "../weights/safetensors/safetensors.ts";
import { crc32 } from "../weights/zip/crc32.ts";
import { type NetworkCard, parseNetworkCard, restoreNetwork, type RestoredNetwork } from "./card.ts";

const FORMAT = "residua-checkpoint";
/**
 * Increment when an older release would misread a file. Version 1 had measures without their names, which train/ gives
 * them.
 */
const VERSION = "2";
const READ_VERSIONS: readonly (string | undefined)[] = ["1", VERSION];

/** A checkpoint's tensors, with its notes not yet validated. */
export interface CheckpointFile {
  /** Plain data; `train/checkpoint.ts` holds the schema. */
  readonly notes: unknown;
  /** Parameters and running statistics under their state-dict names, the optimizer's state as `STATE/PARAMETER`. */
  readonly state: ReadonlyMap<string, Tensor>;
}

/** Whether a safetensors file's metadata say that it is a checkpoint. */
export function isCheckpoint(metadata: Readonly<Record<string, string>>): boolean {
  return metadata["format"] === FORMAT;
}

/** A checkpoint as the pieces of one safetensors file. @param notes its notes as canonical JSON */
export function writeCheckpointFile(notes: string, state: ReadonlyMap<string, Tensor>): readonly Uint8Array[] {
  const checksum = checksumOf(notes, state);
  return encodeSafetensorsChunks(state, { format: FORMAT, version: VERSION, checksum, residua: notes });
}

/**
 * Reads a checkpoint's tensors and notes, and verifies its checksum.
 *
 * @param where the file's name, for errors
 * @throws {FormatError} if it is not a checkpoint, is damaged or of another version
 */
export function readCheckpointFile(bytes: Uint8Array, where: string): CheckpointFile {
  const { tensors, metadata } = decodeSafetensors(bytes, where);
  if (!isCheckpoint(metadata))
    throw new FormatError(where, "is not a training checkpoint; its weights alone cannot be resumed");
  if (!READ_VERSIONS.includes(metadata["version"])) {
    const found = JSON.stringify(metadata["version"] ?? "none").slice(0, 40);
    throw new FormatError(
      where,
      `is a checkpoint of version ${found}, must be "1" or "${VERSION}"; use the Residua that made it`,
    );
  }
  const text = metadata["residua"] ?? "";
  if (metadata["checksum"] !== checksumOf(text, tensors))
    throw new FormatError(where, "is damaged: its checksum is another one; take an older checkpoint");
  return { notes: parseJson(text, where), state: tensors };
}

/** The network of a checkpoint, with its moving averages, if any, in place of the weights. */
export interface CheckpointNetwork extends RestoredNetwork {
  readonly card: NetworkCard;
}

/**
 * Reads the network of a checkpoint and nothing about its training.
 *
 * @throws {FormatError} as {@link readCheckpointFile}, or if the network is not known
 * @throws {WeightsError} if the tensors are not those of the network
 */
export function readCheckpointNetwork(bytes: Uint8Array, where: string): CheckpointNetwork {
  const { notes, state } = readCheckpointFile(bytes, where);
  const card = parseNetworkCard((notes as { readonly network?: unknown } | null)?.network, where);
  return { card, ...restoreNetwork(card, state, where) };
}

/** CRC-32 over the notes and every tensor by name: safetensors itself would not notice a flipped bit. */
function checksumOf(notes: string, state: ReadonlyMap<string, Tensor>): string {
  const lines = [...state].map(([name, value]) => {
    return `${name} ${value.dtype} ${formatShape(value.shape)} ${crc32(bytesOf(value))}`;
  });
  return crc32(new TextEncoder().encode([notes, ...lines.toSorted()].join("\n"))).toString(16);
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FormatError(where, "is damaged: its notes are not JSON", { cause });
  }
}
