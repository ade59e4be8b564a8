import { readFileBytes } from "../../files/node.ts";
import { basename } from "node:path";
import { importNetwork, type NetworkOutput } from "../../nn/imported/import.ts";
import { initializeState } from "../../nn/initialization.ts";
import { createModel, type NamedModel } from "../../nn/models.ts";
import { headOf, type Module } from "../../nn/module.ts";
import { decodeModel } from "../../onnx/decode.ts";
import { OptionError, UnsupportedError } from "../../tensor/errors.ts";
import { readExternalBeside } from "../../weights/node/external.ts";
import { readWeightsFile } from "../../weights/node.ts";
import { findOnnxCard } from "../../networks/export.ts";
import { bytesNormalization } from "../../networks/pixel-scale.ts";
import { describeLeft, loadWeights } from "../../networks/load-weights.ts";
import {
  type CardModel,
  type ChannelStatistics,
  encodeStructure,
  imageSizeOf,
  type NetworkCard,
} from "../../networks/card.ts";
import type { TrainingState } from "../trainer.ts";
import type { FreshTraining, WeightsStart } from "./job.ts";

/** A network to train, before its data are known. */
export interface NetworkStart {
  /** `[channels, H, W]` to which a folder's images are resized. */
  readonly imageShape: NetworkCard["imageShape"];
  /** The normalisation of the network's previous images, if its file records it. */
  readonly normalization?: ChannelStatistics;
  /** @throws {OptionError} if it cannot be trained on images with that many channels */
  readonly build: (classes: readonly string[], channels: number) => StartedNetwork;
}

/** A network to train, with its initial weights. */
export interface StartedNetwork {
  readonly model: CardModel;
  /** Fresh parameters if left out. */
  readonly state?: TrainingState;
  /** Findings and changes, in sentences for the user. */
  readonly notes: readonly string[];
}

/**
 * Opens the starting point of training: a network by name, its weights, or an ONNX file.
 *
 * @param output what the task needs of a network from an ONNX file
 */
export async function openStart(fresh: FreshTraining, output: NetworkOutput = "scores"): Promise<NetworkStart> {
  const start = await openFirst(fresh, output);
  const [channels, height, width] = start.imageShape;
  return { ...start, imageShape: [channels, fresh.imageSize ?? height, fresh.imageSize ?? width] };
}

function openFirst(fresh: FreshTraining, output: NetworkOutput): NetworkStart | Promise<NetworkStart> {
  const { from, weights } = fresh;
  if (weights !== undefined) return openWeights(fresh, weights);
  if (from === undefined) return openNamed(fresh);
  return from.toLowerCase().endsWith(".onnx") ? openOnnx(fresh, from, output) : openWeights(fresh, { path: from });
}

function openNamed({ model: name, modelOptions }: FreshTraining): NetworkStart {
  if (name === undefined) throw new OptionError("model", "is missing; name a network, or give a file as `from`");
  return {
    imageShape: createModel(name, modelOptions).imageShape as NetworkCard["imageShape"],
    build: (classes, channels) => {
      const { options } = createModel(name, { ...modelOptions, channels, classes: classes.length });
      return { model: { name, options }, notes: [] };
    },
  };
}

function requireImages({ name, imageShape }: Pick<NamedModel, "name" | "imageShape">, where: string): void {
  if (imageShape.length === 3) return;
  throw new UnsupportedError(where, `${name} takes no images, and residua train has no other data`);
}

function requireChannels(from: string, needed: number, channels: number): void {
  if (channels === needed) return;
  throw new OptionError(
    "data",
    `has images of ${channels} channel(s), ${from} takes ${needed}; give a folder of images, which are brought to that`,
  );
}

/** Weights of a named network; if the classes differ, its head is reinitialised. */
async function openWeights(
  { model: name, modelOptions, recipe }: FreshTraining,
  { path: from, entry, prefix, ...how }: WeightsStart,
): Promise<NetworkStart> {
  const file = await readWeightsFile(from, {
    ...(entry === undefined ? {} : { entry }),
    ...(prefix === undefined ? {} : { prefix }),
  });
  const loaded = loadWeights(file, from, {
    ...(name === undefined ? {} : { name }),
    options: modelOptions,
    ...how,
  });
  const { model, state, card } = loaded;
  requireImages(model, from);
  const left = describeLeft(loaded);
  return {
    imageShape: (card?.imageShape ?? model.imageShape) as NetworkCard["imageShape"],
    ...(card === undefined ? {} : { normalization: card.normalization }),
    build: (classes, channels) => {
      requireChannels(from, model.options.channels, channels);
      const fits = keepsHead(classes, model.options.classes, card?.classes);
      const options = { ...model.options, classes: classes.length };
      const { module } = createModel(model.name, options);
      const loadedNote = `weights of ${model.name} from ${from}${left === undefined ? "" : `; ${left}`}`;
      return {
        model: { name: model.name, options },
        state: fits ? state : withFreshHead(state, module, recipe.seed),
        notes: [loadedNote, headNote(fits, model.options.classes, classes.length)],
      };
    },
  };
}

/** Classes differ if their number does, or their names when both are known. */
function keepsHead(classes: readonly string[], count: number, before: readonly string[] | undefined): boolean {
  return classes.length === count && (before === undefined || classes.every((name, index) => name === before[index]));
}

function headNote(isKept: boolean, from: number, to: number): string {
  return isKept
    ? `the classifier of ${from} classes is kept`
    : `the classifier of ${from} classes is replaced by one of ${to}`;
}

function withFreshHead(state: TrainingState, module: Module, seed: number): TrainingState {
  const fresh = initializeState(module, seed);
  return new Map([...state, ...headOf(module).map((name) => [name, fresh.get(name)!] as const)]);
}

async function openOnnx(
  { model, imageSize, recipe }: FreshTraining,
  from: string,
  output: NetworkOutput,
): Promise<NetworkStart> {
  if (model !== undefined)
    throw new OptionError("model", `does not fit \`from\` ${from}: an ONNX file is the network itself`);
  const decoded = decodeModel(await readFileBytes(from), from, { readExternal: readExternalBeside(from) });
  const card = findOnnxCard(decoded, from);
  const importAs = (classes?: number) =>
    importNetwork(decoded, from, {
      output,
      seed: recipe.seed,
      imageSize: imageSize ?? (card === undefined ? undefined : imageSizeOf(card)),
      ...(classes === undefined ? {} : { classes }),
    });
  const own = importAs();
  if (output === "maps" && own.bytes)
    throw new UnsupportedError(
      from,
      "takes pixels from 0 to 255, and every image to segment is scaled by its own intensities; export it with float32 images",
    );
  return {
    imageShape: own.imageShape,
    ...(own.bytes ? { normalization: bytesNormalization(own.imageShape[0]) } : {}),
    ...(card === undefined ? {} : { normalization: card.normalization }),
    build: (classes, channels) => {
      requireChannels(from, own.imageShape[0], channels);
      const fits = keepsHead(classes, own.classes, card?.classes);
      const { graph, state, notes } = fits ? own : importAs(classes.length);
      return {
        model: {
          name: basename(from),
          options: { channels, classes: classes.length },
          graph: encodeStructure(graph),
        },
        state,
        notes: [...notes.map((note) => `${from}: ${note}`), `${from}: ${headNote(fits, own.classes, classes.length)}`],
      };
    },
  };
}
