import { canonicalJson } from "../tensor/canonical-json.ts";
import * as v from "valibot";
import { FormatError } from "../tensor/errors.ts";
import type { Shape } from "../tensor/shape.ts";
import { extentSchema, type NetworkCard, networkModelSchema, parseNetworkCard } from "./card.ts";
import { checkPlainData, describeFailure } from "../files/schema.ts";

/** The metadata key of a network's whole card. */
export const CARD_KEY = "residua";
/** The key of the network alone, if nothing is known about its data. */
const NETWORK_KEY = "residua.network";

/** Enough to rebuild a network: its name and every option, including the shortcut type. */
export interface NetworkNotes extends Pick<NetworkCard, "model"> {
  /** `[channels, …]`: images, or signals and volumes. */
  readonly imageShape: Shape;
}

/** A network from a file's metadata. */
export interface KnownNetwork extends NetworkNotes {
  /** The whole card, if the network was trained here or its data were named. */
  readonly card?: NetworkCard;
}

const notesSchema: v.GenericSchema<unknown, NetworkNotes> = v.strictObject({
  model: networkModelSchema,
  imageShape: v.pipe(v.array(extentSchema), v.minLength(2), v.maxLength(4)),
});

/** The preprocessing of images, in a form that other programs can read too. */
function describePreprocessing({ imageShape, normalization }: NetworkCard): unknown {
  const [channels, height, width] = imageShape;
  return {
    layout: "NCHW",
    channels: channels === 1 ? "gray" : channels === 3 ? "RGB" : `${channels} channels`,
    resize: { height, width, fit: "fill" },
    range: [0, 1],
    mean: normalization.mean,
    std: normalization.deviation,
  };
}

/** The last part of a path; another text as it is. */
const lastOf = (value: unknown): unknown =>
  typeof value === "string" && /[/\\]/.test(value) ? value.split(/[/\\]+/).findLast((part) => part !== "") : value;

/**
 * A card for others: of folders that its task was told, only a training that is resumed needs the place. The data's own is kept,
 * since a network is evaluated on them if nothing else is said.
 */
function withoutPlaces({ task, ...card }: NetworkCard): NetworkCard {
  if (task === undefined) return card;
  const kept = Object.fromEntries(Object.entries(task).map(([name, value]) => [name, lastOf(value)]));
  return { ...card, task: { ...kept, name: task.name } };
}

/**
 * The metadata that an exported file carries: for Residua to build the network again, for others the classes in the order of the
 * scores and how images are prepared, as JSON.
 */
export function networkMetadata({ card, model, imageShape }: KnownNetwork): ReadonlyMap<string, string> {
  if (card === undefined) return new Map([[NETWORK_KEY, canonicalJson({ model, imageShape })]]);
  return new Map([
    [CARD_KEY, canonicalJson(withoutPlaces(card))],
    ["classes", JSON.stringify(card.classes)],
    ["preprocessing", JSON.stringify(describePreprocessing(card))],
  ]);
}

/**
 * Reads what {@link networkMetadata} wrote.
 *
 * @returns undefined if the metadata describe no network
 * @throws {FormatError} if they are damaged
 */
export function readNetworkMetadata(metadata: ReadonlyMap<string, string>, where: string): KnownNetwork | undefined {
  const parse = (key: string): unknown => {
    try {
      return JSON.parse(metadata.get(key)!);
    } catch (cause) {
      throw new FormatError(where, "has a damaged description of its network", { cause });
    }
  };
  if (metadata.has(CARD_KEY)) {
    const card = parseNetworkCard(parse(CARD_KEY), where);
    return { model: card.model, imageShape: card.imageShape, card };
  }
  if (!metadata.has(NETWORK_KEY)) return undefined;
  return checkPlainData(notesSchema, parse(NETWORK_KEY), (failure) => new FormatError(where, describeFailure(failure)));
}
