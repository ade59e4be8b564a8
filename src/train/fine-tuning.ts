import type { ParameterGroup } from "../compile/step/update.ts";
import { headOf, type Module, parametersOf, type ParameterSpec } from "../nn/module.ts";
import { OptionError } from "../tensor/errors.ts";
import type { Shape } from "../tensor/shape.ts";
import { planPhases } from "./phases.ts";
import type { Recipe } from "./recipe.ts";
import { scaleInvariantFilters } from "./scale-invariant.ts";
import { whitenedLayer } from "./whitening.ts";

/**
 * Whether a pattern matches a parameter: by its full name, or by a module that contains it ("layer1" matches
 * "layer1.0.conv1.weight"); `*` matches any characters.
 */
export function matchesPattern(pattern: string, name: string): boolean {
  const source = pattern
    .split("*")
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"))
    .join(".*");
  return new RegExp(`^${source}(\\.|$)`).test(name);
}

/** The longest common prefix of all names, in whole components. */
function commonPlace(names: readonly string[]): string {
  const [first, ...others] = names.map((name) => name.split(".").slice(0, -1));
  if (first === undefined) return "";
  const length = first.findIndex((part, at) => !others.every((other) => other[at] === part));
  return first
    .slice(0, length < 0 ? first.length : length)
    .map((part) => `${part}.`)
    .join("");
}

/** Modules that hold all stages: the stages are what distinguishes layers, not these. */
const containers: ReadonlySet<string> = new Set(["stages", "features", "trunk_output"]);

/**
 * Groups a network's parameters from input to classifier (the last group), by the outermost name component that
 * distinguishes layers ("layer1", "features.denseblock1", "stages.0"). Norms and biases alone form no group; they join
 * the preceding one.
 */
export function layerGroups(module: Module): readonly (readonly string[])[] {
  const head = headOf(module);
  const body = [...parametersOf(module)].filter(([name]) => !head.includes(name));
  const place = commonPlace(body.map(([name]) => name));
  const keyOf = (name: string): string => {
    const [outer, inner] = name.slice(place.length).split(".");
    return containers.has(outer) ? `${outer}.${inner}` : outer;
  };
  const groups: { key: string; names: string[] }[] = [];
  for (const [name] of body) {
    const key = keyOf(name);
    const known = groups.find((group) => group.key === key);
    const isLayer = body.some(([other, { role }]) => role === "weight" && keyOf(other) === key);
    const target = known ?? (isLayer ? undefined : groups.at(-1));
    if (target === undefined) groups.push({ key, names: [name] });
    else target.names.push(name);
  }
  return [...groups.map(({ names }) => names), ...(head.length === 0 ? [] : [head])];
}

/** @throws {OptionError} naming a pattern that matches no parameter, with what there is */
function requireMatches(option: string, patterns: readonly string[], names: readonly string[]): void {
  const lost = patterns.find((pattern) => !names.some((name) => matchesPattern(pattern, name)));
  if (lost === undefined) return;
  const places = [...new Set(names.map((name) => name.split(".").slice(0, 2).join(".")))];
  const shown = places.length > 12 ? `${places.slice(0, 12).join(", ")} …` : places.join(", ");
  throw new OptionError(option, `"${lost}" matches no parameter of the network; there are ${shown}`);
}

/** Which parameters are trained, when, and at what rate. */
export interface FineTuning {
  /** Number of phases; only gradual unfreezing and FreezeOut have several. */
  readonly phases: number;
  /** The phase of a step. @param step counts from 0 */
  readonly phaseOf: (step: number) => number;
  /** The options of a training step in a phase. */
  readonly optionsOf: (phase: number) => {
    readonly frozen: (name: string) => boolean;
    readonly rateFactor: (name: string) => number;
    readonly groups?: readonly ParameterGroup[];
    readonly scaleInvariant?: (name: string) => boolean;
  };
  /** Whether no phase trains a parameter. */
  readonly isNeverTrained: (name: string) => boolean;
}

/**
 * Resolves the per-layer settings of a recipe for one network.
 *
 * @param sample `[C, H, W]` of one sample
 * @throws {OptionError} if a field would have no effect (a pattern that matches no parameter or only frozen ones, a
 *   rate for untrained layers), if two fields exclude each other, or if nothing is left to train or to freeze
 */
