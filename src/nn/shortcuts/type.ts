import { describeChoices } from "../../tensor/choices.ts";
import { OptionError } from "../../tensor/errors.ts";

/**
 * What a network's shortcuts are, S in y = act(F(x) + S(x)).
 *
 * | type | where shapes match | where channels or size change |
 * |---|---|---|
 * | `plain` | none: y = act(F(x)) | none |
 * | `pad` (option A) | identity | identity, subsampled, channels padded with zeros |
 * | `project` (option B) | identity | 1×1 convolution |
 * | `project-all` (option C) | 1×1 convolution | 1×1 convolution |
 * | `scaled` | λ·x, and if wanted (1−λ)·F | 1×1 convolution |
 * | `gated` | (1−g(x))·x + g(x)·F | 1×1 convolution |
 * | `gated-shortcut` | (1−g(x))·x + F | 1×1 convolution |
 * | `dropout` | dropout(x) | 1×1 convolution |
 * | `concat` | channels of x and F side by side | none |
 *
 * @source He et al. 2015, arXiv:1512.03385, section 4.1 (A, B, C); He et al. 2016, arXiv:1603.05027, section 3.1 (scaled,
 *   gated, dropout); Huang et al. 2016, arXiv:1608.06993 (concat)
 */
export type ShortcutType =
  | "plain"
  | "pad"
  | "project"
  | "project-all"
  | "scaled"
  | "gated"
  | "gated-shortcut"
  | "dropout"
  | "concat";

/** All shortcut types, in the papers' order. */
export const shortcutTypes: readonly ShortcutType[] = [
  "plain",
  "pad",
  "project",
  "project-all",
  "scaled",
  "gated",
  "gated-shortcut",
  "dropout",
  "concat",
];

/** The types that add F and S: every residual network supports all of them. */
export const additiveShortcutTypes: readonly ShortcutType[] = shortcutTypes.filter((type) => type !== "concat");

/** Those of blocks that never change the shape: an identity is all that `project` could be there, and `pad` is that by name. */
export const shapeKeepingShortcutTypes: readonly ShortcutType[] = additiveShortcutTypes.filter(
  (type) => type !== "project",
);

type Alias = "none" | "a" | "b" | "c" | "identity" | "projection";

/** The paper's letters, its two words for shortcuts without and with parameters, and the word for no shortcut. */
export const shortcutAliases: { readonly [Name in Alias]: ShortcutType } = {
  none: "plain",
  a: "pad",
  b: "project",
  c: "project-all",
  identity: "pad",
  projection: "project",
};

/** A type, or an alias of one: "A" and "a" are option A. */
export type ShortcutName = ShortcutType | Alias | Uppercase<Extract<Alias, "a" | "b" | "c">>;

const aliases = Object.keys(shortcutAliases) as readonly Alias[];

/** The types with their aliases, as messages and help texts list them. */
export const shortcutList: string = shortcutTypes
  .map((type) => {
    const alias = aliases.find((key) => shortcutAliases[key] === type);
    return alias === undefined ? type : `${type} (${alias.length === 1 ? alias.toUpperCase() : alias})`;
  })
  .join(", ");

/** Reads a type or one of its aliases. @throws {OptionError} that lists them */
export function parseShortcutType(text: string): ShortcutType {
  const wanted = text.trim().toLowerCase();
  const alias = aliases.find((key) => key === wanted);
  const found = alias !== undefined ? shortcutAliases[alias] : shortcutTypes.find((type) => type === wanted);
  if (found !== undefined) return found;
  throw new OptionError(
    "shortcut",
    `unknown type "${text}"; ${describeChoices(text, shortcutTypes, { list: shortcutList })}`,
  );
}

/** Two sentences that explain a type to a newcomer. */
export const shortcutExplanations: { readonly [Type in ShortcutType]: string } = {
  plain:
    "There is no shortcut: a block computes y = act(F(x)), and the gradient must pass every layer. It is the baseline that shows what shortcuts are for.",
  pad: "Where a block keeps channels and size, its input is added unchanged; where they change, the input is subsampled and the new channels are filled with zeros (option A). The shortcuts have no parameters.",
  project:
    "Where a block keeps channels and size, its input is added unchanged; where they change, a 1×1 convolution fits it to the new shape (option B). Only these few projections have parameters.",
  "project-all":
    "Every shortcut is a 1×1 convolution, even where the input could be added unchanged (option C). It costs the most parameters and no longer carries the input through untouched.",
  scaled:
    "Where a block keeps channels and size, its input is multiplied by a constant λ before it is added; where they change, a 1×1 convolution fits it to the new shape. Over n blocks the signal shrinks like λⁿ, which is why such networks train badly.",
  gated:
    "Where a block keeps channels and size, a gate g(x) between 0 and 1, a 1×1 convolution with a sigmoid, blends input and residual: (1−g)·x + g·F(x). The more the gate opens for the residual, the less of the input passes through; where shapes change, a 1×1 convolution takes its place.",
  "gated-shortcut":
    "Where a block keeps channels and size, a gate g(x) between 0 and 1 multiplies the input alone: (1−g)·x + F(x). With a strongly negative gate bias it starts almost as the identity; where shapes change, a 1×1 convolution takes its place.",
  dropout:
    "Where a block keeps channels and size, dropout with a fixed probability is applied to the input before it is added; where shapes change, a 1×1 convolution fits it. In expectation it scales the signal by a constant in every block, and so it impedes training like scaling.",
  concat:
    "A layer's new channels are concatenated to its input instead of being added to it, so that every later layer of the stage reads all earlier ones unchanged. The shortcut has no parameters, but each layer makes the input of the next ones wider.",
};
