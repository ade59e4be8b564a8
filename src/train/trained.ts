import { stepNames } from "../compile/step.ts";
import type { Runtime, Session, SessionOptions } from "../runtime/runtime.ts";
import { FormatError } from "../tensor/errors.ts";
import { looksLikeSafetensors } from "../weights/safetensors.ts";
import { decodeCheckpoint } from "./checkpoint.ts";
import { loadInference } from "./evaluate.ts";
import { readOnnxCard } from "./export.ts";
import { type NetworkCard, restoreNetwork } from "./network-card.ts";

/** A trained network, ready to predict; the caller releases the session. */
export interface TrainedNetwork {
  readonly card: NetworkCard;
  /** Takes `images [N, channels, H, W]`, gives `scores [N, classes]`. */
  readonly session: Session;
}

/**
 * Loads what a training wrote, an ONNX network or a checkpoint, told apart by their content.
 *
 * @param where the file's name, for errors
 * @throws {FormatError} if it is neither, or damaged
 * @throws {WeightsError} if a checkpoint's tensors are not those of its network
 */
export async function loadTrainedNetwork(
  runtime: Runtime,
  bytes: Uint8Array,
  where: string,
  options: SessionOptions = {},
): Promise<TrainedNetwork> {
  if (looksLikeSafetensors(bytes) || where.endsWith(".safetensors")) {
    const { notes, state: tensors } = decodeCheckpoint(bytes, where);
    const { module, state } = restoreNetwork(notes.network, tensors, where);
    const { imageShape } = notes.network;
    return {
      card: notes.network,
      session: await loadInference({ runtime, module, imageShape, state, session: options }),
    };
  }
  const card = readOnnxCard(bytes, where);
  const session = await runtime.load(bytes, options);
  const isFit = session.inputNames.join() === stepNames.images && session.outputNames.join() === stepNames.scores;
  if (isFit) return { card, session };
  await session.release();
  throw new FormatError(
    where,
    `takes ${session.inputNames.join(", ")} and gives ${session.outputNames.join(", ")}, must take images and give scores`,
  );
}
