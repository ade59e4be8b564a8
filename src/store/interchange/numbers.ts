/** A decimal number written out: an optional minus, digits, and after a point `scale` digits. */
export interface PlainNumber {
  readonly text: string;
  /** Digits before the point that are not leading zeros. */
  readonly whole: number;
  /** Digits after the point. */
  readonly scale: number;
}

/** The most digits of a decimal number, and the most after its point, that MySQL has; others have more. */
export const MOST_DIGITS = 65;
export const MOST_SCALE = 30;

/** Beyond this power of ten, no database has a number, and writing it out would only take memory. */
const LARGEST_EXPONENT = 1000;

const numeral = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i;

/** Writes a number out without an exponent, with all digits that it has; undefined if it is too large to be, or is none. */
export function writeOut(text: string): PlainNumber | undefined {
  const found = numeral.exec(text);
  if (found === null) return undefined;
  const [, sign, before, after = "", power = "0"] = found;
  const exponent = Number(power);
  if (Math.abs(exponent) > LARGEST_EXPONENT) return undefined;
  const point = before.length + exponent;
  const digits = (before + after).padStart(before.length + after.length + Math.max(0, -point), "0");
  const split = Math.max(point, 0);
  const whole = digits.slice(0, split).padEnd(split, "0").replace(/^0+/, "");
  const fraction = digits.slice(split);
  const isZero = whole === "" && /^0*$/.test(fraction);
  const unsigned = `${whole || "0"}${fraction === "" ? "" : `.${fraction}`}`;
  return { text: isZero ? unsigned : sign + unsigned, whole: whole.length, scale: fraction.length };
}

/** Appends zeros to a fraction until it has this many digits: "1.5" with 2 is "1.50". */
export function padFraction(text: string, scale: number): string {
  if (scale === 0) return text;
  const point = text.indexOf(".");
  return point === -1 ? `${text}.${"0".repeat(scale)}` : text.padEnd(point + 1 + scale, "0");
}

/** Whether the nearest float64 still has all digits of a decimal number that is written out. */
export function fitsDouble({ text, scale }: Pick<PlainNumber, "text" | "scale">): boolean {
  const back = writeOut(String(Number(text)));
  return back !== undefined && padFraction(back.text, scale) === text;
}

/** Whether a text is a number of JSON. */
export function isJsonNumber(text: string): boolean {
  return /^-?(0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?$/i.test(text);
}

/**
 * Whether the texts of a column in a file that does not tell texts from numbers are numbers, as programs write them, that a database
 * holds. Codes such as 007, +1 and 1E5 are texts, which would lose a character as numbers.
 */
export function areNumbers(texts: Iterable<string>): boolean {
  let [whole, scale] = [0, 0];
  for (const text of texts) {
    const number = looksLikeNumber(text) ? writeOut(text) : undefined;
    if (number === undefined) return false;
    [whole, scale] = [Math.max(whole, number.whole), Math.max(scale, number.scale)];
  }
  return whole + scale <= MOST_DIGITS && scale <= MOST_SCALE;
}

function looksLikeNumber(text: string): boolean {
  return /^-?(0|[1-9]\d*)(\.\d+|(\.\d+)?e[+-]\d+|\.\d+e\d+)?$/i.test(text) && text !== "-0";
}
