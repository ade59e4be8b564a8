import { describeModule } from "../nn/describe.ts";
import type { Module } from "../nn/module.ts";
import { OptionError, ShapeError } from "../tensor/errors.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Recipe } from "./recipe.ts";

/** The share of a training's steps that see small images. */
const SMALL_STEPS = 0.5;

/** How large the images of a step are. @param step counts from 0 */
export type ImageShapeAt = (step: number) => Shape;

const shrink = ([channels, ...sides]: Shape, share: number): Shape => [
  channels,
  ...sides.map((side) => Math.max(1, Math.round(share * side))),
];

/**
 * Multiply-adds of a forward pass per image, the mean over a training's steps.
 *
 * @param sample `[C, …]` of a whole image
 */
export function meanMultiplyAdds(
  { progressiveResize: share }: Pick<Recipe, "progressiveResize">,
  module: Module,
  sample: Shape,
): number {
  const whole = describeModule(module, sample).multiplyAdds;
  if (share === undefined) return whole;
  const small = describeModule(module, shrink(sample, share)).multiplyAdds;
  return SMALL_STEPS * small + (1 - SMALL_STEPS) * whole;
}

/**
 * Progressive resizing: the first half of the steps see smaller images, which cost less; the second half sees whole ones.
 *
 * @param sample `[C, …]` of a whole image
 * @param steps of the training
 * @throws {OptionError} if the network takes no images of the smaller size, or if that is the whole
 * @source Howard 2018, "Training Imagenet in 3 hours for $25"; Touvron et al. 2019, arXiv:1906.06423
 */
export function planImageSizes(
  { progressiveResize: share }: Recipe,
  module: Module,
  { sample, steps }: { readonly sample: Shape; readonly steps: number },
): ImageShapeAt {
  if (share === undefined) return () => sample;
  const small = shrink(sample, share);
  const shown = small.slice(1).join(" × ");
  if (small.join() === sample.join())
    throw new OptionError("progressiveResize", `leaves images of ${shown} as they are; give a smaller share`);
  try {
    describeModule(module, small);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new OptionError("progressiveResize", `the network takes no images of ${shown}; give a larger share`);
  }
  return (step) => (step < SMALL_STEPS * steps ? small : sample);
}
