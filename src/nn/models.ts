import { describeChoices } from "../tensor/choices.ts";
import { requireNorm } from "./norm-free.ts";
import { requireLayerScale } from "./shortcuts/layer-scale.ts";
import { parseShortcutType, type ShortcutName } from "./shortcuts/type.ts";
import { OptionError } from "../tensor/errors.ts";
import type { Shape } from "../tensor/shape.ts";
import { airbenchFamily } from "./families/airbench.ts";
import { cbamFamily, squeezeExcitationFamily } from "./families/attention-resnet.ts";
import { convnextFamily } from "./families/convnext.ts";
import { densenetFamily } from "./families/densenet.ts";
import { featurePyramidFamily } from "./families/feature-pyramid.ts";
import { plateLocatorFamily } from "./families/plate-locator.ts";
import { plateReaderFamily } from "./families/plate-reader.ts";
import { regnetFamily } from "./families/regnet.ts";
import { preactivationFamily } from "./families/preactivation-resnet.ts";
import { res2netFamily } from "./families/res2net.ts";
import { resnetFamily } from "./families/resnet.ts";
import { resnetDFamily } from "./families/resnet-d.ts";
import { resnetRsFamily } from "./families/resnet-rs.ts";
import { resnestFamily } from "./families/resnest.ts";
import { resnextFamily } from "./families/resnext.ts";
import { recurrentFamily } from "./families/residual-recurrent.ts";
import { residualUnetFamily } from "./families/residual-unet.ts";
import { signalFamily, volumeFamily } from "./families/signals-and-volumes.ts";
import { stochasticDepthFamily } from "./families/stochastic-depth.ts";
import { wideResnetFamily } from "./families/wide-resnet.ts";
import type { ModelFamily, ModelPlan } from "./family.ts";
import { type CompleteModelOptions, type ModelOptions, requireModelOptions } from "./model-options.ts";
import type { Module } from "./module.ts";

/** A network with what is needed to recreate it. */
export interface NamedModel {
  readonly name: string;
  /** The options with the network's own defaults filled in. */
  readonly options: CompleteModelOptions;
  readonly module: Module;
  /** Inputs `[channels, H, W]` that the network was designed for. */
  readonly imageShape: Shape;
}

/** Options of a network as its user gives them: the shortcut type by name or alias. */
export type ModelRequest = Omit<ModelOptions, "shortcut"> & { readonly shortcut?: ShortcutName | undefined };

/** Every family, one row each; the first family that knows a name wins. */
export const modelFamilies: readonly ModelFamily[] = [
  resnetFamily,
  resnetDFamily,
  resnetRsFamily,
  res2netFamily,
  resnestFamily,
  preactivationFamily,
  wideResnetFamily,
  resnextFamily,
  squeezeExcitationFamily,
  cbamFamily,
  stochasticDepthFamily,
  densenetFamily,
  airbenchFamily,
  convnextFamily,
  regnetFamily,
  signalFamily,
  volumeFamily,
  recurrentFamily,
  residualUnetFamily,
  featurePyramidFamily,
  plateLocatorFamily,
  plateReaderFamily,
];

/** Names to show in a list; families such as CIFAR's also know any other depth. */
export const modelNames: readonly string[] = modelFamilies.flatMap(({ names }) => names);

/** The family that knows a name, and its plan. @throws {OptionError} if no family knows the name */
export function findModelPlan(name: string): { readonly family: ModelFamily; readonly plan: ModelPlan } {
  for (const family of modelFamilies) {
    const plan = family.find(name);
    if (plan !== undefined) return { family, plan };
  }
  const words = { all: "residua models list" };
  throw new OptionError("model", `unknown model "${name}"; ${describeChoices(name, modelNames, words)}`);
}

/**
 * Makes a network by its name, such as "resnet20" (CIFAR) or "resnet50" (ImageNet).
 * @throws {OptionError} if the name is unknown, or an option is out of its range or not one of this network's
 */
export function createModel(name: string, options: ModelRequest = {}): NamedModel {
  const { plan } = findModelPlan(name);
  const { shortcut, ...rest } = options;
  const named: ModelOptions = { ...rest, ...(shortcut === undefined ? {} : { shortcut: parseShortcutType(shortcut) }) };
  const given = Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined));
  requireModelOptions(name, given, plan.accepts);
  const complete: CompleteModelOptions = { ...plan.defaults, ...given };
  if (!plan.shortcuts.includes(complete.shortcut)) {
    throw new OptionError(
      "shortcut",
      `"${complete.shortcut}" does not fit ${name}; ${describeChoices(complete.shortcut, plan.shortcuts)}`,
    );
  }
  requireLayerScale(complete);
  requireNorm(complete);
  return { name, options: complete, module: plan.build(complete), imageShape: [complete.channels, ...plan.extents] };
}
