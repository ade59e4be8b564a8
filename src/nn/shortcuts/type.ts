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
 *
 * @source He et al. 2015, arXiv:1512.03385, section 4.1
 */
export type ShortcutType = "plain" | "pad" | "project" | "project-all";

/** All shortcut types, in the paper's order. */
export const shortcutTypes: readonly ShortcutType[] = ["plain", "pad", "project", "project-all"];

/** The paper's letters, and the word for no shortcut. */
export const shortcutAliases: Readonly<Record<string, ShortcutType>> = {
  none: "plain",
  a: "pad",
  b: "project",
  c: "project-all",
};

/** Reads a type or one of its aliases. @throws {OptionError} that lists them */
export function parseShortcutType(text: string): ShortcutType {
  const wanted = text.trim().toLowerCase();
  const found = shortcutAliases[wanted] ?? shortcutTypes.find((type) => type === wanted);
  if (found !== undefined) return found;
  throw new OptionError(
    "--shortcut",
    `unknown type "${text}"; must be one of plain (none), pad (A), project (B), project-all (C)`,
  );
}

/** Two sentences that explain a type to someone who has just met the word. */
export const shortcutExplanations: { readonly [Type in ShortcutType]: string } = {
  plain:
    "There is no shortcut: a block computes y = act(F(x)), and the gradient must pass every layer. It is the baseline that shows what shortcuts are for.",
  pad: "Where a block keeps channels and size, its input is added unchanged; where they change, the input is subsampled and the new channels are filled with zeros (option A). The shortcuts have no parameters.",
  project:
    "Where a block keeps channels and size, its input is added unchanged; where they change, a 1×1 convolution with batch norm fits it to the new shape (option B). Only these few projections have parameters.",
  "project-all":
    "Every shortcut is a 1×1 convolution with batch norm, even where the input could be added unchanged (option C). It costs the most parameters and no longer carries the input through untouched.",
};
