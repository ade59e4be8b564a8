import { stepNames } from "../compile/step/names.ts";
import { decodeModel, type ReadExternal } from "../onnx/decode.ts";
import { encodeModel } from "../onnx/encode.ts";
import type { Runtime, SessionOptions } from "../runtime/runtime.ts";
import { FormatError, OptionError } from "../tensor/errors.ts";
import { looksLikeHdf5 } from "../weights/keras-file.ts";
import { looksLikePytorch } from "../weights/pytorch/read.ts";
import { looksLikeSafetensors } from "../weights/safetensors/safetensors.ts";
import { openWeights } from "../weights/weights-file.ts";
import { loadInference } from "./inference.ts";
import { requireOnnxCard } from "./export.ts";
import { decodeNetworkFile, describeOnnx } from "./file.ts";
import { type ImportOptions, loadImportedNetwork } from "./import.ts";
import { CARD_KEY } from "./notes.ts";
import type { KeptNetwork } from "./trained.ts";

export type { KeptNetwork, TrainedNetwork } from "./trained.ts";

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
): Promise<KeptNetwork> {
  if (looksLikeSafetensors(bytes) || where.endsWith(".safetensors")) {
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
  const card = requireOnnxCard(onnx, where);
  const session = await runtime.load(isSplit ? encodeModel(onnx) : bytes, options);
  const isFit = session.inputNames.join() === stepNames.images && session.outputNames.join() === stepNames.scores;
  if (isFit) return { card, file: describeOnnx(onnx, where), session };
  await session.release();
  throw new FormatError(
    where,
    `takes ${session.inputNames.join(", ")} and gives ${session.outputNames.join(", ")}, must take images and give scores`,
  );
}

/** How a network is opened: what helps to read its file, and how its session runs. */
export interface OpenNetworkOptions extends Omit<ImportOptions, "session"> {
  readonly session?: SessionOptions;
  /** Entry of a PyTorch checkpoint to take, such as "state_dict_ema". */
  readonly entry?: string;
  /** Reads weights that an ONNX model keeps in files beside it. */
  readonly readExternal?: ReadExternal;
}

/** Whether bytes are an ONNX model: they have no signature, unlike all others that are not known by their name. */
function isOnnx(bytes: Uint8Array, where: string): boolean {
  if (looksLikeSafetensors(bytes) || looksLikePytorch(bytes) || looksLikeHdf5(bytes)) return false;
  return /\.onnx$/i.test(where) || !/\.\w+$/.test(where);
}

/** @throws {OptionError} naming what is said of a file that says it itself */
function refuseSaid(
  { name, options, ...said }: Omit<ImportOptions, "onNote"> & { readonly entry?: string },
  where: string,
): void {
  const given = Object.entries({ model: name, ...options, ...said }).find(([, value]) => value !== undefined);
  if (given === undefined) return;
  throw new OptionError(given[0], `goes with weights of other systems; ${where} says itself what its network is`);
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
  { session = {}, entry, readExternal, onNote, ...request }: OpenNetworkOptions = {},
): Promise<KeptNetwork> {
  const external = readExternal === undefined ? {} : { readExternal };
  const own = { ...session, ...external };
  if (isOnnx(bytes, where)) {
    refuseSaid({ ...request, ...(entry === undefined ? {} : { entry }) }, where);
    return loadTrainedNetwork(runtime, bytes, where, own);
  }
  const weights = await openWeights(bytes, where, { ...external, ...(entry === undefined ? {} : { entry }) });
  const isOwn = weights.origin.format === "safetensors" && Object.hasOwn(weights.origin.notes, CARD_KEY);
  if (isOwn) {
    refuseSaid({ ...request, ...(entry === undefined ? {} : { entry }) }, where);
    return loadTrainedNetwork(runtime, bytes, where, own);
  }
  return loadImportedNetwork(
    runtime,
    { file: weights, where },
    { ...request, session, ...(onNote === undefined ? {} : { onNote }) },
  );
}
