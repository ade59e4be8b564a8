import { describeChoices } from "../../tensor/choices.ts";
import type { ShortcutType } from "../../nn/shortcuts/type.ts";
import { OptionError, WeightsError } from "../../tensor/errors.ts";
import type { Shape } from "../../tensor/shape.ts";
import { closestLayout, identifyWeights, type Identification, nameTableOf } from "./identify.ts";
import { layouts } from "../layouts/index.ts";
import type { Layout } from "../layouts/layout.ts";
import { networkShapes } from "./network-shapes.ts";
import { titleOf } from "./network-title.ts";
import { listNames } from "../../tensor/printable.ts";
import { compareShapes, describeDifference, type StateDictDifference } from "./state-dict-difference.ts";
import type { WeightsFile } from "../weights-file.ts";

/** What the user knows beyond the file. */
export interface InspectOptions {
  /** A layout's id. */
  readonly layout?: string;
  /** The shortcut type that the network was trained with. */
  readonly shortcut?: ShortcutType;
}

/** What a weights file holds, as far as its names and shapes tell. */
export interface Inspection extends Identification {
  /** The network's name in papers. */
  readonly title: string;
  /** The network with all it needs, nothing left over, and one possible shortcut type. */
  readonly sure: boolean;
  /** How the file differs from the network with the (first) possible shortcut type, in the file's names. */
  readonly difference: StateDictDifference;
}

/**
 * Determines which network's weights a file holds and with which shortcut type they were trained.
 *
 * @param where the file's name, for errors
 * @throws {WeightsError} if they belong to no known residual network, or not to the requested shortcut type: it names
 *   the keys
 * @throws {OptionError} if there is no such layout
 */
export function inspectWeights(file: WeightsFile, where: string, options: InspectOptions = {}): Inspection {
  if (file.tensors.size > mostTensors) {
    throw new WeightsError(
      where,
      `holds ${file.tensors.size} tensors, more than any residual network (${mostTensors})`,
    );
  }
  const among = options.layout === undefined ? layouts : [findLayout(options.layout)];
  const found = identifyWeights(file, among, options.layout !== undefined);
  if (found === undefined) throw refuseUnknown(file, where, among);
  const shortcuts = options.shortcut === undefined ? found.shortcuts : [options.shortcut];
  const difference = compareWith(file, found, shortcuts[0]);
  const fits = describeDifference(difference) === "";
  const title = titleOf(found.structure);
  if (options.shortcut !== undefined && !canBe(found, options.shortcut)) {
    const seen = found.shortcuts.map(shortcutWords).join(" or ");
    const keys = describeDifference(difference) || `the ${found.layout.name} layout has no such network`;
    throw new WeightsError(
      where,
      `is not a ${title} with shortcut ${shortcutWords(options.shortcut)}: ${keys}; the weights are those of ${seen}`,
    );
  }
  return { ...found, shortcuts, title, difference, sure: fits && shortcuts.length === 1 };
}

/** ResNet-1202 has about seven thousand. */
const mostTensors = 20_000;

/** Without projections, plain and A fit equally well, whatever the layout is known for. */
function canBe({ structure, shortcuts }: Identification, wanted: ShortcutType): boolean {
  return shortcuts.includes(wanted) || (structure.projected === "none" && (wanted === "plain" || wanted === "pad"));
}

const letters: { readonly [Type in ShortcutType]?: string } = { pad: "A", project: "B", "project-all": "C" };

/** "A (pad)", "plain". */
export function shortcutWords(type: ShortcutType): string {
  const letter = letters[type];
  return letter === undefined ? type : `${letter} (${type})`;
}

/** A layout by its id. @throws {OptionError} that lists them */
export function findLayout(id: string): Layout {
  const found = layouts.find((layout) => layout.id === id);
  if (found !== undefined) return found;
  throw new OptionError(
    "layout",
    `unknown layout "${id}"; ${describeChoices(
      id,
      layouts.map((layout) => layout.id),
    )}`,
  );
}

/** The difference from the network that the structure describes, in the file's own names. */
function compareWith(file: WeightsFile, found: Identification, shortcut: ShortcutType): StateDictDifference {
  const theirs = (ours: string): string =>
    found.names.get(ours) ?? found.prefix + (nameTableOf(found.layout).toTheirs(ours) ?? ours);
  const renamed = (entries: ReadonlyMap<string, Shape>): ReadonlyMap<string, Shape> =>
    new Map([...entries].map(([ours, shape]) => [file.origin.prefix + theirs(ours), shape]));
  const expected = renamed(networkShapes(found.structure, shortcut, found.shapes));
  const unknown = found.unknown.map((name) => [file.origin.prefix + name, [] as Shape] as const);
  return compareShapes(expected, new Map([...renamed(found.shapes), ...unknown]));
}

function refuseUnknown(file: WeightsFile, where: string, among: readonly Layout[]): WeightsError {
  const names = [...file.tensors.keys()];
  if (file.tensors.size === 0) return new WeightsError(where, "holds no weights");
  const { layout, known, unknown } = closestLayout(file, among);
  if (known === 0) {
    const unnamed = names.some((name) => /^(conv2d|batch_normalization|dense)(_\d+)?\./.test(name));
    const folded =
      file.origin.format === "ONNX"
        ? "; the exporter may have folded and renamed them"
        : unnamed && file.origin.format === "Keras HDF5"
          ? "; weights of Keras 3 have no names of layers; give the .keras file of the whole model"
          : "";
    return new WeightsError(where, `matches no known residual network: it has ${listNames(names)}${folded}`);
  }
  const rest = unknown.length > 0 ? `${listNames(unknown)} do not fit` : "the stages or their shapes are incomplete";
  return new WeightsError(
    where,
    `is not a complete residual network: ${known} of ${names.length} names are those of the ${layout.name} layout, but ${rest}`,
  );
}
