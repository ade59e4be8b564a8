import { codeBits, runTables } from "./fax-codes.ts";

/** The bits of a fax, most significant first. */
interface Bits {
  readonly data: Uint8Array;
  /** Position of the next bit. */
  at: number;
}

/** The next `count` bits, up to 16, as a number; zeros follow the last. */
function peek({ data, at }: Bits, count: number): number {
  const byte = at >> 3;
  const three = ((data[byte] ?? 0) << 16) | ((data[byte + 1] ?? 0) << 8) | (data[byte + 2] ?? 0);
  return (three >> (24 - (at & 7) - count)) & (2 ** count - 1);
}

/** The length of a run; undefined if its code is invalid. */
function readRun(bits: Bits, colour: number): number | undefined {
  for (let run = 0; ;) {
    const found = runTables[colour][peek(bits, codeBits)];
    if (found === 0) return undefined;
    bits.at += found & 15;
    run += found >> 4;
    if (found >> 4 < 64) return run;
  }
}

/** A row as the positions of its colour changes, starting white: those at even indices begin black. */
type Changes = readonly number[];

/** A row coded in one dimension, by runs. */
function readPlainRow(bits: Bits, width: number): Changes | undefined {
  const row: number[] = [];
  for (let at = 0, colour = 0; at < width; colour = 1 - colour) {
    const run = readRun(bits, colour);
    if (run === undefined || at + run > width) return undefined;
    at += run;
    row.push(at);
  }
  return row;
}

/** Modes of two-dimensional coding: bits, code, and offset from the change above. @source ITU-T T.4, table 4 */
const verticalModes: readonly (readonly [bits: number, code: number, shift: number])[] = [
  [1, 0b1, 0], [3, 0b011, 1], [3, 0b010, -1], [6, 0b000011, 2], [6, 0b000010, -2], [7, 0b0000011, 3], [7, 0b0000010, -3],
]; // prettier-ignore

/** A row coded relative to the one above. */
function readLeaningRow(bits: Bits, above: Changes, width: number): Changes | undefined {
  const row: number[] = [];
  let [at, colour, next] = [-1, 0, 0];
  while (at < width) {
    // The first change above to the right that has the other colour; changes only move forward, but for one of each colour.
    next = Math.max(0, next - 2);
    while (next < above.length && (above[next] <= at || (next & 1) !== colour)) next++;
    const first = above[next] ?? width;
    const vertical = verticalModes.find(([count, code]) => peek(bits, count) === code);
    if (vertical !== undefined) {
      bits.at += vertical[0];
      const to = first + vertical[2];
      if (to < Math.max(at, 0) || to > width) return undefined;
      row.push(to);
      [at, colour] = [to, 1 - colour];
    } else if (peek(bits, 4) === 0b0001) {
      bits.at += 4;
      at = above[next + 1] ?? width;
    } else if (peek(bits, 3) === 0b001) {
      bits.at += 3;
      const [one, other] = [readRun(bits, colour), readRun(bits, 1 - colour)];
      if (one === undefined || other === undefined) return undefined;
      const start = Math.max(at, 0);
      if (start + one + other > width) return undefined;
      row.push(start + one, start + one + other);
      at = start + one + other;
    } else return undefined;
  }
  return row;
}

/** Skips the zeros and the 1 that end a row, if present. */
function skipRowEnd(bits: Bits): void {
  if (peek(bits, 11) !== 0) return;
  const end = 8 * bits.data.length;
  while (bits.at < end && peek(bits, 1) === 0) bits.at++;
  bits.at++;
}

function paint(
  out: Uint8Array,
  row: Changes,
  { top, width, rowBytes }: { top: number; width: number; rowBytes: number },
): void {
  for (let index = 0; index < row.length; index += 2) {
    const end = row[index + 1] ?? width;
    for (let x = row[index]; x < end; x++) out[top * rowBytes + (x >> 3)] |= 0x80 >> (x & 7);
  }
}

/**
 * Decodes a fax: black is 1.
 *
 * @returns rows of packed bits; undefined if it is damaged or truncated
 * @source ITU-T T.4 (RLE, G3) and T.6 (G4); TIFF 6.0, sections 10 and 11
 */
export function decodeFax(
  data: Uint8Array,
  { width, height, kind, leans }: { width: number; height: number; kind: "RLE" | "G3" | "G4"; leans: boolean },
): Uint8Array | undefined {
  const rowBytes = Math.ceil(width / 8);
  const out = new Uint8Array(rowBytes * height);
  const bits: Bits = { data, at: 0 };
  let row: Changes | undefined = [];
  for (let top = 0; top < height; top++) {
    if (bits.at >= 8 * data.length) return undefined;
    if (kind === "G3") skipRowEnd(bits);
    const isLeaning: boolean = kind === "G4" || (kind === "G3" && leans && peek(bits, 1) === 0);
    if (kind === "G3" && leans) bits.at++;
    row = isLeaning ? readLeaningRow(bits, row, width) : readPlainRow(bits, width);
    if (row === undefined) return undefined;
    paint(out, row, { top, width, rowBytes });
    if (kind === "RLE") bits.at = 8 * Math.ceil(bits.at / 8);
  }
  return out;
}