export function planFineTuning(
  recipe: Recipe,
  module: Module,
  { steps, stepsPerEpoch, sample }: { readonly steps: number; readonly stepsPerEpoch: number; readonly sample: Shape },
): FineTuning {
  const { whiten = false, freeze = [], headOnly = false, layerDecay = 1, rates = [], biasRate = 1 } = recipe;
  const parameters = parametersOf(module);
  const names = [...parameters.keys()];
  const isBias = (name: string): boolean => isOffset(name, parameters.get(name)!);
  const groups = layerGroups(module);
  const groupOf = new Map(groups.flatMap((group, index) => group.map((name) => [name, index] as const)));
  const fromEnd = (name: string): number => groups.length - 1 - groupOf.get(name)!;
  const whitened = whiten ? whitenedLayer(module, sample) : undefined;
  const isFixed = (name: string): boolean =>
    name === whitened || freeze.some((pattern) => matchesPattern(pattern, name));
  const trainedAtAll = names.filter((name) => !isFixed(name) && !(headOnly && fromEnd(name) > 0));
  requireMatches("freeze", freeze, names);
  requireHead(recipe, module);
  if (trainedAtAll.length === 0) throw new OptionError("freeze", "leaves nothing to train");
  requireTrainedRates(rates, names, trainedAtAll);
  if (layerDecay !== 1 && trainedAtAll.every((name) => fromEnd(name) === 0))
    throw new OptionError("layerDecay", "changes nothing when only the last stage is trained; leave it out");
  if (biasRate !== 1 && !trainedAtAll.some(isBias))
    throw new OptionError("biasRate", "has no bias to apply to: the network has none that is trained; leave it out");
  const rateFactor = (name: string): number =>
    layerDecay ** fromEnd(name) *
    (isBias(name) ? biasRate : 1) *
    (rates.findLast(({ pattern }) => matchesPattern(pattern, name))?.factor ?? 1);
  const everTrained = new Set(trainedAtAll);
  const { phases, groups: ownRates } = planPhases(recipe, {
    groups: groups.map((group) => group.filter((name) => everTrained.has(name))),
    hasHead: headOf(module).length > 0,
    steps,
    stepsPerEpoch,
  });
  // If the classifier is frozen, gradual unfreezing would start with nothing to train.
  if (phases[0].trained.size === 0) throw new OptionError("freeze", "leaves nothing to train in the first epochs");
  const own = phases.map(({ trained }) => {
    const frozen = (name: string): boolean => !trained.has(name);
    const given = ownRates === undefined ? {} : { groups: ownRates };
    return { frozen, rateFactor, ...given, ...rescaled(recipe, module, { sample, frozen }) };
  });
  if (own[0].scaleInvariant !== undefined) requireFilters(own, names);
  return {
    phases: phases.length,
    phaseOf: (step) => phases.findLastIndex(({ firstStep }) => step >= firstStep),
    optionsOf: (phase) => own[phase],
    isNeverTrained: (name) => !everTrained.has(name),
  };
}

/** Which weights the optimizer rescales, if it does; while much is frozen there may be none. */
function rescaled(
  { optimizer }: Recipe,
  module: Module,
  { sample, frozen }: { readonly sample: Shape; readonly frozen: (name: string) => boolean },
): { readonly scaleInvariant?: (name: string) => boolean } {
  if (optimizer.name !== "muon" || optimizer.unitFilters !== true) return {};
  const filters = scaleInvariantFilters(module, sample, frozen);
  return { scaleInvariant: (name) => filters.has(name) };
}

/** @throws {OptionError} if the optimizer would rescale filters and no phase trains one that it may */
function requireFilters(
  phases: readonly Pick<ReturnType<FineTuning["optionsOf"]>, "frozen" | "scaleInvariant">[],
  names: readonly string[],
): void {
  if (
    phases.some(({ frozen, scaleInvariant }) => names.some((name) => !frozen(name) && scaleInvariant?.(name) === true))
  )
    return;
  throw new OptionError(
    "unitFilters",
    "has no filter to apply to: a batch norm follows none that is trained; leave it out",
  );
}

/** Whether a parameter is added rather than multiplied with: a layer's bias, or a norm's. */
function isOffset(name: string, { role }: ParameterSpec): boolean {
  return role === "bias" || (role === "norm" && name.endsWith(".bias"));
}

function requireHead({ headOnly = false, unfreezeEvery, freezeOut }: Recipe, module: Module): void {
  if (headOnly && unfreezeEvery !== undefined)
    throw new OptionError("unfreezeEvery", "excludes headOnly, which trains nothing but the classifier; leave one out");
  if (headOnly && freezeOut !== undefined)
    throw new OptionError("freezeOut", "excludes headOnly, which trains nothing but the classifier; leave one out");
  if (unfreezeEvery !== undefined && freezeOut !== undefined)
    throw new OptionError("freezeOut", "excludes unfreezeEvery, which begins at the other end; leave one out");
  if ((headOnly || unfreezeEvery !== undefined) && headOf(module).length === 0)
    throw new OptionError(
      headOnly ? "headOnly" : "unfreezeEvery",
      "needs a fully connected layer at the network's end",
    );
}

/** @throws {OptionError} for a pattern whose parameters are all frozen, where a rate has no effect */
function requireTrainedRates(
  rates: NonNullable<Recipe["rates"]>,
  names: readonly string[],
  trained: readonly string[],
): void {
  requireMatches(
    "rates",
    rates.map(({ pattern }) => pattern),
    names,
  );
  const idle = rates.find(({ pattern }) => !trained.some((name) => matchesPattern(pattern, name)));
  if (idle !== undefined) throw new OptionError("rates", `"${idle.pattern}" matches frozen parameters only`);
}
