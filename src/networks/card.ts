import { base64Decode, base64Encode } from "@bufbuild/protobuf/wire";
import * as v from "valibot";
import { createGraphModule } from "../nn/imported/graph-module.ts";
import { type CompleteModelOptions, modelOptionTable, type OptionRule } from "../nn/model-options.ts";
import { createModel, modelNames } from "../nn/models.ts";
import { buffersOf, type Module, parametersOf } from "../nn/module.ts";
import { toModel } from "../compile/inference.ts";
import { stepNames } from "../compile/step/names.ts";
import { decodeModel } from "../onnx/decode.ts";
import { encodeModel } from "../onnx/encode.ts";
import type { Graph } from "../onnx/graph.ts";
import { inferModel } from "../onnx/infer.ts";
import { FormatError } from "../tensor/errors.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { requireStateDict } from "../weights/state-dict.ts";
import { checkPlainData, describeFailure, countingNumber } from "../files/schema.ts";

/** Each channel's mean and deviation over the training images, pixels counted from 0 to 1: x ← (x − mean) / deviation. */
export interface ChannelStatistics {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** Identifies a network: one of Residua's by name, or one from a file. */
export interface CardModel {
  readonly name: string;
  /** Without a shortcut type if the network comes from a file, whose graph decides. */
  readonly options: Omit<CompleteModelOptions, "shortcut"> & Pick<Partial<CompleteModelOptions>, "shortcut">;
  /** The structure of a network from a file: an ONNX model with its weights as inputs, in base64. */
  readonly graph?: string;
}

/** Everything that a trained network needs to be used on its own. */
export interface NetworkCard {
  readonly model: CardModel;
  /** `[channels, H, W]` that it was trained on. */
  readonly imageShape: readonly [channels: number, height: number, width: number];
  /** Name of the data set, or of its folder. */
  readonly data: string;
  /** Names of the classes in the order of the scores. */
  readonly classes: readonly string[];
  readonly normalization: ChannelStatistics;
  /** Its task, if not classification. */
  readonly task?: TaskNotes;
}

/** Height and width of a network's images. */
export function imageSizeOf({
  imageShape: [, height, width],
}: Pick<NetworkCard, "imageShape">): readonly [number, number] {
  return [height, width];
}

/** A task by name with its settings: plain data that the task itself validates. */
export interface TaskNotes {
  readonly name: string;
  readonly [setting: string]: unknown;
}

function optionSchema(rule: OptionRule): v.GenericSchema {
  if (rule.kind === "switch") return v.boolean();
  if (rule.kind === "choice") return v.picklist(rule.values);
  if (rule.kind === "count") return countingNumber;
  return v.pipe(v.number(), v.minValue(rule.minimum), v.ltValue(rule.below));
}

const required: readonly string[] = ["channels", "classes"];

const modelOptions = v.strictObject(
  Object.fromEntries(
    Object.entries(modelOptionTable).map(([name, rule]) => [
      name,
      required.includes(name) ? optionSchema(rule) : v.exactOptional(optionSchema(rule)),
    ]),
  ),
) as v.GenericSchema<unknown, unknown> as v.GenericSchema<unknown, CardModel["options"]>;

/** A network by name, as stored in files. */
export const networkModelSchema: v.GenericSchema<unknown, NetworkCard["model"]> = v.strictObject({
  name: v.string(),
  options: modelOptions,
  graph: v.exactOptional(v.pipe(v.string(), v.base64())),
});

/** Generous for an image, and small enough that none of that size exhausts the memory. */
export const extentSchema: v.GenericSchema<unknown, number> = v.pipe(
  v.number(),
  v.safeInteger(),
  v.minValue(1),
  v.maxValue(8192),
);

/** Statistics as stored in files. */
export const channelStatisticsSchema: v.GenericSchema<unknown, ChannelStatistics> = v.strictObject({
  mean: v.array(v.pipe(v.number(), v.finite())),
  deviation: v.array(v.pipe(v.number(), v.finite(), v.gtValue(0))),
});

/** A card as stored in files. */
export const networkCardSchema: v.GenericSchema<unknown, NetworkCard> = v.strictObject({
  model: networkModelSchema,
  imageShape: v.strictTuple([extentSchema, extentSchema, extentSchema]),
  data: v.string(),
  classes: v.array(v.string()),
  normalization: channelStatisticsSchema,
  task: v.exactOptional(v.looseObject({ name: v.string() })),
});

/**
 * Reads a card from plain data.
 *
 * @param where the file's name, for errors
 * @throws {FormatError} if an entry is missing, has the wrong type, or contradicts another
 */
export function parseNetworkCard(value: unknown, where: string): NetworkCard {
  const card = checkPlainData(networkCardSchema, value, (failure) => new FormatError(where, describeFailure(failure)));
  requireConsistentCard(card, where);
  return card;
}

/** @throws {FormatError} if classes, channels and normalisation are inconsistent */
export function requireConsistentCard({ model, classes, imageShape, normalization }: NetworkCard, where: string): void {
  const { options } = model;
  const counts = [
    ["names of classes", classes.length, options.classes],
    ["channels of images", imageShape[0], options.channels],
    ["means", normalization.mean.length, options.channels],
    ["deviations", normalization.deviation.length, options.channels],
  ] as const;
  for (const [what, found, needed] of counts) {
    if (found !== needed) throw new FormatError(where, `holds ${found} ${what}, the network has ${needed}`);
  }
}

/** Encodes the structure of a network from a file for its card. */
export function encodeStructure(graph: Graph): string {
  return base64Encode(encodeModel(toModel(graph)));
}

/**
 * Makes the network of a card.
 * @throws {OptionError} if its name is unknown
 * @throws {FormatError} if its structure is damaged
 */
export function createCardModule({ model }: Pick<NetworkCard, "model">): Module {
  const { name, options, graph } = model;
  if (graph === undefined) return createModel(name, options).module;
  const decoded = decodeModel(base64Decode(graph), name);
  return createGraphModule(inferModel(decoded).graph);
}

/** A network with its tensors from a file. */
export interface RestoredNetwork {
  readonly module: Module;
  readonly state: ReadonlyMap<string, Tensor<"float32">>;
}

/**
 * Makes the network of a card with its tensors; those of an optimizer are left out.
 *
 * @param where the file's name, for errors
 * @throws {FormatError} if the card's network is not known
 * @throws {WeightsError} if the tensors do not match the card's network
 */
export function restoreNetwork(
  card: Pick<NetworkCard, "model">,
  tensors: ReadonlyMap<string, Tensor>,
  where: string,
): RestoredNetwork {
  const { module } = createKnownModel(card, tensors.size, where);
  return { module, state: requireStateDict(where, stateShapes(module), withoutOptimizerState(tensors)) };
}

/**
 * Makes the network that a file with this many tensors claims to hold.
 * @throws {FormatError} if it is not known, or has more layers than the file has tensors
 */
export function createKnownModel(
  card: Pick<NetworkCard, "model">,
  tensorCount: number,
  where: string,
): { readonly module: Module } {
  const { name, graph } = card.model;
  // Every layer has a tensor: a name alone must not make us build a million layers. A listed name does not, whatever its number is.
  const isOpen = graph === undefined && !modelNames.includes(name);
  const depth = isOpen ? Math.max(0, ...(name.match(/\d+/g) ?? []).map(Number)) : 0;
  if (depth > tensorCount) throw new FormatError(where, `holds ${tensorCount} tensors, too few for "${name}"`);
  try {
    return { module: createCardModule(card) };
  } catch (cause) {
    throw new FormatError(where, `holds a network that is not known here: ${(cause as Error).message}`, { cause });
  }
}

/** Names and shapes of a module's complete state dict. */
export function stateShapes(module: Module): ReadonlyMap<string, Shape> {
  return new Map([...parametersOf(module), ...buffersOf(module)].map(([name, { shape }]) => [name, shape]));
}

/**
 * The network in a checkpoint's tensors, with moving averages in place of their parameters, and without
 * `STATE/PARAMETER`: no part of a network has a slash in its name.
 */
export function withoutOptimizerState(tensors: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor> {
  return new Map([...averagedState(tensors)].filter(([name]) => !name.includes("/")));
}

const AVERAGE = stepNames.average("");

/** Replaces the values in a state by their moving averages, if it has any. */
export function averagedState<T extends Tensor>(state: ReadonlyMap<string, T>): ReadonlyMap<string, T> {
  const averages = [...state].filter(([name]) => name.startsWith(AVERAGE));
  return new Map([...state, ...averages.map(([name, value]) => [name.slice(AVERAGE.length), value] as const)]);
}
