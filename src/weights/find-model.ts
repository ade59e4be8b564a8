import { cifarModelName } from "../nn/families/resnet.ts";
import type { ModelOptions } from "../nn/model-options.ts";
import { createModel, type NamedModel } from "../nn/models.ts";
import type { ShortcutType } from "../nn/shortcuts/type.ts";
import { ResiduaError } from "../tensor/errors.ts";
import type { Identification } from "./identify.ts";
import { depthOf, type Structure } from "./structure.ts";

/**
 * Residua's own network of this structure, as the layout builds it; undefined where it has none.
 *
 * @param shortcut one of the possible types
 */
export function findModel(found: Identification, shortcut: ShortcutType): NamedModel | undefined {
  const name = found.layout.build.stemStride === undefined ? modelName(found.structure) : undefined;
  if (name === undefined) return undefined;
  try {
    return createModel(name, modelOptionsOf(found, shortcut));
  } catch (error) {
    if (error instanceof ResiduaError) return undefined;
    throw error;
  }
}

/** Options that a network needs for these weights: what the shapes say, and how the layout builds the rest. */
export function modelOptionsOf({ structure, layout }: Identification, shortcut: ShortcutType): ModelOptions {
  const { projection, block } = structure;
  const { padSide, stridePlace, averageDown } = layout.build;
  return {
    shortcut,
    channels: structure.channels,
    ...(structure.classes === undefined ? {} : { classes: structure.classes }),
    ...(padSide === undefined || shortcut !== "pad" ? {} : { padSide }),
    ...(stridePlace === undefined || block === "basic" ? {} : { stridePlace }),
    ...(averageDown === true ? { subsample: "average" } : {}),
    ...(projection?.bias === true && layout.build.foldBias !== true ? { projectionBias: true } : {}),
    ...(projection?.norm === false && !structure.preactivation ? { projectionNorm: false } : {}),
  };
}

/** The registry's name, by what papers call the network. */
function modelName(structure: Structure): string | undefined {
  const { dimensions, stages, stem, block, groups, preactivation, attention } = structure;
  const depth = depthOf(structure);
  const [{ width }] = stages;
  if (dimensions !== 2 || preactivation || attention !== "none" || stem.convolutions !== 1) return undefined;
  if (stages.length === 3 && block === "basic" && width === 16) return cifarModelName(depth);
  if (stages.length !== 4 || stem.kernel[0] !== 7 || stem.width !== 64) return undefined;
  if (groups > 1) return `resnext${depth}_${groups}x${width / groups}d`;
  return width === 64 ? `resnet${depth}` : `wide_resnet${depth}_${width / 64}`;
}
