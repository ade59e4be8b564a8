import type { ShortcutType } from "../nn/shortcuts/type.ts";

/** One colour per type in every picture, distinguishable for colour-blind readers (Okabe and Ito). */
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
