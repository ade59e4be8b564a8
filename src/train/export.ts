import { buildInference, toModel } from "../compile/inference.ts";
import { decodeModel } from "../onnx/decode.ts";
import { encodeModelChunks } from "../onnx/encode.ts";
import { FormatError } from "../tensor/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { createCardModel, type NetworkCard, parseNetworkCard } from "./network-card.ts";
import { canonicalJson } from "../tensor/canonical-json.ts";

/** The key of an ONNX file's metadata under which the network's card stands. */
const CARD_KEY = "residua";

/**
 * A trained network as an ONNX file: any batch, batch norms folded, and in its metadata all that is needed to use it.
 * @param state parameters and running statistics by state-dict name
 */
export function exportOnnxChunks(card: NetworkCard, state: ReadonlyMap<string, Tensor>): readonly Uint8Array[] {
  const graph = buildInference(createCardModel(card).module, card.imageShape, state);
  return encodeModelChunks(toModel(graph, new Map([[CARD_KEY, canonicalJson(card)]])));
}

/**
 * Reads the card of an ONNX file that {@link exportOnnxChunks} made.
 * @throws {FormatError} if the file is damaged or carries no card
 */
export function readOnnxCard(bytes: Uint8Array, where: string): NetworkCard {
  const entry = decodeModel(bytes, where).metadata.get(CARD_KEY);
  if (entry === undefined)
    throw new FormatError(where, "carries no description of its network; give a model that residua train wrote");
  try {
    return parseNetworkCard(JSON.parse(entry), where);
  } catch (cause) {
    if (cause instanceof FormatError) throw cause;
    throw new FormatError(where, "has a damaged description of its network", { cause });
  }
}
