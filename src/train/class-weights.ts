import { OptionError } from "../tensor/errors.ts";
import type { Recipe } from "./recipe.ts";

/** The part of a labelled set that class weights depend on. */
export interface LabelledPart {
  /** The class of every image in the set. */
  readonly labels: Int32Array;
  /** Indices of the training images; all if left out. */
  readonly part?: Uint32Array;
  readonly classes: readonly string[];
}

/**
 * Replaces "balanced" in a recipe with one weight per class.
 *
 * @throws {OptionError} if the number of weights is not the number of classes, or a class to be balanced has no images
 */
export function resolveClassWeights(recipe: Recipe, { labels, part, classes }: LabelledPart): Recipe {
  const { classWeights } = recipe;
  if (classWeights === undefined) return recipe;
  if (classWeights === "balanced") return { ...recipe, classWeights: balancedWeights(labels, part, classes) };
  if (classWeights.length === classes.length) return recipe;
  throw new OptionError("classWeights", `must be ${classes.length}, one for each class, got ${classWeights.length}`);
}

/** N / (K·n): every class has the same total weight. @source scikit-learn, compute_class_weight("balanced") */
function balancedWeights(
  labels: Int32Array,
  part: Uint32Array | undefined,
  classes: readonly string[],
): readonly number[] {
  const counts = classes.map(() => 0);
  const count = part?.length ?? labels.length;
  for (let place = 0; place < count; place++) counts[labels[part?.[place] ?? place]]++;
  const empty = counts.indexOf(0);
  if (empty >= 0)
    throw new OptionError("classWeights", `"balanced" needs images of every class; "${classes[empty]}" has none`);
  return counts.map((own) => count / (classes.length * own));
}
