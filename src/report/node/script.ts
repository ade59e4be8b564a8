import { builtFile } from "../../files/node.ts";
import { readFileSync } from "node:fs";

/** In an order in which each stands before those that use it. */
const files = [
  "../surface.js",
  "../web/language.js",
  "../web/theme.js",
  "../web/hover.js",
  "../web/download.js",
  "../web/turn.js",
  "../web/contents.js",
  "../web/enlarge.js",
  "../web/page.js",
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
