import { stepNames } from "../compile/step/names.ts";
import { decodeModel, type ReadExternal } from "../onnx/decode.ts";
import { encodeModel } from "../onnx/encode.ts";
import type { Runtime, Session, SessionOptions } from "../runtime/runtime.ts";
import { FormatError } from "../tensor/errors.ts";
import { looksLikeSafetensors } from "../weights/safetensors/safetensors.ts";
import { loadInference } from "./inference.ts";
import { requireOnnxCard } from "./export.ts";
import type { NetworkCard } from "./card.ts";
import { decodeNetworkFile } from "./file.ts";

/** A trained network, ready to predict; the caller releases the session. */
export interface TrainedNetwork {
  readonly card: NetworkCard;
  /** Takes `images [N, channels, H, W]`, gives `scores [N, classes]`. */
  readonly session: Session;
}

/** How a trained network is loaded. */
export interface LoadTrainedOptions extends SessionOptions {
  /** Reads weights that an ONNX model keeps in files beside it. */
  readonly readExternal?: ReadExternal;
}

/**
 * Loads what a training or an export wrote, an ONNX network, a checkpoint or its weights, told apart by their content.
 *
 * @param where the file's name, for errors
 * @throws {FormatError} if it is none of these, or damaged
 * @throws {WeightsError} if a checkpoint's tensors are not those of its network
 */
export async function loadTrainedNetwork(
  runtime: Runtime,
  bytes: Uint8Array,
  where: string,
  { readExternal, ...options }: LoadTrainedOptions = {},
): Promise<TrainedNetwork> {
  if (looksLikeSafetensors(bytes) || where.endsWith(".safetensors")) {
    const network = await decodeNetworkFile(bytes, where);
    if (network.kind !== "network" || network.card === undefined) {
      throw new FormatError(
        where,
        "says nothing of the data that it was trained on; give a file that residua train wrote",
      );
    }
    const { card, module, state, imageShape } = network;
    return { card, session: await loadInference({ runtime, module, imageShape, state, session: options }) };
  }
  let isSplit = false;
  const onnx = decodeModel(bytes, where, {
    ...(readExternal && {
      readExternal: (...range) => {
        isSplit = true;
        return readExternal(...range);
      },
    }),
  });
  const card = requireOnnxCard(onnx, where);
  const session = await runtime.load(isSplit ? encodeModel(onnx) : bytes, options);
  const isFit = session.inputNames.join() === stepNames.images && session.outputNames.join() === stepNames.scores;
  if (isFit) return { card, session };
  await session.release();
  throw new FormatError(
    where,
    `takes ${session.inputNames.join(", ")} and gives ${session.outputNames.join(", ")}, must take images and give scores`,
  );
}
