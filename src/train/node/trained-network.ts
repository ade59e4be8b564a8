import { createNodeRuntime } from "../../runtime/node.ts";
import type { Session, SessionOptions } from "../../runtime/runtime.ts";
import { UnsupportedError } from "../../tensor/errors.ts";
import { readFileBytes } from "../../weights/node.ts";
import { decodeCheckpoint } from "../checkpoint.ts";
import { loadInference } from "../evaluate.ts";
import { readOnnxCard } from "../export.ts";
import { createCardModel, type NetworkCard } from "../network-card.ts";

/** A trained network, ready to predict; the caller releases the session. */
export interface TrainedNetwork {
  readonly card: NetworkCard;
  /** Takes `images [N, channels, H, W]`, gives `scores [N, classes]`. */
  readonly session: Session;
}

/**
 * Opens a file that `residua train` wrote: an ONNX network or a checkpoint.
 * @throws {FormatError} if it is neither, or damaged
 */
export async function openTrainedNetwork(path: string, options: SessionOptions = {}): Promise<TrainedNetwork> {
  const runtime = createNodeRuntime();
  if (path.endsWith(".onnx")) {
    const bytes = await readFileBytes(path);
    return { card: readOnnxCard(bytes, path), session: await runtime.load(bytes, options) };
  }
  if (!path.endsWith(".safetensors")) {
    throw new UnsupportedError(
      path,
      "is no file of a trained network; give the .onnx or .safetensors that residua train wrote",
    );
  }
  const { notes, state } = decodeCheckpoint(await readFileBytes(path), path);
  const { module } = createCardModel(notes.network);
  const session = await loadInference({
    runtime,
    module,
    imageShape: notes.network.imageShape,
    state,
    session: options,
  });
  return { card: notes.network, session };
}
