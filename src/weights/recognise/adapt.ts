import type { Module } from "../../nn/module.ts";
import { buffersOf, headOf, parametersOf } from "../../nn/module.ts";
import { WeightsError } from "../../tensor/errors.ts";
import { sameShape, type Shape } from "../../tensor/shape.ts";
import { float32, type Tensor } from "../../tensor/tensor.ts";
import { type Identification, identifyWeights } from "./identify.ts";
import type { LayoutBuild } from "../layouts/layout.ts";
import { ownNames } from "./own-names.ts";
import { suggestShortcutType } from "./shortcut-difference.ts";
import { describeDifference, matchStateDict, type StateDictDifference } from "./state-dict-difference.ts";
import { listNames } from "../../tensor/printable.ts";
import { candidatePrefixes, choosePrefix, type PrefixChoice } from "./prefixes.ts";
import { toFloat32 } from "../to-float32.ts";
import type { WeightsFile } from "../weights-file.ts";

/** A network's own weights, from a file of any layout. */
export interface AdaptedWeights {
  /** By the network's own names, in its order. */
  readonly state: ReadonlyMap<string, Tensor<"float32">>;
  /** What the file lacks, has in excess or has in another shape; empty unless `partial` was given. */
  readonly difference: StateDictDifference;
  /** Names that were not used, such as those of a segmentation head. */
  readonly left: readonly string[];
  /** Other prefixes under which the same network is. */
  readonly copies: readonly string[];
}

/** Options of adapting weights. */
export interface AdaptOptions {
  /** An inspection of the file; made here if left out. */
  readonly identification?: Identification | undefined;
  /** Takes what fits and reports what does not, instead of refusing the file. */
  readonly partial?: boolean;
}

/** Batch norm's epsilon in Residua's networks, which is PyTorch's. */
const ownEpsilon = 1e-5;
const counters = /(^|\.)num_batches_tracked$/;

/**
 * Converts a file's weights to those of a network: its names, float32, biases and epsilons where the network has them.
 * Evaluation gives the same results up to rounding.
 *
 * @param where the file's name, for errors
 * @throws {WeightsError} naming the keys that are missing, left over or of another shape, unless `partial` is given;
 *   and if nothing fits at all
 */
export function adaptWeights(
  where: string,
  { module, file }: { readonly module: Module; readonly file: WeightsFile },
  options: AdaptOptions = {},
): AdaptedWeights {
  const expected = new Map([...parametersOf(module), ...buffersOf(module)].map(([name, { shape }]) => [name, shape]));
  const narrowed = narrowToNetwork(file, expected);
  const found = narrowed?.tensors ?? file.tensors;
  if (describeDifference(matchStateDict(expected, found)) === "")
    return { ...take(expected, found), ...leftBy(file, narrowed) };
  const identification = options.identification ?? identifyWeights(file);
  const renamed = identification && renameWeights(file, identification, expected);
  const tensors = renamed?.tensors ?? found;
  const difference = matchStateDict(expected, tensors);
  const shown = renamed === undefined ? difference : underFileNames(difference, renamed.names);
  if (describeDifference(difference) !== "" && options.partial !== true) {
    const advice = suggestShortcutType({ difference, expected, found: tensors }) ?? adviseOnHead(module, difference);
    const rest = advice ?? "are these the weights of another network? `partial` loads what fits";
    throw new WeightsError(where, `does not fit the network: ${describeDifference(shown)}; ${rest}`);
  }
  const adapted = take(expected, tensors);
  if (adapted.state.size > 0)
    return { ...adapted, difference: shown, left: identification?.besides ?? [], copies: identification?.copies ?? [] };
  throw new WeightsError(where, `nothing of it fits the network: ${describeDifference(shown)}`);
}

interface Narrowed extends PrefixChoice {
  readonly tensors: ReadonlyMap<string, Tensor>;
}

/**
 * The tensors under the one prefix that has every name and shape of the network, whatever else the file holds; undefined if
 * nothing has, or no prefix is needed.
 *
 * @throws {WeightsError} if several have
 */
function narrowToNetwork(file: WeightsFile, expected: ReadonlyMap<string, Shape>): Narrowed | undefined {
  const covers = (prefix: string): boolean =>
    [...expected].every(([name, shape]) => {
      const held = file.tensors.get(prefix + name);
      return held !== undefined && sameShape(held.shape, shape);
    });
  const covering = candidatePrefixes([...file.tensors.keys()]).filter(covers);
  if (covering.length === 0 || covering.includes("")) return undefined;
  const choice = choosePrefix(covering);
  if (choice === undefined)
    throw new WeightsError(
      "prefix",
      `must say which network is meant: the file has the same under ${listNames(covering)}`,
    );
  const { prefix } = choice;
  const under = [...file.tensors].filter(([name]) => name.startsWith(prefix));
  return { ...choice, tensors: new Map(under.map(([name, value]) => [name.slice(prefix.length), value])) };
}

