import * as v from "valibot";
import { type CompleteModelOptions, modelOptionTable, type OptionRule } from "../nn/model-options.ts";
import { createModel, type NamedModel } from "../nn/models.ts";
import { buffersOf, type Module, parametersOf } from "../nn/module.ts";
import { FormatError } from "../tensor/errors.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { requireStateDict } from "../weights/state-dict.ts";
import { checkPlainData, countingNumber } from "./plain-data.ts";

/** Each channel's mean and deviation over the training images, pixels counted from 0 to 1: x ← (x − mean) / deviation. */
export interface ChannelStatistics {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** All that a trained network must carry with it to be used without anything else. */
export interface NetworkCard {
  readonly model: { readonly name: string; readonly options: CompleteModelOptions };
  /** `[channels, H, W]` that it was trained on. */
  readonly imageShape: readonly [channels: number, height: number, width: number];
  /** Name of the data set, or of its folder. */
  readonly data: string;
  /** Names of the classes in the order of the scores. */
  readonly classes: readonly string[];
  readonly normalization: ChannelStatistics;
}

function optionSchema(rule: OptionRule): v.GenericSchema {
  if (rule.kind === "switch") return v.boolean();
  if (rule.kind === "choice") return v.picklist(rule.values);
  if (rule.kind === "count") return countingNumber;
  return v.pipe(v.number(), v.minValue(rule.minimum), v.ltValue(rule.below));
}

const required: readonly string[] = ["shortcut", "channels", "classes"];

const modelOptions = v.strictObject(
  Object.fromEntries(
    Object.entries(modelOptionTable).map(([name, rule]) => [
      name,
      required.includes(name) ? optionSchema(rule) : v.exactOptional(optionSchema(rule)),
    ]),
  ),
) as v.GenericSchema<unknown, unknown> as v.GenericSchema<unknown, CompleteModelOptions>;

/** A network by name, as files keep it. */
export const networkModelSchema: v.GenericSchema<unknown, NetworkCard["model"]> = v.strictObject({
  name: v.string(),
  options: modelOptions,
});

/** Generous for an image, and small enough that none of that size exhausts the memory. */
export const extentSchema: v.GenericSchema<unknown, number> = v.pipe(
  v.number(),
  v.safeInteger(),
  v.minValue(1),
  v.maxValue(8192),
);

/** A card as files keep it. */
export const networkCardSchema: v.GenericSchema<unknown, NetworkCard> = v.strictObject({
  model: networkModelSchema,
  imageShape: v.strictTuple([extentSchema, extentSchema, extentSchema]),
  data: v.string(),
  classes: v.array(v.string()),
  normalization: v.strictObject({
    mean: v.array(v.pipe(v.number(), v.finite())),
    deviation: v.array(v.pipe(v.number(), v.finite(), v.gtValue(0))),
  }),
});

/**
 * Reads a card from plain data.
 *
 * @param where the file's name, for errors
 * @throws {FormatError} if something is missing, of another type, or contradicts another entry
 */
export function parseNetworkCard(value: unknown, where: string): NetworkCard {
  const card = checkPlainData(
    networkCardSchema,
    value,
    ({ path, detail }) => new FormatError(where, `${path} ${detail}`),
  );
  requireConsistentCard(card, where);
  return card;
}

/** @throws {FormatError} if classes, channels and normalisation do not go together */
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

/** Makes the network of a card. @throws {OptionError} if its name is unknown */
export function createCardModel({ model }: NetworkCard): NamedModel {
  return createModel(model.name, model.options);
}

/** A network with the tensors that a file holds for it. */
export interface RestoredNetwork {
  readonly module: Module;
  readonly state: ReadonlyMap<string, Tensor<"float32">>;
}

/**
 * Makes the network of a card with its tensors; those of an optimizer are left out.
 *
 * @param where the file's name, for errors
 * @throws {FormatError} if the card's network is not known
 * @throws {WeightsError} if the tensors are not those of the card's network
 */
export function restoreNetwork(
  card: NetworkCard,
  tensors: ReadonlyMap<string, Tensor>,
  where: string,
): RestoredNetwork {
  const { module } = createKnownModel(card, tensors.size, where);
  return { module, state: requireStateDict(where, stateShapes(module), withoutOptimizerState(tensors)) };
}

/**
 * Makes the network that a file of so many tensors says it holds.
 * @throws {FormatError} if it is not known, or has more layers than the file has tensors
 */
export function createKnownModel(card: Pick<NetworkCard, "model">, tensorCount: number, where: string): NamedModel {
  const { name, options } = card.model;
  // Every layer has a tensor: a network of a million layers must not be built just because a name says so.
  const depth = Math.max(0, ...(name.match(/\d+/g) ?? []).map(Number));
  if (depth > tensorCount) throw new FormatError(where, `holds ${tensorCount} tensors, too few for "${name}"`);
  try {
    return createModel(name, options);
  } catch (cause) {
    throw new FormatError(where, `holds a network that is not known here: ${(cause as Error).message}`, { cause });
  }
}

/** Names and shapes of all that a module's state dict must hold. */
export function stateShapes(module: Module): ReadonlyMap<string, Shape> {
  return new Map([...parametersOf(module), ...buffersOf(module)].map(([name, { shape }]) => [name, shape]));
}

/** A checkpoint's tensors without `STATE/PARAMETER`: no part of a network has a slash in its name. */
export function withoutOptimizerState(tensors: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor> {
  return new Map([...tensors].filter(([name]) => !name.includes("/")));
}
