import { createRequire } from "node:module";
import { readFileBytes } from "../../../files/node.ts";
import { EnvironmentError } from "../../../tensor/errors.ts";
import { digits, letters, provinces, specials } from "../alphabet.ts";
import type { Glyph } from "../render/glyphs.ts";

/** The built-in drawing's fonts, under the SIL Open Font License, as npm packages bring them. */
const fonts = [
  {
    package: "@fontsource/barlow-condensed",
    file: "files/barlow-condensed-latin-600-normal.woff",
    characters: [...digits, ...letters],
  },
  {
    package: "@fontsource/noto-sans-sc",
    file: "files/noto-sans-sc-chinese-simplified-600-normal.woff",
    characters: [...provinces, ...specials],
  },
] as const;

/** Name of the face of the open fonts. */
const OPEN_FACE = "open fonts";

/** Least width of a character over its height. */
const LEAST_ASPECT = 0.42;
/** Rows of a drawn character. */
const SIZE = 96;

/** Draws the characters of the open fonts. @throws {EnvironmentError} naming the packages that are missing */
export async function drawFontGlyphs(): Promise<readonly Glyph[]> {
  const glyphs: Glyph[] = [];
  for (const font of fonts) {
    const { path, opentype } = await findFont(font);
    const bytes = await readFileBytes(path);
    const parsed = opentype.parse(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
    for (const character of font.characters) {
      const outline = parsed.getPath(character, 0, 0, SIZE);
      const { x1, y1, x2, y2 } = outline.getBoundingBox();
      // A narrow character, such as 1, keeps room at its sides.
      const room = Math.max(0, LEAST_ASPECT * (y2 - y1) - (x2 - x1)) / 2;
      const drawn = await rasterize(outline.toPathData(2), [x1 - room, y1, x2 + room, y2]);
      glyphs.push({ face: OPEN_FACE, style: "row", character, ...drawn });
    }
  }
  return glyphs;
}

async function findFont(font: (typeof fonts)[number]) {
  try {
    const { default: opentype } = await import("opentype.js");
    return { opentype, path: createRequire(import.meta.url).resolve(`${font.package}/${font.file}`) };
  } catch (cause) {
    const needed = ["opentype.js", ...fonts.map((each) => each.package)].join(" ");
    throw new EnvironmentError(
      "glyphs",
      `drawing plates without a folder of glyphs needs open fonts; run npm install ${needed}, or give a folder`,
      { cause },
    );
  }
}

type Box = readonly [left: number, top: number, right: number, bottom: number];

/** Coverage of an outline within its box. */
async function rasterize(
  path: string,
  [left, top, right, bottom]: Box,
): Promise<Pick<Glyph, "width" | "height" | "coverage">> {
  const { default: sharp } = await import("sharp");
  const [width, height] = [Math.ceil(right - left), Math.ceil(bottom - top)];
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="${left} ${top} ${width} ${height}"><path d="${path}"/></svg>`;
  const { data } = await sharp(Buffer.from(svg))
    .ensureAlpha()
    .extractChannel(3)
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width, height, coverage: new Uint8Array(data) };
}
