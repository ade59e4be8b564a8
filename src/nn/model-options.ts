import { describeChoices } from "../tensor/choices.ts";
import { OptionError } from "../tensor/errors.ts";
import { type ActivationName, activationNames } from "./activation-name.ts";
import { type NormKind, normKinds } from "./norm-free.ts";
import { type LayerScale, layerScales } from "./shortcuts/layer-scale.ts";
import { type ShortcutType, shortcutTypes } from "./shortcuts/type.ts";

/**
 * Options of a network by name. A network takes those that its family lists; options left out have the published
 * default.
 */
export interface ModelOptions {
  readonly shortcut?: ShortcutType;
  readonly channels?: number;
  readonly classes?: number;
  readonly subsample?: "stride" | "average";
  readonly padSide?: "after" | "both";
  readonly projectionNorm?: boolean;
  readonly projectionBias?: boolean;
  readonly zeroInitResidual?: boolean;
  readonly diracInit?: boolean;
  readonly stridePlace?: "3x3" | "1x1";
  readonly shortcutScale?: number;
  readonly scaleResidual?: boolean;
  readonly gateBias?: number;
  readonly shortcutDropout?: number;
  readonly layerScale?: LayerScale;
  readonly layerScaleInit?: number;
  readonly attention?: "none" | "se" | "cbam";
  readonly stochasticDepth?: number;
  readonly dropout?: number;
  readonly dilation?: number;
  readonly firstDilation?: "before" | "stage";
  readonly outputStride?: number;
  readonly stem?: "7x7" | "deep" | "3x3";
  readonly stemWidth?: number;
  readonly norm?: NormKind;
  readonly normEpsilon?: number;
  readonly stemStride?: number;
  readonly width?: number;
  readonly activation?: ActivationName;
  readonly hidden?: number;
  readonly pyramidWidth?: number;
  readonly slots?: number;
}

/** A name of an option. */
export type ModelOptionName = keyof ModelOptions;

/** Options of every network of additive blocks: inputs, outputs, and whatever affects a shortcut's form. */
export const additiveOptionNames: readonly ModelOptionName[] = [
  "shortcut",
  "channels",
  "classes",
  "padSide",
  "projectionNorm",
  "projectionBias",
  "shortcutScale",
  "scaleResidual",
  "gateBias",
  "shortcutDropout",
  "layerScale",
  "layerScaleInit",
];

/** The same where no block changes the shape, so that no shortcut pads. */
export const shapeKeepingOptionNames: readonly ModelOptionName[] = additiveOptionNames.filter(
  (name) => name !== "padSide",
);

/** Options with those that every network needs filled in. */
export interface CompleteModelOptions extends ModelOptions {
  readonly shortcut: ShortcutType;
  readonly channels: number;
  readonly classes: number;
}

/** What an option accepts, and a short description. */
export type OptionRule =
  | { readonly kind: "switch"; readonly meaning: string }
  | { readonly kind: "choice"; readonly meaning: string; readonly values: readonly (string | number)[] }
  | { readonly kind: "count"; readonly meaning: string }
  | { readonly kind: "number"; readonly meaning: string; readonly minimum: number; readonly below: number };

