import type { ShortcutType } from "../nn/shortcuts/type.ts";

/** One colour a type in every picture; apart from each other for colour-blind readers too (Okabe and Ito). */
export const shortcutColors: { readonly [Type in ShortcutType]: string } = {
  plain: "#d55e00",
  pad: "#0072b2",
  project: "#009e73",
  "project-all": "#cc79a7",
  scaled: "#e69f00",
  gated: "#56b4e9",
  "gated-shortcut": "#8c6d1f",
  dropout: "#999999",
  concat: "#c9b400",
};
