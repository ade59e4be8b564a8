import { initializeState } from "../nn/initialization.ts";
import type { ModelOptions } from "../nn/model-options.ts";
import { createModel, type NamedModel } from "../nn/models.ts";
import { parametersOf } from "../nn/module.ts";
import { countParameters, type Module } from "../nn/module.ts";
import { WeightsError } from "../tensor/errors.ts";
import { listNames } from "../tensor/printable.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type AdaptedWeights, adaptWeights } from "../weights/recognise/adapt.ts";
import { findModel, modelOptionsOf } from "../weights/recognise/find-model.ts";
import { type Identification, identifyWeights } from "../weights/recognise/identify.ts";
import { findLayout, inspectWeights, shortcutWords } from "../weights/recognise/inspection.ts";
import { type FamilyWeights, tellFamily } from "../weights/recognise/family-weights.ts";
import { tellUnet } from "../weights/recognise/own-unet.ts";
import type { ChannelNormalization } from "../weights/layouts/layout.ts";
import { describeDifference } from "../weights/recognise/state-dict-difference.ts";
import type { WeightsFile } from "../weights/weights-file.ts";
import { readRecordedNetwork } from "./inspect.ts";
import { createKnownModel, type NetworkCard, stateShapes, withoutOptimizerState } from "./card.ts";
import type { KnownNetwork } from "./notes.ts";

/** A network with its weights. */
export interface LoadedModel {
  readonly model: NamedModel;
  readonly state: ReadonlyMap<string, Tensor<"float32">>;
}

/** A network with weights from a file. */
export interface ImportedModel extends LoadedModel {
  /** What the network and the file do not share; it is empty unless a part was asked for. */
  readonly difference: AdaptedWeights["difference"];
  /** Names of the file that belong to no residual network. */
  readonly left: readonly string[];
  /** Other prefixes under which the same network is. */
  readonly copies: readonly string[];
  /** The card of a file that Residua wrote. */
  readonly card: NetworkCard | undefined;
  /** The normalisation of the images of the system that the file is from, as far as known. */
  readonly normalization: ChannelNormalization | undefined;
}

/** The user's facts about the file, and what to take from it. */
export interface LoadOptions {
  /** The network's name; left out, it is the one that the file's names and shapes tell. */
  readonly name?: string;
  /** Further options of the network; those that the file determines take precedence. */
  readonly options?: ModelOptions;
  /** A layout's id, if several systems share the names. */
  readonly layout?: string;
  /** Loads what fits; the rest is initialised from seed 0. */
  readonly partial?: boolean;
}

/**
 * Makes the network that a weights file belongs to and loads it. Input channels, classes, shortcut type and the place
 * of the stride are those of the file, by its shapes, its layout or, if Residua wrote it, by its own metadata.
 *
 * @param where the file's name, for errors
 * @throws {WeightsError} naming the keys, if the weights belong to another network or shortcut type
 * @throws {OptionError} if the name or an option is unknown
 */
export function loadWeights(file: WeightsFile, where: string, request: LoadOptions = {}): ImportedModel {
  const known = readRecordedNetwork(file, where);
  const weights = known === undefined ? file : { ...file, tensors: recordedTensors(file, where, known) };
  const { model, identification, member } = chooseModel(weights, where, { ...request, known });
  const { state, difference, left, copies } = adaptWeights(
    where,
    { module: model.module, file: member === undefined ? weights : { ...weights, tensors: member.tensors } },
    { identification, ...(request.partial === true ? { partial: true } : {}) },
  );
  const whole = difference.missing.length + difference.misshapen.length === 0;
  if (!whole) requireModestSize(model.module, where);
  return {
    model,
    state: whole ? state : new Map([...initializeState(model.module, 0), ...state]),
    difference,
    left: [...left, ...(member?.besides ?? [])],
    copies,
    card: known?.card,
    normalization: identification?.layout.build.normalization ?? member?.layout.normalization,
  };
}

/** The weights of the network that a file records: a checkpoint has the optimizer's state besides, a graph its constants. */
function recordedTensors(
  { tensors, origin }: WeightsFile,
  where: string,
  known: KnownNetwork,
): ReadonlyMap<string, Tensor> {
  if (origin.format !== "ONNX") return withoutOptimizerState(tensors);
  const wanted = stateShapes(createKnownModel(known, tensors.size, where).module);
  const found = new Map([...tensors].filter(([name]) => wanted.has(name)));
  if (found.size === wanted.size) return found;
  throw new WeightsError(where, "is an exported network without its single weights; give the checkpoint beside it");
}

/** One line on the remainder of a partial load, in the file and in the network; undefined if there is none. */
export function describeLeft({ difference, left, copies }: ImportedModel): string | undefined {
  const parts = [
    describeDifference(difference),
    left.length > 0 ? `left out ${left.length} names of other parts` : "",
    copies.length > 0 ? `the same network is also under ${listNames(copies)} (\`prefix\` takes that)` : "",
  ];
  return parts.filter((part) => part !== "").join("; ") || undefined;
}

/** Initialised parts have no data in the file, so its claims of channels and classes may be arbitrary. */
const mostDrawn = 2 ** 29;