/** One row per option, by which files, the command line and `createModel` check. */
export const modelOptionTable: { readonly [Name in ModelOptionName]-?: OptionRule } = {
  shortcut: { kind: "choice", values: shortcutTypes, meaning: "S in y = act(F(x) + S(x))" },
  channels: { kind: "count", meaning: "channels of the input" },
  classes: { kind: "count", meaning: "classes to distinguish" },
  subsample: {
    kind: "choice",
    values: ["stride", "average"],
    meaning: "how a shortcut shrinks: every stride-th point, or means over windows (ResNet-D)",
  },
  padSide: { kind: "choice", values: ["after", "both"], meaning: "where option A puts its zero channels" },
  projectionNorm: { kind: "switch", meaning: "batch norm after a projection" },
  projectionBias: { kind: "switch", meaning: "a bias in projections" },
  zeroInitResidual: { kind: "switch", meaning: "the last batch norm of a block starts at scale 0" },
  diracInit: { kind: "switch", meaning: "a block's convolutions start as the identity on their first channels" },
  stridePlace: {
    kind: "choice",
    values: ["3x3", "1x1"],
    meaning: "which convolution of a bottleneck takes the stride: the 3×3 (v1.5) or the first 1×1 (v1)",
  },
  shortcutScale: { kind: "number", minimum: -10, below: 10, meaning: "λ of the shortcut type scaled" },
  scaleResidual: { kind: "switch", meaning: "the shortcut type scaled multiplies the residual by 1 − λ" },
  gateBias: { kind: "number", minimum: -100, below: 100, meaning: "initial bias of a gate" },
  shortcutDropout: { kind: "number", minimum: 0, below: 1, meaning: "probability of the shortcut type dropout" },
  layerScale: {
    kind: "choice",
    values: layerScales,
    meaning: "a learnable factor on F(x): one per block (ReZero, SkipInit), or one per channel (LayerScale)",
  },
  layerScaleInit: {
    kind: "number",
    minimum: -10,
    below: 10,
    meaning: "what the factor on F(x) starts at: 0 if left out for one per block, 1e-6 for one per channel",
  },
  attention: { kind: "choice", values: ["none", "se", "cbam"], meaning: "what weights a residual before it is added" },
  stochasticDepth: {
    kind: "number",
    minimum: 0,
    below: 1,
    meaning: "probability of dropping the last block's residual; it rises linearly from 0",
  },
  dropout: {
    kind: "number",
    minimum: 0,
    below: 1,
    meaning:
      "probability of dropout: before the classifier, in a WRN between a block's convolutions, in a DenseNet after each layer",
  },
  dilation: { kind: "count", meaning: "dilation of the 3×3 convolutions" },
  firstDilation: {
    kind: "choice",
    values: ["before", "stage"],
    meaning: "dilation of the convolution whose stride became dilation: the previous one, or its stage's",
  },
  outputStride: {
    kind: "choice",
    values: [1, 2, 4, 8, 16, 32],
    meaning: "how much smaller the last planes are than the images; strides beyond it become dilation",
  },
  stem: {
    kind: "choice",
    values: ["7x7", "deep", "3x3"],
    meaning: "7×7 with pooling, three 3×3 with pooling (ResNet-D), or one 3×3 for small images",
  },
  stemWidth: { kind: "count", meaning: "output channels of the stem" },
  norm: {
    kind: "choice",
    values: normKinds,
    meaning:
      "what keeps signals of one size: batch norm, nothing but layerScale (SkipInit), or how layers start (Fixup)",
  },
  normEpsilon: { kind: "number", minimum: 1e-12, below: 1, meaning: "epsilon of every batch norm" },
  stemStride: {
    kind: "choice",
    values: [1, 2],
    meaning: "stride of the stem's first convolution along every axis; 2 halves a U-Net's resolution",
  },
  width: {
    kind: "number",
    minimum: 0.0625,
    below: Number.POSITIVE_INFINITY,
    meaning: "factor of all channels of a CIFAR ResNet, an airbench or a network for plates, such as 2 or 0.5",
  },
  activation: {
    kind: "choice",
    values: activationNames,
    meaning: "what follows the first convolution, the norms and the additions of an airbench",
  },
  hidden: { kind: "count", meaning: "width of a recurrent layer's hidden state" },
  pyramidWidth: { kind: "count", meaning: "channels of a feature pyramid; its head has half as many" },
  slots: { kind: "count", meaning: "places that a reader of plates looks at: one per character, one for the colour" },
};

/** All option names, in the table's order. */
export const modelOptionNames = Object.keys(modelOptionTable) as readonly ModelOptionName[];

/** An option's valid values, in words. */
export function describeOptionRule(rule: OptionRule): string {
  if (rule.kind === "switch") return "true or false";
  if (rule.kind === "choice") return `one of ${rule.values.join(", ")}`;
  if (rule.kind === "count") return "a whole number above 0";
  return `a number ${rule.below === Number.POSITIVE_INFINITY ? `of at least ${rule.minimum}` : `in [${rule.minimum}, ${rule.below})`}`;
}

function keepsRule(rule: OptionRule, value: unknown): boolean {
  if (rule.kind === "switch") return typeof value === "boolean";
  if (rule.kind === "choice") return rule.values.some((allowed) => allowed === value);
  if (typeof value !== "number" || !Number.isFinite(value)) return false;
  return rule.kind === "count"
    ? Number.isSafeInteger(value) && value >= 1
    : value >= rule.minimum && value < rule.below;
}

/**
 * Checks options against the table and against what a network takes, so that none is silently ignored.
 *
 * @param model the network's name, for errors
 * @throws {OptionError} naming the option and its valid values
 */
export function requireModelOptions(model: string, options: ModelOptions, accepts: readonly ModelOptionName[]): void {
  for (const [name, value] of Object.entries(options)) {
    const rule: OptionRule | undefined = (modelOptionTable as Readonly<Record<string, OptionRule>>)[name];
    if (rule === undefined || !accepts.some((accepted) => accepted === name)) {
      throw new OptionError(name, `is not an option of ${model}; it takes ${accepts.join(", ")}`);
    }
    if (!keepsRule(rule, value))
      throw new OptionError(name, `must be ${describeOptionRule(rule)}, got ${String(value)}`);
  }
}

/**
 * Reads one `name=value`.
 * @throws {OptionError} if there is no such option, or the value is out of its range
 */
export function parseModelOption(text: string): ModelOptions {
  const [, name = text, written = ""] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
  const rule: OptionRule | undefined = (modelOptionTable as Readonly<Record<string, OptionRule>>)[name];
  if (rule === undefined) {
    throw new OptionError(
      "options",
      `knows no "${name}", must be NAME=VALUE; ${describeChoices(name, modelOptionNames, { all: "residua models options" })}`,
    );
  }
  const value = readValue(rule, written.trim());
  if (!keepsRule(rule, value))
    throw new OptionError("options", `${name} must be ${describeOptionRule(rule)}, got "${written}"`);
  return { [name]: value };
}

function readValue(rule: OptionRule, text: string): unknown {
  if (rule.kind === "switch") return text === "true" ? true : text === "false" ? false : undefined;
  if (rule.kind === "choice") return rule.values.find((value) => String(value) === text);
  return text === "" ? undefined : Number(text);
}
