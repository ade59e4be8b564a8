import { readFileSync } from "node:fs";
import { builtFile } from "../../../data/node/built-file.ts";

/** In an order in which each stands before those that use it. */
const files = [
  "../../report/colors.js",
  "../../report/surface.js",
  "../../report/web/language.js",
  "../../report/web/theme.js",
  "../../report/web/hover.js",
  "../../report/web/download.js",
  "../../report/web/turn.js",
  "../../report/web/page.js",
];

/**
 * The page's own program as one module: what its files import from each other stands before them already. Within a page
 * without a network there is nowhere to import from, and these few files need no bundler.
 */
export function pageScript(): string {
  const texts = files.map((file) => readFileSync(builtFile(import.meta.url, file), "utf8"));
  const joined = texts.map((text) => text.replaceAll(/^import [^;]*;$/gm, "").replaceAll(/^export /gm, "")).join("\n");
  return joined.replaceAll("</script", "<\\/script");
}