function requireModestSize(module: Module, where: string): void {
  if (!(countParameters(module) > mostDrawn)) return;
  throw new WeightsError(where, `claims a network of ${countParameters(module)} parameters and lacks a part of it`);
}

interface Choice {
  readonly model: NamedModel;
  readonly identification: Identification | undefined;
  /** The network of a family that the file holds, with its weights renamed. */
  readonly member?: FamilyWeights;
}

type Request = LoadOptions & { readonly known: KnownNetwork | undefined };

function chooseModel(file: WeightsFile, where: string, request: Request): Choice {
  const { known, name, partial } = request;
  // A part of another network, such as the encoder of one that segments, is named as such.
  const isPartOf = partial === true && name !== undefined && name !== known?.model.name;
  if (known !== undefined && !isPartOf)
    return { model: recordedModel(known, where, request), identification: undefined };
  const unet = tellUnet(file.tensors);
  if (unet !== undefined && (name ?? unet.name) === unet.name)
    return { model: createModel(unet.name, { ...unet.options, ...request.options }), identification: undefined };
  const member = request.layout === undefined ? tellFamily(file.tensors, name) : undefined;
  if (member !== undefined) return { model: memberModel(member, where, request), identification: undefined, member };
  return name === undefined ? foundModel(file, where, request) : namedModel(file, where, { ...request, name });
}

/** The file identifies itself. */
function recordedModel({ model }: KnownNetwork, where: string, { name, options = {} }: LoadOptions): NamedModel {
  if (name !== undefined && name !== model.name) {
    throw new WeightsError(where, `holds ${model.name}, by its own record, not ${name}`);
  }
  const { shortcut: recorded } = model.options;
  if (recorded === undefined)
    throw new WeightsError(where, "holds a network out of an ONNX file, which has no name here; give its model.onnx");
  const { shortcut = recorded } = options;
  if (shortcut !== recorded) {
    const own = shortcutWords(recorded);
    throw new WeightsError(
      where,
      `was trained with shortcut ${own}, by its own record, not ${shortcutWords(shortcut)}`,
    );
  }
  return createModel(model.name, { ...model.options, ...options });
}

/** The network of a family, with what the user adds. */
function memberModel(
  { model }: FamilyWeights,
  where: string,
  { name, options = {}, partial }: LoadOptions,
): NamedModel {
  if (name === undefined || name === model.name) return createModel(model.name, { ...model.options, ...options });
  if (partial !== true) throw new WeightsError(where, `holds the weights of ${model.name}, not of ${name}`);
  const { channels, classes } = model.options;
  return createModel(name, { channels, classes, ...options });
}

/** The network identified by names and shapes. */
function foundModel(file: WeightsFile, where: string, { options = {}, layout }: LoadOptions): Choice {
  const { shortcut } = options;
  const found = inspectWeights(file, where, {
    ...(layout === undefined ? {} : { layout }),
    ...(shortcut === undefined ? {} : { shortcut }),
  });
  const [first, second] = found.shortcuts;
  if (second !== undefined) {
    const types = found.shortcuts.map(shortcutWords).join(" and ");
    throw new WeightsError(
      where,
      `is a ${found.title}, but ${types} have the same weights; say which with \`shortcut\``,
    );
  }
  const model = findModel(found, first);
  if (model === undefined) {
    throw new WeightsError(
      where,
      `is a ${found.title} in the ${found.layout.name} layout; Residua has no such network`,
    );
  }
  return { model: createModel(model.name, { ...model.options, ...options }), identification: found };
}

/** The network that the user names, with the options that the file tells. @throws {WeightsError} if it holds no weights of it */
export function namedModel(
  file: WeightsFile,
  where: string,
  { name, options = {}, layout }: LoadOptions & { readonly name: string },
): Choice {
  const found = layout === undefined ? identifyWeights(file) : identifyWeights(file, [findLayout(layout)], true);
  if (found !== undefined) {
    const told = modelOptionsOf(found, found.shortcuts.length === 1 ? found.shortcuts[0] : "project", name);
    return { model: createModel(name, { ...told, ...options }), identification: found };
  }
  // Behind a prefix, too: which one it is shows when the weights are fitted.
  const find = (key: string): Tensor | undefined =>
    file.tensors.get(key) ?? [...file.tensors].find(([each]) => each.endsWith(`.${key}`))?.[1];
  const extent = (key: string, axis: number): number => {
    const value = find(key)?.shape[axis];
    if (value === undefined) throw new WeightsError(where, `has no "${key}"; it holds no weights of ${name}`);
    return value;
  };
  const { first, last } = endsOf(name, options);
  const { channels = extent(first, 1), classes = extent(last, 0) } = options;
  return { model: createModel(name, { ...options, channels, classes }), identification: undefined };
}

/** The weights that read the input and that give the scores, by their state-dict names. */
function endsOf(name: string, options: ModelOptions): { readonly first: string; readonly last: string } {
  const parameters = [...parametersOf(createModel(name, options).module)];
  const weights = parameters.filter(([, { role, shape }]) => role === "weight" && shape.length > 1);
  return { first: weights[0][0], last: weights[weights.length - 1][0] };
}
