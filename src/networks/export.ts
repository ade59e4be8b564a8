import { foldBatchNorm } from "../compile/fold-batch-norm.ts";
import { buildInference, toModel } from "../compile/inference.ts";
import { decodeModel } from "../onnx/decode.ts";
import { encodeModelChunks } from "../onnx/encode.ts";
import { inferModel } from "../onnx/infer.ts";
import type { Model } from "../onnx/graph.ts";
import { normalizeModel } from "../onnx/normalize.ts";
import { convertOpset } from "../onnx/opset/convert.ts";
import { opsetRange } from "../onnx/opset/range.ts";
import { FormatError } from "../tensor/errors.ts";
import { int64, isDtype, type Tensor } from "../tensor/tensor.ts";
import { createCardModule, type NetworkCard } from "./card.ts";
import type { NetworkFile } from "./file.ts";
import { type KnownNetwork, networkMetadata, readNetworkMetadata } from "./notes.ts";

/** Options for ONNX export. */
export interface OnnxExportOptions {
  /** Version of ONNX's operators, 11 to 23. Default 18; for a network that comes as ONNX, its own. */
  readonly opset?: number;
  /**
   * Whether to fold batch norms into the preceding convolutions. Default true; a network that comes as ONNX is left
   * unchanged unless this is given, since folding cannot be undone.
   */
  readonly foldBatchNorm?: boolean;
}

/**
 * A network as an ONNX model: any batch, its classes, its preprocessing and everything needed to rebuild it in its
 * metadata.
 *
 * @throws {UnsupportedError} naming an operator that the opset cannot express
 * @throws {OptionError} if the opset is outside 11 to 23
 * @shape images `[N, channels, H, W]` → scores `[N, classes]`
 */
export function exportOnnx(network: NetworkFile, options: OnnxExportOptions = {}): Model {
  if (network.kind === "graph") return convertGraph(network.onnx, options);
  const { module, imageShape } = network;
  const graph = buildInference(module, imageShape, network.state, { foldBatchNorm: options.foldBatchNorm ?? true });
  const model = toModel(graph, networkMetadata(withoutStructure(network)));
  return options.opset === undefined ? model : convertOpset(model, options.opset);
}

function convertGraph(model: Model, { opset, foldBatchNorm: fold }: OnnxExportOptions): Model {
  const own = model.opsets.get("") ?? model.opsets.get("ai.onnx");
  if (fold === false) requireBatchNorms(model);
  if ((opset ?? own) === own && fold !== true) return model;
  const normal = inferModel(normalizeModel(model));
  const folded = fold === true ? { ...normal, graph: foldBatchNorm(normal.graph) } : normal;
  // A file in an older version than can be written is exported in the oldest that can.
  return convertOpset(folded, opset ?? Math.max(own ?? 18, opsetRange.first));
}

/** @throws {FormatError} if the file's batch norms were folded away, which cannot be undone */
function requireBatchNorms({ graph }: Model): void {
  if (graph.nodes.some(({ op }) => op === "BatchNormalization")) return;
  throw new FormatError(
    graph.name || "model",
    "has no batch norms to keep: they were folded when it was written; export from the checkpoint instead",
  );
}

/** PyTorch counts the batches that each batch norm has seen; nothing depends on it, but a strict load requires it. */
function withBatchCounters(state: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor> {
  const complete = new Map<string, Tensor>();
  for (const [name, value] of state) {
    complete.set(name, value);
    const counter = name.replace(/(^|\.)running_var$/, "$1num_batches_tracked");
    if (counter !== name && !state.has(counter)) complete.set(counter, int64([], [0]));
  }
  return complete;
}

/**
 * A network's state dict as PyTorch's `load_state_dict(strict=True)` takes it, under torchvision's names: parameters, running
 * statistics, and batch counters at 0. The elements are the network's own memory: exact.
 *
 * @throws {FormatError} if the network is a graph that names no weights, or whose batch norms were folded
 */
export function exportStateDict(network: NetworkFile, where: string): ReadonlyMap<string, Tensor> {
  if (network.kind === "network") return withBatchCounters(network.state);
  if (network.folded) {
    throw new FormatError(
      where,
      "holds no state dict: its batch norms were folded into the convolutions; export from the checkpoint instead",
    );
  }
  const weights = [...network.onnx.graph.initializers].filter(([, value]) => isFloat(value));
  if (weights.length === 0) throw new FormatError(where, "holds no weights");
  return withBatchCounters(new Map(weights));
}

const isFloat = (value: Tensor): boolean =>
  isDtype(value, "float32") || isDtype(value, "float16") || isDtype(value, "bfloat16") || isDtype(value, "float64");

/** The metadata of a safetensors file: what the network is, and the mark that programs built on PyTorch look for. */
export function safetensorsMetadata(network: NetworkFile): Readonly<Record<string, string>> {
  const about = network.kind === "network" ? networkMetadata(network) : new Map<string, string>();
  return { format: "pt", ...Object.fromEntries(about) };
}

/**
 * A trained network as an ONNX file: any batch, batch norms folded, and everything needed to use it in its metadata.
 * @param state parameters and running statistics by state-dict name
 */
export function exportOnnxChunks(card: NetworkCard, state: ReadonlyMap<string, Tensor>): readonly Uint8Array[] {
  const graph = buildInference(createCardModule(card), card.imageShape, state);
  return encodeModelChunks(toModel(graph, networkMetadata(withoutStructure({ ...card, card }))));
}

/** An ONNX file is a network's structure itself. */
function withoutStructure<T extends KnownNetwork>(network: T): T {
  const { graph: _, ...model } = network.model;
  return { ...network, model, ...(network.card === undefined ? {} : { card: { ...network.card, model } }) };
}

/** The card of a decoded ONNX file, if it carries one. @throws {FormatError} if it is damaged */
export function findOnnxCard({ metadata }: Model, where: string): NetworkCard | undefined {
  return readNetworkMetadata(metadata, where)?.card;
}

/**
 * Reads the card of a model that {@link exportOnnx} made.
 * @throws {FormatError} if the file is damaged or carries no card
 */
export function requireOnnxCard(model: Model, where: string): NetworkCard {
  const card = findOnnxCard(model, where);
  if (card !== undefined) return card;
  throw new FormatError(where, "carries no description of its network; give a model that residua train wrote");
}

/**
 * Reads the card of an ONNX file that {@link exportOnnxChunks} made.
 * @throws {FormatError} if the file is damaged or carries no card
 */
export function readOnnxCard(bytes: Uint8Array, where: string): NetworkCard {
  return requireOnnxCard(decodeModel(bytes, where), where);
}