function leftBy(file: WeightsFile, narrowed: Narrowed | undefined): Pick<AdaptedWeights, "left" | "copies"> {
  if (narrowed === undefined) return { left: [], copies: [] };
  const left = [...file.tensors.keys()].filter((name) => !name.startsWith(narrowed.prefix));
  return { left, copies: narrowed.others };
}

/** Backbones are published without their classifiers. */
function adviseOnHead(module: Module, { missing, unexpected, misshapen }: StateDictDifference): string | undefined {
  const head = headOf(module);
  const isHeadAlone = unexpected.length + misshapen.length === 0 && missing.every((name) => head.includes(name));
  return isHeadAlone ? "the file has no classifier; `partial` initialises a new one" : undefined;
}

function take(expected: ReadonlyMap<string, Shape>, found: ReadonlyMap<string, Tensor>): AdaptedWeights {
  const fitting = [...expected].filter(([name, shape]) => {
    const tensor = found.get(name);
    return tensor !== undefined && sameShape(tensor.shape, shape);
  });
  const state = new Map(fitting.map(([name]) => [name, toFloat32(found.get(name)!)]));
  return { state, difference: { missing: [], unexpected: [], misshapen: [] }, left: [], copies: [] };
}

/** Weights under the network's own names, each with its name in the file. */
interface Renamed {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly names: ReadonlyMap<string, string>;
}

function renameWeights(
  file: WeightsFile,
  identification: Identification,
  expected: ReadonlyMap<string, Shape>,
): Renamed | undefined {
  const own = ownNames([...expected.keys()]);
  if (own === undefined) return undefined;
  const common = adaptValues(file, identification);
  const tensors = new Map<string, Tensor>();
  const names = new Map<string, string>();
  for (const [ours, value] of common) {
    const name = own.get(ours) ?? ours;
    tensors.set(name, reshapeTrailing(value, expected.get(name)));
    names.set(name, identification.names.get(ours) ?? ours);
  }
  for (const name of identification.unknown) {
    const value = file.tensors.get(name);
    if (value !== undefined && !counters.test(name)) tensors.set(name, value);
  }
  return { tensors, names };
}

/**
 * The file's tensors under the common names, with differences from Residua's networks moved to where these have them.
 */
function adaptValues(file: WeightsFile, { names, layout }: Identification): ReadonlyMap<string, Tensor> {
  const common = new Map<string, Tensor>([...names].map(([ours, name]) => [ours, file.tensors.get(name)!]));
  const { foldBias = false, epsilon = ownEpsilon }: LayoutBuild = layout.build;
  for (const [name, bias] of foldBias ? [...common] : []) {
    const match = /^(.*\b)conv(\d*)\.bias$/.exec(name);
    const mean = match === null ? undefined : `${match[1]}bn${match[2]}.running_mean`;
    const running = mean === undefined ? undefined : common.get(mean);
    if (mean === undefined || running === undefined || !sameShape(running.shape, bias.shape)) continue;
    // BN(conv + b) subtracts the mean, so a mean smaller by b is equivalent to the bias.
    common.set(
      mean,
      combine(running, (value, index) => value - toFloat32(bias).data[index]),
    );
    common.delete(name);
  }
  if (epsilon === ownEpsilon) return common;
  for (const [name, variance] of common) {
    // var + ε = (var + ε − 1e-5) + 1e-5
    if (name.endsWith(".running_var"))
      common.set(
        name,
        combine(variance, (value) => value + (epsilon - ownEpsilon)),
      );
  }
  return common;
}

function combine(value: Tensor, change: (value: number, index: number) => number): Tensor {
  return float32(value.shape, toFloat32(value).data.map(change));
}

/** A classifier that is a 1×1 convolution holds the same numbers as a fully connected one. */
function reshapeTrailing(value: Tensor, wanted: Shape | undefined): Tensor {
  if (wanted === undefined || wanted.length >= value.shape.length) return value;
  const isSame = value.shape.every((extent, axis) => extent === (wanted[axis] ?? 1));
  return isSame ? { ...value, shape: wanted } : value;
}

/** The difference as the user sees it: leftover and misshapen keys have their names in the file. */
function underFileNames(
  { missing, unexpected, misshapen }: StateDictDifference,
  names: ReadonlyMap<string, string>,
): StateDictDifference {
  const theirs = (name: string): string => names.get(name) ?? name;
  return {
    missing,
    unexpected: unexpected.map(theirs),
    misshapen: misshapen.map((entry) => ({ ...entry, name: theirs(entry.name) })),
  };
}
