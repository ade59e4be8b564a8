import { decodeModel, type ReadExternal } from "../onnx/decode.ts";
import type { Model } from "../onnx/graph.ts";
import type { ModelOptions } from "../nn/model-options.ts";
import { createModel, type NamedModel } from "../nn/models.ts";
import type { ShortcutType } from "../nn/shortcuts/type.ts";
import { FormatError, OptionError, WeightsError } from "../tensor/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { adaptWeights } from "../weights/recognise/adapt.ts";
import { looksLikeHdf5 } from "../weights/keras-file.ts";
import { looksLikePytorch } from "../weights/pytorch/read.ts";
import { requireOutputs } from "./foreign.ts";
import { decodeSafetensors, looksLikeSafetensors } from "../weights/safetensors/safetensors.ts";
import { requireStateDict } from "../weights/state-dict.ts";
import { openWeights, type WeightsFile } from "../weights/weights-file.ts";
import { isCheckpoint, readCheckpointNetwork } from "./checkpoint-file.ts";
import { reportWeights } from "./inspect.ts";
import { namedModel } from "./load-weights.ts";
import { type CardModel, createKnownModel, type NetworkCard, stateShapes } from "./card.ts";
import { type KnownNetwork, type NetworkNotes, readNetworkMetadata } from "./notes.ts";

/** A network that Residua can build, with its weights. */
export interface WeightedNetwork extends NetworkNotes {
  readonly kind: "network";
  readonly module: NamedModel["module"];
  /** Parameters and running statistics by state-dict name. */
  readonly state: ReadonlyMap<string, Tensor<"float32">>;
  readonly card?: NetworkCard;
}

/** A network known only by its graph. */
export interface GraphNetwork {
  readonly kind: "graph";
  readonly onnx: Model;
  readonly card?: NetworkCard;
  /** Whether Residua wrote it with folded batch norms. */
  readonly folded: boolean;
}

/** A network from a file. */
export type NetworkFile = WeightedNetwork | GraphNetwork;

/** Hints for reading a file. */
export interface NetworkFileOptions {
  /** The network that the weights belong to, if the file does not say. */
  readonly model?: { readonly name: string; readonly options?: ModelOptions };
  /** The shortcut type of the network, if its weights leave it open. */
  readonly shortcut?: ShortcutType;
  /** Reads weights that an ONNX model keeps beside it. */
  readonly readExternal?: ReadExternal;
}

const otherWeights = /\.(pth|pt|th|bin|ckpt|pt7|tar|h5|hdf5|keras)$/i;

/**
 * Reads a network from any file that holds one, told apart by content: a checkpoint or an ONNX model of Residua's own, ONNX from
 * anywhere, or weights (PyTorch, safetensors, Keras) whose network follows from their names or is named by `options.model`.
 *
 * @param where the file's name, for errors
 * @throws {FormatError} if it is damaged
 * @throws {WeightsError} if the weights are of no known network or leave the shortcut type open, or do not fit `options.model`,
 *   naming the keys
 * @throws {OptionError} if the options say another network than the file does itself
 */
export async function decodeNetworkFile(
  bytes: Uint8Array,
  where: string,
  options: NetworkFileOptions = {},
): Promise<NetworkFile> {
  if (looksLikeSafetensors(bytes) || where.endsWith(".safetensors")) {
    const { metadata } = decodeSafetensors(bytes, where);
    if (isCheckpoint(metadata)) return restoreCheckpoint(bytes, where, options);
    return decodeNetworkWeights(await openWeights(bytes, where), where, options);
  }
  if (looksLikePytorch(bytes) || looksLikeHdf5(bytes) || otherWeights.test(where)) {
    return decodeNetworkWeights(await openWeights(bytes, where), where, options);
  }
  if (options.model !== undefined) {
    throw new FormatError(where, "is ONNX, which defines its own network; leave `model` out");
  }
  const { readExternal } = options;
  const onnx = decodeModel(bytes, where, readExternal === undefined ? {} : { readExternal });
  const found = describeOnnx(onnx, where);
  requireSameNetwork(options, found.kind === "network" ? found.model : found.card?.model, where);
  return found;
}

