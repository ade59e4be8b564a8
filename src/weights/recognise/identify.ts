import type { Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { ShortcutType } from "../../nn/shortcuts/type.ts";
import { layouts as allLayouts } from "../layouts/index.ts";
import type { Layout } from "../layouts/layout.ts";
import { createNameTable, type NameTable } from "../layouts/names.ts";
import { type CommonShapes, readStructure, type Structure } from "./structure.ts";
import { WeightsError } from "../../tensor/errors.ts";
import { listNames } from "../../tensor/printable.ts";
import { candidatePrefixes, choosePrefix } from "./prefixes.ts";
import type { WeightsFile } from "../weights-file.ts";

/** What a weights file was identified as. */
export interface Identification {
  readonly layout: Layout;
  readonly structure: Structure;
  /** The file's names that define the network, by common name. */
  readonly names: ReadonlyMap<string, string>;
  /** Their shapes, by common name. */
  readonly shapes: CommonShapes;
  /** The prefix removed from every name before the lookup, such as "backbone.". */
  readonly prefix: string;
  /** Names in the file that the layout does not know. */
  readonly unknown: readonly string[];
  /** Other prefixes under which the same network is, such as those of moving averages. */
  readonly copies: readonly string[];
  /** Names of parts outside the residual network. */
  readonly besides: readonly string[];
  /** The shortcut types that these weights may have been trained with; one, if the file or the layout decides. */
  readonly shortcuts: readonly ShortcutType[];
}

/** Counters that PyTorch's batch norm keeps, on which no result depends. */
const counters = /(^|\.)num_batches_tracked$/;
/**
 * Identifies the system whose names a file has, and the network that they describe; undefined if no known residual
 * network has them. Among several layouts, the one that leaves the fewest names unknown wins.
 *
 * @param among the layouts to try
 * @param trusted whether the layout is accepted even if the weights resemble another system's networks more
 */
export function identifyWeights(
  file: WeightsFile,
  among: readonly Layout[] = allLayouts,
  trusted = false,
): Identification | undefined {
  const names = [...file.tensors.keys()].filter((name) => !counters.test(name));
  const best = candidatePrefixes(names).flatMap((prefix) => bestReading(file, { prefix, names, among, trusted }) ?? []);
  const most = Math.max(...best.map(({ names: known }) => known.size));
  const covering = best.filter(({ names: known }) => known.size === most);
  const [first] = covering;
  if (first === undefined || covering.length === 1) return first;
  const choice = choosePrefix(covering.map(({ prefix }) => prefix));
  if (choice === undefined)
    throw refuseAmbiguity(
      covering.map(({ prefix }) => prefix),
      file,
    );
  return { ...covering.find(({ prefix }) => prefix === choice.prefix)!, copies: choice.others };
}

function refuseAmbiguity(prefixes: readonly string[], { origin }: WeightsFile): WeightsError {
  const given = prefixes.map((prefix) => origin.prefix + prefix);
  return new WeightsError("prefix", `must say which network is meant: the file has the same under ${listNames(given)}`);
}

interface PrefixReading {
  readonly prefix: string;
  readonly names: readonly string[];
  readonly among: readonly Layout[];
  readonly trusted: boolean;
}

/** Under one prefix, the layout that leaves the fewest names unknown. */
function bestReading(file: WeightsFile, { prefix, names, among, trusted }: PrefixReading): Identification | undefined {
  const own = names.filter((name) => name.startsWith(prefix));
  const outside = names.filter((name) => !name.startsWith(prefix));
  const found = among.flatMap((layout) => readNames(file, { layout, prefix, names: own, outside, trusted }) ?? []);
  const fewest = Math.min(...found.map(({ unknown }) => unknown.length));
  return found.find(({ unknown }) => unknown.length === fewest);
}

/** The layout that knows most of a file's names, and the names that it does not know. */
export function closestLayout(
  file: WeightsFile,
  among: readonly Layout[],
): { readonly layout: Layout; readonly known: number; readonly unknown: readonly string[] } {
  const names = [...file.tensors.keys()].filter((name) => !counters.test(name));
  const counted = candidatePrefixes(names).flatMap((prefix) =>
    among.map((layout) => {
      const table = nameTableOf(layout);
      const unknown = names.filter(
        (name) => !name.startsWith(prefix) || table.toOurs(name.slice(prefix.length)) === undefined,
      );
      return { layout, known: names.length - unknown.length, unknown };
    }),
  );
  return counted.reduce((best, next) => (next.known > best.known ? next : best));
}

/** The layouts' tables, made on first use. */
const tables = new Map<Layout, NameTable>();

/** The table of a layout's names. */
export function nameTableOf(layout: Layout): NameTable {
  const table = tables.get(layout) ?? createNameTable(layout.names);
  tables.set(layout, table);
  return table;
}

interface Reading {
  readonly layout: Layout;
  readonly prefix: string;
  readonly names: readonly string[];
  /** Names without the prefix. */
  readonly outside: readonly string[];
  readonly trusted: boolean;
}

function readNames(
  file: WeightsFile,
  { layout, prefix, names, outside, trusted }: Reading,
): Identification | undefined {
  const table = nameTableOf(layout);
  const known = new Map<string, string>();
  const shapes = new Map<string, Shape>();
  const unknown: string[] = [];
  const besides: string[] = [...outside];
  for (const name of names) {
    const theirs = name.slice(prefix.length);
    const ours = table.toOurs(theirs);
    const tensor = file.tensors.get(name) as Tensor;
    if (ours !== undefined && !known.has(ours)) {
      known.set(ours, name);
      shapes.set(ours, tensor.shape);
    } else if (layout.besides?.test(theirs)) besides.push(name);
    else unknown.push(name);
  }
  const structure = readStructure(shapes);
  if (structure === undefined || !(trusted || layout.takes(structure, file.origin))) return undefined;
  return {
    layout,
    structure,
    names: known,
    shapes,
    prefix,
    unknown,
    copies: [],
    besides,
    shortcuts: possibleShortcuts(structure, layout),
  };
}

/** Without projections, A and plain have the same weights: only the author of the file can tell. A factor on F needs a shortcut. */
function possibleShortcuts({ projected, layerScale }: Structure, { build }: Layout): readonly ShortcutType[] {
  if (projected === "none" && layerScale !== "none") return ["pad"];
  if (projected === "none")
    return build.withoutProjections === undefined ? ["plain", "pad"] : [build.withoutProjections];
  return projected === "all" ? ["project-all"] : ["project"];
}
