import { cifarModelName } from "../../nn/families/resnet.ts";
import type { ModelOptions } from "../../nn/model-options.ts";
import { createModel, findModelPlan, type NamedModel } from "../../nn/models.ts";
import type { Module } from "../../nn/module.ts";
import { buffersOf, parametersOf } from "../../nn/module.ts";
import type { ShortcutType } from "../../nn/shortcuts/type.ts";
import { ResiduaError } from "../../tensor/errors.ts";
import { sameShape, type Shape } from "../../tensor/shape.ts";
import type { Identification } from "./identify.ts";
import { networkShapes } from "./network-shapes.ts";
import { ownNames } from "./own-names.ts";
import { depthOf } from "./structure.ts";

/**
 * Residua's own network of this structure, as the layout builds it; undefined if there is none.
 *
 * @param shortcut one of the possible types
 */
export function findModel(found: Identification, shortcut: ShortcutType): NamedModel | undefined {
  const name = modelName(found);
  if (name === undefined || !canBuild(found)) return undefined;
  try {
    const model = createModel(name, modelOptionsOf(found, shortcut, name));
    return fitsShapes(model.module, found, shortcut) ? model : undefined;
  } catch (error) {
    if (error instanceof ResiduaError) return undefined;
    throw error;
  }
}

/**
 * The options that a network needs for these weights: from the shapes, and from how the layout builds the rest.
 *
 * @param name omits options that the network of this name does not take, or has by default
 */
export function modelOptionsOf(
  { structure, layout }: Identification,
  shortcut: ShortcutType,
  name?: string,
): ModelOptions {
  const { projection, block, preactivation, stem, stages, attention, layerScale } = structure;
  const { padSide, stridePlace, averageDown, foldBias, dilated, stemStride } = layout.build;
  const isLarge = stages.length === 4;
  const deep: ModelOptions = { stem: "deep", subsample: averageDown === true ? "average" : "stride" };
  const options: ModelOptions = {
    shortcut,
    channels: structure.channels,
    ...(structure.classes === undefined ? {} : { classes: structure.classes }),
    ...(padSide === undefined || shortcut !== "pad" ? {} : { padSide }),
    ...(stridePlace === undefined || block === "basic" ? {} : { stridePlace }),
    ...(averageDown === true ? { subsample: "average" } : {}),
    ...(projection?.bias === true && foldBias !== true ? { projectionBias: true } : {}),
    ...(projection?.norm === false && !preactivation ? { projectionNorm: false } : {}),
    ...(dilated === true ? { outputStride: 8, firstDilation: "stage" } : {}),
    ...(typeof stemStride === "number" ? { stemStride } : {}),
    ...(attention === "none" ? {} : { attention }),
    ...(layerScale === "none" ? {} : { layerScale }),
    ...(isLarge && stem.convolutions === 3 ? deep : {}),
    ...(isLarge && stem.convolutions === 1 && stem.kernel[0] === 3 ? { stem: "3x3" } : {}),
    ...(isLarge && stem.width !== 64 ? { stemWidth: stem.width } : {}),
  };
  if (name === undefined) return options;
  const { accepts, defaults } = findModelPlan(name).plan;
  const always: readonly (keyof ModelOptions)[] = ["shortcut", "channels", "classes"];
  const entries = Object.entries(options) as [keyof ModelOptions, unknown][];
  return Object.fromEntries(
    entries.filter(
      ([option, value]) => accepts.includes(option) && (always.includes(option) || defaults[option] !== value),
    ),
  );
}

/** Properties that no option of Residua's networks expresses: such a file is recognised but not loaded. */
function canBuild({ structure, layout }: Identification): boolean {
  const { rawProjection, foldBias } = layout.build;
  const hasBias = structure.convolutionBias && foldBias !== true;
  return rawProjection !== true && !hasBias;
}

/** Whether the network's weights match the file's, name by name. */
function fitsShapes(module: Module, found: Identification, shortcut: ShortcutType): boolean {
  const specs = [...parametersOf(module), ...buffersOf(module)];
  const own = ownNames(specs.map(([name]) => name));
  if (own === undefined) return false;
  const { foldBias = false } = found.layout.build;
  const wanted = [...networkShapes(found.structure, shortcut, found.shapes)].filter(
    ([name]) => !(foldBias && /\bconv\d*\.bias$/.test(name)),
  );
  const shapes = new Map(specs.map(([name, { shape }]) => [name, shape]));
  const head = found.structure.classes === undefined ? [...own.keys()].filter((name) => name.startsWith("fc.")) : [];
  return (
    wanted.length + head.length === specs.length &&
    wanted.every(([name, shape]) => {
      const other = shapes.get(own.get(name) ?? "");
      return other !== undefined && sameShape(withoutTrailing(other), withoutTrailing(shape));
    })
  );
}

/** A classifier may be a 1×1 convolution or fully connected: the numbers are the same. */
function withoutTrailing(shape: Shape): Shape {
  return shape.slice(0, shape.findLastIndex((extent) => extent !== 1) + 1);
}

/** The registry's name, from the name in papers; options express what the name does not. */
function modelName({ structure, layout }: Identification): string | undefined {
  const { stages, stem, block, groups, preactivation, attention, dimensions } = structure;
  const depth = depthOf(structure);
  const [{ width }] = stages;
  if (stages.length === 3) {
    if (!preactivation) return groups > 1 ? `resnext${depth}_${groups}x${width / groups}d` : cifarModelName(depth);
    if (width > stem.width && block === "basic") return `wrn-${depth}-${width / stem.width}`;
    return cifarModelName(depth).replace("resnet", "resnetv2_");
  }
  if (dimensions === 3 && layout.build.dilated === true) return `medicalnet${depth}`;
  if (dimensions !== 2) return `resnet${depth}-${dimensions}d`;
  const isDeep = stem.convolutions === 3;
  if (preactivation) return `resnetv2_${depth}${isDeep ? "d" : ""}`;
  const attended = attention === "se" ? "se" : "";
  if (groups > 1) return `${attended}resnext${depth}_${groups}x${width / groups}d`;
  if (block === "bottleneck" && width > 64) return `wide_resnet${depth}_${width / 64}`;
  return isDeep ? `resnet${depth}d` : `${attended}resnet${depth}`;
}