/** @throws {OptionError} naming the first that the options say and the file, which says its network itself, does not */
function requireSameNetwork({ model, shortcut }: NetworkFileOptions, own: CardModel | undefined, where: string): void {
  const said = Object.entries({ model: model?.name, shortcut, ...model?.options });
  const given = said.filter(([, value]) => value !== undefined);
  if (given.length === 0) return;
  if (own === undefined || own.graph !== undefined)
    throw new OptionError(given[0][0], `applies only to weights of other systems; ${where} defines its own network`);
  // The file may be older than an option that has its default there.
  const built = createModel(own.name, own.options).options;
  const whole: Readonly<Record<string, string | number | boolean | undefined>> = { model: own.name, ...built };
  const other = given.find(([name, value]) => value !== whole[name]);
  if (other === undefined) return;
  const [name, value] = other;
  throw new OptionError(name, `is ${String(value)}, but ${where} says ${String(whole[name] ?? "none")}`);
}

function restoreCheckpoint(bytes: Uint8Array, where: string, options: NetworkFileOptions): WeightedNetwork {
  const { card, module, state } = readCheckpointNetwork(bytes, where);
  requireSameNetwork(options, card.model, where);
  return { kind: "network", model: card.model, imageShape: card.imageShape, card, module, state };
}

/**
 * Classifies a decoded ONNX model: a named network with its weights, or a graph.
 * @throws {FormatError} if its notes are damaged
 */
export function describeOnnx(onnx: Model, where: string): NetworkFile {
  requireOutputs(onnx, where);
  const known = readNetworkMetadata(onnx.metadata, where);
  if (known === undefined) return { kind: "graph", onnx, folded: false };
  const isNamed = known.model.options.shortcut !== undefined;
  if (isNamed && keepsState(onnx, known, where)) return restoreKnown(known, onnx.graph.initializers, where);
  return { kind: "graph", onnx, folded: isNamed, ...(known.card === undefined ? {} : { card: known.card }) };
}

/**
 * Whether the initializers are the state dict: batch norms were kept. Folding leaves those of pre-activation, which have no
 * convolution before them, and takes the others.
 */
function keepsState({ graph }: Model, known: KnownNetwork, where: string): boolean {
  if (!graph.nodes.some(({ op }) => op === "BatchNormalization")) return false;
  const { module } = createKnownModel(known, graph.initializers.size, where);
  return [...stateShapes(module).keys()].every((name) => graph.initializers.has(name));
}

function restoreKnown(known: KnownNetwork, tensors: ReadonlyMap<string, Tensor>, where: string): WeightedNetwork {
  const { model, imageShape, card } = known;
  const { module } = createKnownModel(known, tensors.size, where);
  const wanted = stateShapes(module);
  // A graph also holds constants.
  const found = new Map([...tensors].filter(([name]) => wanted.has(name)));
  const state = requireStateDict(where, wanted, found);
  return { kind: "network", model, imageShape, module, state, ...(card === undefined ? {} : { card }) };
}

/**
 * A network from weights: as the file's own notes say, else `options.model`, else as names and shapes tell.
 * @throws as {@link decodeNetworkFile} does
 */
export function decodeNetworkWeights(
  file: WeightsFile,
  where: string,
  options: NetworkFileOptions = {},
): WeightedNetwork {
  const { model, shortcut } = options;
  const notes = new Map(Object.entries(file.origin.notes));
  const known = model === undefined ? readNetworkMetadata(notes, where) : undefined;
  if (known !== undefined) {
    requireSameNetwork(options, known.model, where);
    return restoreKnown(known, file.tensors, where);
  }
  const found = model ?? inferNetwork(file, where, shortcut);
  const { model: named } = namedModel(file, where, found);
  const { state } = adaptWeights(where, { module: named.module, file });
  const { name, options: full, module, imageShape } = named;
  return { kind: "network", model: { name, options: full }, imageShape, module, state };
}

/** @throws {WeightsError} unless one network that Residua has, with one shortcut type, fits */
function inferNetwork(
  file: WeightsFile,
  where: string,
  shortcut: ShortcutType | undefined,
): { readonly name: string; readonly options: ModelOptions } {
  const report = reportWeights(file, where, shortcut === undefined ? {} : { shortcut });
  if (report.model !== null && report.sure) return report.model;
  const reason =
    report.model === null
      ? "which Residua has no network for"
      : report.candidates.length > 1
        ? "which leaves the shortcut type open; say it with `shortcut`"
        : "but not all of its names fit; residua inspect lists them";
  throw new WeightsError(where, `holds ${report.summary}, ${reason}`);
}
