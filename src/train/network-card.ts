import * as v from "valibot";
import { createModel, type NamedModel } from "../nn/models.ts";
import type { ResnetOptions } from "../nn/families/resnet.ts";
import { shortcutTypes } from "../nn/shortcuts/type.ts";
import { FormatError } from "../tensor/errors.ts";
import { checkPlainData, countingNumber } from "./plain-data.ts";

/** Each channel's mean and deviation over the training images, pixels counted from 0 to 1: x ← (x − mean) / deviation. */
export interface ChannelStatistics {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** All that a trained network must carry with it to be used without anything else. */
export interface NetworkCard {
  readonly model: { readonly name: string; readonly options: ResnetOptions };
  /** `[channels, H, W]` that it was trained on. */
  readonly imageShape: readonly [channels: number, height: number, width: number];
  /** Name of the data set, or of its folder. */
  readonly data: string;
  /** Names of the classes in the order of the scores. */
  readonly classes: readonly string[];
  readonly normalization: ChannelStatistics;
}

const modelOptions: v.GenericSchema<unknown, ResnetOptions> = v.strictObject({
  classes: countingNumber,
  channels: countingNumber,
  shortcut: v.picklist(shortcutTypes),
  subsample: v.exactOptional(v.picklist(["stride", "average"])),
  padSide: v.exactOptional(v.picklist(["after", "both"])),
  projectionNorm: v.exactOptional(v.boolean()),
  projectionBias: v.exactOptional(v.boolean()),
  zeroInitResidual: v.exactOptional(v.boolean()),
  stridePlace: v.exactOptional(v.picklist(["3x3", "1x1"])),
});

/** A card as files keep it. */
export const networkCardSchema: v.GenericSchema<unknown, NetworkCard> = v.strictObject({
  model: v.strictObject({ name: v.string(), options: modelOptions }),
  imageShape: v.strictTuple([countingNumber, countingNumber, countingNumber]),
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
