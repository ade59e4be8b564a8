import type { Group } from "h5wasm";
import * as v from "valibot";
import { FormatError } from "../tensor/errors.ts";

/** A layer as Keras 3's config.json describes it; a model within a model has layers of its own. */
interface ConfiguredLayer {
  readonly class_name: string;
  readonly name: string;
  readonly layers: readonly ConfiguredLayer[];
}

const layerSchema = v.looseObject({
  class_name: v.string(),
  name: v.optional(v.string()),
  config: v.optional(v.looseObject({ name: v.optional(v.string()), layers: v.optional(v.array(v.unknown())) })),
});

/** Models within models. */
const deepest = 8;

function readLayer(value: unknown, depth: number): readonly ConfiguredLayer[] {
  const { success, output } = v.safeParse(layerSchema, value);
  if (!success || depth > deepest) return [];
  const { class_name, config } = output;
  const name = output.name ?? config?.name ?? "";
  return [{ class_name, name, layers: (config?.layers ?? []).flatMap((layer) => readLayer(layer, depth + 1)) }];
}

/** The layers that a model's config.json lists, in its order. @throws {FormatError} if it is no JSON */
export function readConfiguredLayers(text: string, where: string): readonly ConfiguredLayer[] {
  try {
    return readLayer(JSON.parse(text), 0)[0]?.layers ?? [];
  } catch (cause) {
    throw new FormatError(where, "has a config.json that is no JSON; it is damaged", { cause });
  }
}

/** Keras's own: "BatchNormalization" → "batch_normalization". @source keras/src/utils/naming.py `to_snake_case` */
function toSnakeCase(name: string): string {
  return name
    .replaceAll(/\W+/g, "")
    .replaceAll(/(.)([A-Z][a-z]+)/g, "$1_$2")
    .replaceAll(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase();
}

/**
 * The layers' names by their places in the file: each is stored under its class in snake case, counted from the second on.
 *
 * The layout is that of `_save_container_state` in keras/src/saving/saving_lib.py, from memory: tried on files of h5wasm alone.
 */
export function namesByPlace(layers: readonly ConfiguredLayer[], before = "layers"): ReadonlyMap<string, string> {
  const counts = new Map<string, number>();
  const names = new Map<string, string>();
  for (const { class_name, name, layers: inner } of layers) {
    const base = toSnakeCase(class_name);
    const count = counts.get(base) ?? 0;
    counts.set(base, count + 1);
    const place = `${before}/${count === 0 ? base : `${base}_${count}`}`;
    names.set(place, name);
    for (const [at, own] of namesByPlace(inner, `${place}/layers`)) names.set(at, own);
  }
  return names;
}

/** Blocks per stage of keras.applications' ResNets, by the number of their convolutions. */
const resnets: ReadonlyMap<number, readonly number[]> = new Map(
  [
    [3, 4, 6, 3],
    [3, 4, 23, 3],
    [3, 8, 36, 3],
  ].map((blocks) => [1 + blocks.length + 3 * blocks.reduce((a, b) => a + b, 0), blocks]),
);

/** Convolutions of such a network in the order of `model.layers`, which puts layers of equal depth side by side. */
function resnetLayers(blocks: readonly number[]): readonly string[] {
  const inBlock = (stage: number, block: number): readonly string[] =>
    (block === 1 ? [1, 2, 0, 3] : [1, 2, 3]).map((layer) => `conv${stage}_block${block}_${layer}`);
  const stages = blocks.flatMap((count, index) =>
    Array.from({ length: count }, (_, block) => inBlock(index + 2, block + 1)).flat(),
  );
  return ["conv1", ...stages];
}

/** The places of one class of layers, in the order in which they were saved. */
function placesOf(places: readonly string[], base: string): readonly string[] {
  const number = (place: string): number => Number(new RegExp(`^layers/${base}(?:_(\\d+))?$`).exec(place)?.[1] ?? 0);
  return places
    .filter((place) => new RegExp(`^layers/${base}(_\\d+)?$`).test(place))
    .toSorted((a, b) => number(a) - number(b));
}

/**
 * A file of weights alone keeps no names: they follow from the order if there are as many layers as in one of
 * keras.applications' ResNets; else each layer keeps its place as its name.
 */
export function namesByOrder(places: readonly string[]): ReadonlyMap<string, string> {
  const convolutions = placesOf(places, "conv2d");
  const norms = placesOf(places, "batch_normalization");
  const blocks = resnets.get(convolutions.length);
  if (blocks === undefined || norms.length !== convolutions.length) return new Map();
  const names = resnetLayers(blocks);
  return new Map([
    ...names.map((name, index) => [convolutions[index], `${name}_conv`] as const),
    ...names.map((name, index) => [norms[index], `${name}_bn`] as const),
    ...placesOf(places, "dense").map((place) => [place, "predictions"] as const),
  ]);
}

/** The name that newer versions store beside a layer's variables. */
export function storedName(group: Group): string | undefined {
  const found = Object.hasOwn(group.attrs, "name") ? group.attrs["name"].value : undefined;
  return typeof found === "string" && found !== "" ? found : undefined;
}

/** A layer's variables by the order in which it makes them. @returns undefined for a layer of another kind */
export function variableNames(ranks: readonly number[]): readonly string[] | undefined {
  if (ranks.length === 4 && ranks.every((rank) => rank === 1))
    return ["gamma", "beta", "moving_mean", "moving_variance"];
  if (ranks.length > 0 && ranks.length <= 2 && ranks[0] > 1 && (ranks[1] ?? 1) === 1) return ["kernel", "bias"];
  return undefined;
}
