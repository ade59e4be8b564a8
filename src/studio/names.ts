import type { ShortcutType } from "../nn/shortcuts/type.ts";
import type { Words } from "../report/words.ts";

/** Additive shortcut types as a reader chooses among them. */
export const shortcutNames: { readonly [Type in Exclude<ShortcutType, "concat">]: Words } = {
  plain: { en: "none (plain)", zh: "无（plain）" },
  pad: { en: "A · identity, zero-padded", zh: "A · 恒等，补零" },
  project: { en: "B · identity, projected", zh: "B · 恒等，投影" },
  "project-all": { en: "C · 1×1 everywhere", zh: "C · 处处 1×1" },
  scaled: { en: "scaled", zh: "缩放" },
  gated: { en: "gated", zh: "门控" },
  "gated-shortcut": { en: "gated shortcut only", zh: "只在快捷连接上门控" },
  dropout: { en: "dropout", zh: "dropout" },
};

/** A network in one short name, such as "pad-56". */
export function nameNetwork({ shortcut, depth }: { readonly shortcut: ShortcutType; readonly depth: number }): string {
  return `${shortcut}-${depth}`;
}
