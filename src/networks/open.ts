import { stepNames } from "../compile/step/names.ts";
import { decodeModel, type ReadExternal } from "../onnx/decode.ts";
import { encodeModel } from "../onnx/encode.ts";
import type { Runtime, Session, SessionOptions } from "../runtime/runtime.ts";
import { describeGraph } from "../onnx/analysis/index.ts";
import type { Model } from "../onnx/graph.ts";
import { EnvironmentError, FormatError, ResiduaError } from "../tensor/errors.ts";
import { looksLikeSafetensors } from "../weights/safetensors/safetensors.ts";
import { loadInference } from "./inference.ts";
import { describableGraph } from "./describe.ts";
import { findOnnxCard } from "./export.ts";
import { type ForeignChoice, loadForeignOnnx, refuseForeignChoice, refuseLoops, requireOutputs } from "./foreign.ts";
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
  /** What is said of an ONNX classifier that does not describe itself. */
  readonly foreign?: ForeignChoice;
  /** Runs graphs of which it is not known that they end soon and in little memory; the same as all others if left out. */
  readonly guarded?: Runtime;
  /** Is told in one line what the file does not say. */
  readonly onNote?: (text: string) => void;
}

/** A graph with these costs for one image runs in this process: its operators are known, and so is what they take. */
const boundedBytes = 2 ** 29;
const boundedMultiplyAdds = 2 ** 38;

/** Whether all shapes are known ahead, and what they take is little. */
function isBounded(onnx: Model): boolean {
  try {
    const { graph } = describableGraph({ kind: "graph", onnx, folded: false });
    const { activations, multiplyAdds } = describeGraph(graph);
    if (activations === undefined || multiplyAdds === undefined) return false;
    return activations.sum <= boundedBytes && multiplyAdds <= boundedMultiplyAdds;
  } catch {
    return false;
  }
}

/** Names the file in what the runtime says of the model. */
function nameFile(where: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof ResiduaError) || (error.where !== "model" && error.where !== "run")) throw error;
    const { detail } = error;
    if (error instanceof EnvironmentError) throw new EnvironmentError(where, detail, { cause: error });
    throw new FormatError(where, detail, { cause: error });
  };
}

/** A session whose runs name the file when they fail. */
function namingFile(session: Session, where: string): Session {
  return { ...session, run: (...request) => session.run(...request).catch(nameFile(where)) };
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
  { readExternal, foreign, guarded = runtime, onNote, ...options }: LoadTrainedOptions = {},
): Promise<TrainedNetwork> {
  if (looksLikeSafetensors(bytes) || where.endsWith(".safetensors")) {
    refuseForeignChoice(foreign, where);
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
  requireOutputs(onnx, where);
  refuseLoops(onnx, where);
  const file = isSplit ? encodeModel(onnx) : bytes;
  const card = findOnnxCard(onnx, where);
  if (card === undefined) {
    const choice = { ...foreign, ...(onNote && { onNote }), ...(options.threads === undefined ? {} : options) };
    const found = await loadForeignOnnx(guarded, { onnx, bytes: file, where }, choice).catch(nameFile(where));
    return { card: found.card, session: namingFile(found.session, where) };
  }
  refuseForeignChoice(foreign, where);
  const chosen = guarded === runtime || isBounded(onnx) ? runtime : guarded;
  const session = namingFile(await chosen.load(file, options).catch(nameFile(where)), where);
  const isFit = session.inputNames.join() === stepNames.images && session.outputNames.join() === stepNames.scores;
  if (isFit) return { card, session };
  await session.release();
  throw new FormatError(
    where,
    `takes ${session.inputNames.join(", ")} and gives ${session.outputNames.join(", ")}, must take images and give scores`,
  );
}
