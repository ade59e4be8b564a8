import { OptionError } from "../tensor/errors.ts";
import type { Recipe } from "./recipe.ts";

/** Labelled images, as far as their classes' weights depend on them. */
export interface LabelledPart {
  /** A class for every image of the set. */
  readonly labels: Int32Array;
  /** Places of the images that are trained on; all if left out. */
  readonly part?: Uint32Array;
  readonly classes: readonly string[];
}

/**
 * The recipe with a number for each class in the place of "balanced".
 *
 * @throws {OptionError} if there are not as many weights as classes, or a class that has to be balanced has no images
 */
export function resolveClassWeights(recipe: Recipe, { labels, part, classes }: LabelledPart): Recipe {
  const { classWeights } = recipe;
  if (classWeights === undefined) return recipe;
  if (classWeights === "balanced") return { ...recipe, classWeights: balancedWeights(labels, part, classes) };
  if (classWeights.length === classes.length) return recipe;
  throw new OptionError("classWeights", `must be ${classes.length}, one for each class, got ${classWeights.length}`);
}

/** N / (K·n): every class counts the same in all. @source scikit-learn, compute_class_weight("balanced") */
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
