import { basename, join, relative, sep } from "node:path";
import { glob } from "tinyglobby";
import { classOf } from "../alphabet.ts";
import { OptionError } from "../../../tensor/errors.ts";
import { type Glyph, type GlyphStyle } from "../render/glyphs.ts";

/** The style that a path names: green, the upper or lower row, or the usual row. */
function styleOf(path: string, character: string): GlyphStyle {
  if (/green/i.test(path)) return "green";
  if (/(^|[/_])(up|top)([/_]|$)/i.test(path)) return "top";
  if (/(^|[/_])(down|bottom)([/_]|$)/i.test(path)) return "bottom";
  if (/(^|[/_])220_/.test(path)) return /[0-9A-Z挂学港澳]/.test(character) ? "bottom" : "top";
  return "row";
}

/** A picture whose edge is darker than this on average has bright ink. */
const DARK_EDGE = 64;

/** Coverage of a picture: its opacity if it has any, otherwise how far it is from the brightness of its edge. */
async function readGlyph(path: string): Promise<Pick<Glyph, "width" | "height" | "coverage">> {
  const { default: sharp } = await import("sharp");
  const { data, info } = await sharp(path)
    .toColourspace("srgb")
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const points = Array.from({ length: width * height }, (_, at) => at);
  const edge = points.filter((at) => {
    const [x, y] = [at % width, Math.floor(at / width)];
    return x === 0 || y === 0 || x === width - 1 || y === height - 1;
  });
  const isCutOut = points.some((at) => data[4 * at + 3] < 128);
  const isBright = edge.reduce((sum, at) => sum + data[4 * at], 0) / edge.length < DARK_EDGE;
  const coverage = Uint8Array.from(points, (at) => {
    if (isCutOut) return data[4 * at + 3];
    return isBright ? data[4 * at] : 255 - data[4 * at];
  });
  return { width, height, coverage };
}

/**
 * Reads glyphs from a folder: pictures whose names end in the character, dark on bright, bright on dark or cut out; the folders directly inside are
 * faces. Names or folders with `green`, `top`, `up`, `bottom`, `down` are of those plates and rows. Other pictures are left alone.
 *
 * @throws {OptionError} if the folder has none, or not all characters
 */
export async function readGlyphFolder(folder: string): Promise<readonly Glyph[]> {
  const files = await glob("**/*.{png,jpg,jpeg,PNG,JPG}", { cwd: folder, absolute: true });
  const glyphs: Glyph[] = [];
  for (const path of files.toSorted()) {
    const inside = relative(folder, path).split(sep).join("/");
    const stem = basename(path).replace(/\.[^.]*$/, "");
    const character = Array.from(stem).at(-1)?.toUpperCase() ?? "";
    if (classOf(character) === undefined || !/(^|_)[^_]$/.test(stem)) continue;
    const [face] = inside.includes("/") ? inside.split("/") : ["glyphs"];
    glyphs.push({ face, style: styleOf(inside, character), character, ...(await readGlyph(join(folder, inside))) });
  }
  if (glyphs.length === 0)
    throw new OptionError("glyphs", `${folder} has no pictures whose names end in a plate's character`);
  return glyphs;
}
