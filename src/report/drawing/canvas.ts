import { escapeHtml, inLanguage, withMinus, type Words, wordsToSvg } from "../words.ts";

/** Width of a figure, in the units of its drawing: CSS pixels, of which a wide page has this many. */
export const WIDTH = 900;
/** On a phone, a figure is drawn anew rather than made smaller than its letters can be read. */
export const NARROW_WIDTH = 360;
const LINE = 20;

/** Room that a text takes, in either language; Chinese characters are square. */
export function textWidth(words: Words, size = 12): number {
  const width = (text: string): number =>
    Array.from(text).reduce((sum, character) => sum + (character.codePointAt(0)! > 0x2e80 ? 1 : 0.56), 0) * size;
  return Math.ceil(Math.max(width(inLanguage(words, "en")), width(inLanguage(words, "zh"))));
}

/** Text at a place. */
export function drawText(
  words: Words,
  [x, y]: readonly [number, number],
  { anchor = "start", more = "" }: { readonly anchor?: "start" | "middle" | "end"; readonly more?: string } = {},
): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}"${more && ` ${more}`}>${wordsToSvg(words)}</text>`;
}

/** An entry of a legend. */
export interface LegendEntry {
  readonly name: Words;
  readonly color: string;
  readonly isDashed?: boolean;
}

interface Block {
  readonly svg: string;
  readonly height: number;
}

function drawLegend(entries: readonly LegendEntry[], top: number, room: number): Block {
  let [x, y] = [4, top + 13];
  const drawn = entries.map(({ name, color, isDashed = false }) => {
    const width = 30 + textWidth(name) + 18;
    if (x + width > room && x > 4) [x, y] = [4, y + LINE];
    const line = `<path d="M${x},${y - 4}h22" stroke="${escapeHtml(color)}" stroke-width="4"${isDashed ? ' stroke-dasharray="5 3"' : ""}/>`;
    const entry = line + drawText(name, [x + 28, y]);
    x += width;
    return entry;
  });
  return { svg: drawn.join(""), height: entries.length === 0 ? 0 : y - top + 10 };
}

/** A whole figure: title, legend and body, one below the other. */
export function composeSvg(
  { title, legend = [] }: { readonly title?: Words | undefined; readonly legend?: readonly LegendEntry[] },
  body: Block,
  width: number = WIDTH,
): string {
  const heading =
    title === undefined
      ? ""
      : drawText(title, [4, 18], {
          more: `font-size="${Math.min(15, (15 * (width - 8)) / textWidth(title, 15)).toFixed(1)}" font-weight="600"`,
        });
  const first = heading === "" ? 0 : 30;
  const { svg, height } = drawLegend(legend, first, width);
  const top = first + height;
  const total = Math.ceil(top + body.height);
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${total}" width="${width}" height="${total}" ` +
    `font-family="system-ui, -apple-system, 'Noto Sans CJK SC', sans-serif" font-size="12" fill="currentColor" role="img">` +
    `${heading}${svg}<g transform="translate(0,${top})">${body.svg}</g></svg>`
  );
}

/** A number as people read it: three or four digits, and a minus that is no hyphen. */
export function formatNumber(value: number): string {
  return withMinus(formatPlain(value));
}

function formatPlain(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "–" : value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e5 || size < 1e-3) return value.toExponential(2);
  return Number(value.toPrecision(4)).toLocaleString("en-US", { maximumFractionDigits: 6 });
}

/** Places of at most `limit` of `count` things, evenly apart. */
export function spreadTicks(count: number, limit: number): readonly number[] {
  const step = Math.max(1, Math.ceil(count / Math.max(1, limit)));
  return Array.from({ length: Math.ceil(count / step) }, (_, index) => index * step);
}
