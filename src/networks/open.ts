import { stepNames } from "../compile/step/names.ts";
import { decodeModel, type ReadExternal } from "../onnx/decode.ts";
import { encodeModel } from "../onnx/encode.ts";
import type { Runtime, Session, SessionOptions } from "../runtime/runtime.ts";
import { describeGraph } from "../onnx/analysis/index.ts";
import type { Model } from "../onnx/graph.ts";
import { EnvironmentError, FormatError, OptionError, ResiduaError } from "../tensor/errors.ts";
import { looksLikeHdf5 } from "../weights/keras-file.ts";
import { looksLikePytorch } from "../weights/pytorch/read.ts";
import { looksLikeSafetensors } from "../weights/safetensors/safetensors.ts";
import { openWeights } from "../weights/weights-file.ts";
import { loadInference } from "./inference.ts";
import { describableGraph } from "./describe.ts";
import { findOnnxCard } from "./export.ts";
import { type ForeignChoice, loadForeignOnnx, refuseForeignChoice, refuseLoops, requireOutputs } from "./foreign.ts";
import { decodeNetworkFile, describeOnnx } from "./file.ts";
import { type ImportOptions, loadImportedNetwork } from "./import.ts";
import { CARD_KEY } from "./notes.ts";
import type { KeptNetwork } from "./trained.ts";

export type { KeptNetwork, TrainedNetwork } from "./trained.ts";

/** Options for loading a trained network. */
export interface LoadTrainedOptions extends SessionOptions {
  /** Reads weights that an ONNX model keeps in files beside it. */
  readonly readExternal?: ReadExternal;
  /** What is said of an ONNX classifier that does not describe itself. */
  readonly foreign?: ForeignChoice;
  /** Runs graphs with unknown time or memory use; by default, the same runtime as for all others. */
  readonly guarded?: Runtime;
  /** Receives one-line notes about facts missing from the file. */
  readonly onNote?: (text: string) => void;
}

/** A graph within these costs per image runs in this process: its operators, and so its costs, are known. */
const boundedBytes = 2 ** 29;
const boundedMultiplyAdds = 2 ** 38;

/** Whether all shapes are known in advance and the cost is small. */
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
): Promise<KeptNetwork> {
  if (looksLikeSafetensors(bytes) || where.endsWith(".safetensors")) {
    refuseForeignChoice(foreign, where);
    const file = await decodeNetworkFile(bytes, where);
    if (file.kind !== "network" || file.card === undefined) {
      throw new FormatError(
        where,
        "says nothing of the data that it was trained on; give a file that residua train wrote",
      );
    }
    const { card, module, state, imageShape } = file;
    return { card, file, session: await loadInference({ runtime, module, imageShape, state, session: options }) };
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
  const whole = isSplit ? encodeModel(onnx) : bytes;
  const card = findOnnxCard(onnx, where);
  if (card === undefined) {
    const choice = { ...foreign, ...(onNote && { onNote }), ...(options.threads === undefined ? {} : options) };
    const found = await loadForeignOnnx(guarded, { onnx, bytes: whole, where }, choice).catch(nameFile(where));
    return { card: found.card, file: describeOnnx(onnx, where), session: namingFile(found.session, where) };
  }
  refuseForeignChoice(foreign, where);
  const chosen = guarded === runtime || isBounded(onnx) ? runtime : guarded;
  const session = namingFile(await chosen.load(whole, options).catch(nameFile(where)), where);
  const isFit = session.inputNames.join() === stepNames.images && session.outputNames.join() === stepNames.scores;
  if (isFit) return { card, file: describeOnnx(onnx, where), session };
  await session.release();
  throw new FormatError(
    where,
    `takes ${session.inputNames.join(", ")} and gives ${session.outputNames.join(", ")}, must take images and give scores`,
  );
}

/** Options for opening a network: hints for its file, and how its session runs. */
export interface OpenNetworkOptions extends Omit<ImportOptions, "session"> {
  readonly session?: SessionOptions;
  /** Entry of a PyTorch checkpoint to take, such as "state_dict_ema". */
  readonly entry?: string;
  /** The prefix of the weights to load, such as "module.encoder_q.". */
  readonly prefix?: string;
  /** Reads weights that an ONNX model keeps in files beside it. */
  readonly readExternal?: ReadExternal;
  /** What is said of an ONNX classifier that does not describe itself. */
  readonly foreign?: ForeignChoice;
  /** Runs graphs with unknown time or memory use. */
  readonly guarded?: Runtime;
}

/** Whether bytes are an ONNX model: they have no signature, unlike all others that are not known by their name. */
function isOnnx(bytes: Uint8Array, where: string): boolean {
  if (looksLikeSafetensors(bytes) || looksLikePytorch(bytes) || looksLikeHdf5(bytes)) return false;
  return /\.onnx$/i.test(where) || !/\.\w+$/.test(where);
}

/** @throws {OptionError} naming an option that the file states itself */
function refuseSaid(
  { name, options, ...said }: Omit<ImportOptions, "onNote"> & { readonly entry?: string; readonly prefix?: string },
  where: string,
): void {
  const given = Object.entries({ model: name, ...options, ...said }).find(([, value]) => value !== undefined);
  if (given === undefined) return;
  throw new OptionError(given[0], `applies only to weights of other systems; ${where} defines its own network`);
}

/**
 * Opens any file that holds a network to predict: what a training or an export wrote, or another system's weights.
 *
 * @param where the file's name, for errors; a file without a signature is recognised by the ending of its name, and is
 *   ONNX if that has none
 * @throws {FormatError} if it is damaged or none of these
 * @throws {WeightsError} if the weights are no network of Residua's, or it is not sure which
 */
export async function openNetwork(
  runtime: Runtime,
  bytes: Uint8Array,
  where: string,
  { session = {}, entry, prefix, readExternal, foreign, guarded, onNote, ...request }: OpenNetworkOptions = {},
): Promise<KeptNetwork> {
  const external = readExternal === undefined ? {} : { readExternal };
  const noted = onNote === undefined ? {} : { onNote };
  const chosen = { ...(entry === undefined ? {} : { entry }), ...(prefix === undefined ? {} : { prefix }) };
  const own = {
    ...session,
    ...external,
    ...noted,
    ...(foreign === undefined ? {} : { foreign }),
    ...(guarded === undefined ? {} : { guarded }),
  };
  if (isOnnx(bytes, where)) {
    refuseSaid({ ...request, ...chosen }, where);
    return loadTrainedNetwork(runtime, bytes, where, own);
  }
  const weights = await openWeights(bytes, where, { ...external, ...chosen });
  const isOwn = weights.origin.format === "safetensors" && Object.hasOwn(weights.origin.notes, CARD_KEY);
  if (isOwn) {
    refuseSaid({ ...request, ...chosen }, where);
    return loadTrainedNetwork(runtime, bytes, where, own);
  }
  return loadImportedNetwork(runtime, { file: weights, where }, { ...request, ...foreign, session, ...noted });
}
