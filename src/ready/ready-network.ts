import * as v from "valibot";
import { checkPlainData, countingNumber } from "../files/schema.ts";
import { FormatError } from "../tensor/errors.ts";

/** A text for readers, in English and Chinese. */
export interface Bilingual {
  readonly en: string;
  readonly zh: string;
}

/** A file of a ready network. */
export interface ReadyFile {
  /** Beside the index. */
  readonly path: string;
  readonly bytes: number;
  /** In hexadecimal. */
  readonly sha256: string;
}

/** A measured value, and what it was measured on. */
export interface ReadyFigure {
  readonly measure: Bilingual;
  /** From 0 to 1 if `unit` is "share". */
  readonly value: number;
  readonly unit: "share" | "count";
  readonly on: Bilingual;
}

/** Data that a network was trained on. */
export interface ReadyData {
  readonly name: string;
  readonly licence: string;
  readonly source: string;
}

/** A network that the package brings along. */
export interface ReadyNetwork {
  readonly name: string;
  /** The command that uses it if it is told no network; the first of a task counts. */
  readonly task: string;
  readonly summary: Bilingual;
  /** One file `network`, or a file for each part of a task that needs several, such as `locator` and `reader`. */
  readonly files: Readonly<Record<string, ReadyFile>>;
  /** The main one first. */
  readonly figures: readonly ReadyFigure[];
  readonly data: readonly ReadyData[];
  /** Of the weights. */
  readonly licence: string;
  /** The commands that made it, in order. */
  readonly commands: readonly string[];
  /** When it was trained, as YYYY-MM-DD. */
  readonly date: string;
  /** What it should not be relied on for. */
  readonly limits: Bilingual;
}

/** The list of all ready networks, as `index.json` of their folder has it. */
export interface ReadyIndex {
  readonly format: typeof FORMAT;
  readonly networks: readonly ReadyNetwork[];
}

const FORMAT = "residua-models-1";

/** A name without slashes and endings. */
const NAME = /^[a-z][a-z0-9-]*$/;

const text = v.pipe(v.string(), v.nonEmpty());
const bilingual: v.GenericSchema<unknown, Bilingual> = v.strictObject({ en: text, zh: text });
const bareName = v.pipe(v.string(), v.regex(NAME));

const file: v.GenericSchema<unknown, ReadyFile> = v.strictObject({
  path: v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9-]*\.onnx$/)),
  bytes: countingNumber,
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
});

const network: v.GenericSchema<unknown, ReadyNetwork> = v.strictObject({
  name: bareName,
  task: bareName,
  summary: bilingual,
  files: v.pipe(
    v.record(bareName, file),
    v.check((files) => Object.keys(files).length > 0, "at least one file"),
  ),
  figures: v.array(
    v.strictObject({
      measure: bilingual,
      value: v.pipe(v.number(), v.finite()),
      unit: v.picklist(["share", "count"]),
      on: bilingual,
    }),
  ),
  data: v.array(v.strictObject({ name: text, licence: text, source: text })),
  licence: text,
  commands: v.array(text),
  date: v.pipe(v.string(), v.isoDate()),
  limits: bilingual,
});

const index: v.GenericSchema<unknown, ReadyIndex> = v.strictObject({
  format: v.literal(FORMAT),
  networks: v.array(network),
});

/**
 * Reads the index of ready networks.
 *
 * @param where its path, for errors
 * @throws {FormatError} if it is no such index, or names a network twice
 */
export function parseReadyIndex(content: string, where: string): ReadyIndex {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (cause) {
    throw new FormatError(where, "is not JSON, must be an index of networks", { cause });
  }
  const found = checkPlainData(index, value, ({ path, detail }) => new FormatError(where, `${path || "it"} ${detail}`));
  const names = found.networks.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new FormatError(where, `names "${twice}" twice`);
  return found;
}

/** Whether a text could name a ready network: anything with a slash or an ending is a file. */
export function isBareName(name: string): boolean {
  return NAME.test(name);
}

/** All bytes of a network's files. */
export function sizeOfReady({ files }: ReadyNetwork): number {
  return Object.values(files).reduce((sum, { bytes }) => sum + bytes, 0);
}
