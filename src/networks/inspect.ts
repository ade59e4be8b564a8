import type { ShortcutType } from "../nn/shortcuts/type.ts";
import { FormatError, WeightsError } from "../tensor/errors.ts";
import type { DType } from "../tensor/dtype.ts";
import { sizeOf } from "../tensor/shape.ts";
import { findModel } from "../weights/recognise/find-model.ts";
import { identifyWeights } from "../weights/recognise/identify.ts";
import { type FamilyWeights, tellFamily } from "../weights/recognise/family-weights.ts";
import { inspectWeights, type InspectOptions, shortcutWords } from "../weights/recognise/inspection.ts";
import { titleOf } from "../weights/recognise/network-title.ts";
import type { StateDictDifference } from "../weights/recognise/state-dict-difference.ts";
import { depthOf, type Structure } from "../weights/recognise/structure.ts";
import type { Origin, WeightsFile } from "../weights/weights-file.ts";
import { type NetworkCard, parseNetworkCard, restoreNetwork, withoutOptimizerState } from "./card.ts";
import { type KnownNetwork, readNetworkMetadata } from "./notes.ts";

/** The contents of a weights file, as plain data. */
export interface InspectionReport {
  readonly file: string;
  /** Whether everything fits one network and one shortcut type. */
  readonly sure: boolean;
  /** A one-line summary. */
  readonly summary: string;
  /** The name of the network in papers. */
  readonly network: string;
  readonly depth: number | null;
  readonly dimensions: number;
  readonly channels: number;
  /** Null if the file has no classifier. */
  readonly classes: number | null;
  /** Null if several types fit these weights. */
  readonly shortcut: ShortcutType | null;
  readonly candidates: readonly ShortcutType[];
  readonly layout: string;
  readonly block: Structure["block"] | null;
  readonly stages: Structure["stages"];
  /** Residua's own network of this kind, for `createModel`; null if there is none. */
  readonly model: { readonly name: string; readonly options: object } | null;
  readonly origin: Pick<Origin, "format" | "entry" | "prefix">;
  /** Entries of the file that hold weights, as paths such as "model → ema"; none if it is one state dict. */
  readonly entries: readonly string[];
  /** Other prefixes of the same network, such as those of moving averages. */
  readonly copies: readonly string[];
  readonly tensors: number;
  /** Trainable numbers, without running statistics and counters. */
  readonly parameters: number;
  readonly dtypes: readonly DType[];
  readonly difference: StateDictDifference;
  /** Names that belong to no Residua network and would be skipped. */
  readonly left: readonly string[];
}

const same: StateDictDifference = { missing: [], unexpected: [], misshapen: [] };

/**
 * Identifies the network and shortcut type of a weights file, and whether that is certain. Files that Residua wrote
 * state it themselves.
 *
 * @param where the file's name, for errors
 * @throws {WeightsError} if it is no known residual network, or not of the shortcut type that was asked for; it names keys
 * @throws {FormatError} if what Residua recorded in the file is damaged
 */
export function reportWeights(file: WeightsFile, where: string, options: InspectOptions = {}): InspectionReport {
  const known = readRecordedNetwork(file, where);
  return known === undefined ? reportFound(file, where, options) : reportRecorded(file, where, { known, options });
}

/** The card that Residua keeps in its own files; undefined in any other file. */
function readRecordedCard({ origin }: WeightsFile, where: string): NetworkCard | undefined {
  const text = Object.hasOwn(origin.notes, "residua") ? origin.notes["residua"] : undefined;
  if (text === undefined) return undefined;
  const value = parseCard(text, where);
  const isNotes = typeof value === "object" && value !== null && "network" in value;
  return parseNetworkCard(isNotes ? value.network : value, where);
}

/** The network that Residua recorded in its own file, with or without its data; undefined in any other file. */
export function readRecordedNetwork(file: WeightsFile, where: string): KnownNetwork | undefined {
  const card = readRecordedCard(file, where);
  if (card !== undefined) return { model: card.model, imageShape: card.imageShape, card };
  return readNetworkMetadata(new Map(Object.entries(file.origin.notes)), where);
}

function parseCard(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FormatError(where, "has a damaged description of its network", { cause });
  }
}

