import { nameKind } from "../../lab/shortcut-words.ts";
import type { Words } from "../../report/words.ts";

/** A kind of shortcut in a table or a list: "none" in English, where a sentence says "no shortcut". */
export function nameShown(kind: string): Words {
  const words = nameKind(kind);
  return typeof words === "string" ? words : { en: kind, zh: words.zh };
}