function reportFound(file: WeightsFile, where: string, options: InspectOptions): InspectionReport {
  const member = options.layout === undefined ? tellFamily(file.tensors) : undefined;
  if (member !== undefined) return reportMember(file, where, { member, options });
  const found = inspectWeights(file, where, options);
  const { structure, layout, shortcuts, title, sure, difference, besides } = found;
  const model = findModel(found, shortcuts[0]);
  return finishReport(file, where, {
    sure,
    network: title,
    depth: depthOf(structure),
    dimensions: structure.dimensions,
    channels: structure.channels,
    classes: structure.classes ?? null,
    shortcut: shortcuts.length === 1 ? shortcuts[0] : null,
    candidates: shortcuts,
    layout: layout.name,
    block: structure.block,
    stages: structure.stages,
    model: model === undefined ? null : { name: model.name, options: model.options },
    difference,
    left: besides,
    copies: found.copies.map((prefix) => file.origin.prefix + prefix),
    inner: found.prefix,
  });
}

/** A network of a family that is no sequence of ResNet's blocks. */
function reportMember(
  file: WeightsFile,
  where: string,
  { member, options }: { readonly member: FamilyWeights; readonly options: InspectOptions },
): InspectionReport {
  const { model, layout, prefix, hasHead, besides } = member;
  const { shortcut, channels, classes } = model.options;
  if (options.shortcut !== undefined && options.shortcut !== shortcut) {
    throw new WeightsError(
      where,
      `is not a ${model.name} with shortcut ${shortcutWords(options.shortcut)}; the weights are those of ${shortcutWords(shortcut)}`,
    );
  }
  return finishReport(file, where, {
    sure: true,
    network: model.name,
    depth: null,
    dimensions: 2,
    channels,
    classes: hasHead ? classes : null,
    shortcut,
    candidates: [shortcut],
    layout: layout.name,
    block: null,
    stages: [],
    model: { name: model.name, options: model.options },
    difference: same,
    left: besides,
    copies: [],
    inner: prefix,
  });
}

function reportRecorded(
  file: WeightsFile,
  where: string,
  { known, options }: { readonly known: KnownNetwork; readonly options: InspectOptions },
): InspectionReport {
  const { model, imageShape } = known;
  const { shortcut, channels, classes } = model.options;
  if (options.shortcut !== undefined && shortcut !== undefined && options.shortcut !== shortcut) {
    throw new WeightsError(
      where,
      `was trained with shortcut ${shortcutWords(shortcut)}, by its own record, not ${shortcutWords(options.shortcut)}`,
    );
  }
  const tensors = withoutOptimizerState(file.tensors);
  // An exported network has its batch norms folded away: its card alone says what it is.
  if (file.origin.format !== "ONNX") restoreNetwork(known, tensors, where);
  const structure = identifyWeights({ ...file, tensors })?.structure;
  return finishReport({ ...file, tensors }, where, {
    sure: true,
    network: structure === undefined ? model.name : titleOf(structure),
    depth: structure === undefined ? null : depthOf(structure),
    dimensions: imageShape.length - 1,
    channels,
    classes,
    shortcut: shortcut ?? null,
    candidates: shortcut === undefined ? [] : [shortcut],
    layout: "Residua",
    block: structure?.block ?? null,
    stages: structure?.stages ?? [],
    model: { name: model.name, options: model.options },
    difference: same,
    left: [],
    copies: [],
    inner: "",
  });
}

type Found = Omit<InspectionReport, "file" | "summary" | "origin" | "entries" | "tensors" | "parameters" | "dtypes"> & {
  /** Before the names, beside the wrappers that were removed. */
  readonly inner: string;
};

function finishReport({ tensors, origin }: WeightsFile, file: string, { inner, ...found }: Found): InspectionReport {
  const { format, entry, prefix: outer, entries = [] } = origin;
  const prefix = outer + inner;
  const values = [...tensors.values()];
  const trained = [...tensors].filter(([name]) => !/(^|\.)(running_(mean|var)|num_batches_tracked)$/.test(name));
  return {
    file,
    summary: summarize(found),
    ...found,
    origin: { format, entry, prefix },
    entries,
    tensors: values.length,
    parameters: trained.reduce((sum, [, { shape }]) => sum + sizeOf(shape), 0),
    dtypes: [...new Set(values.map(({ dtype }) => dtype))],
  };
}

/** "ResNet-34, 3-D, shortcut A (pad), MedicalNet layout, 1 input channel, no classifier" */
function summarize({ network, dimensions, candidates, layout, channels, classes }: Omit<Found, "inner">): string {
  return [
    network,
    ...(dimensions === 2 ? [] : [`${dimensions}-D`]),
    candidates.length === 0 ? "shortcuts of its own" : `shortcut ${candidates.map(shortcutWords).join(" or ")}`,
    `${layout} layout`,
    `${channels} input channel${channels === 1 ? "" : "s"}`,
    classes === null ? "no classifier" : `${classes} class${classes === 1 ? "" : "es"}`,
  ].join(", ");
}
