import type { TrainedNetwork } from "../../networks/open.ts";
import { scoreFinitely } from "../../networks/scores.ts";
import { ShapeError } from "../../tensor/errors.ts";
import { float32 } from "../../tensor/tensor.ts";
import { CHARACTER_SLOTS, characters, type PlateColour, SLOT_CLASSES, SLOTS } from "./alphabet.ts";
import { writePlanes } from "./planes.ts";
import { decodePlate, type PlateGrammar } from "./grammar.ts";
import { type Pixels, PLATE_HEIGHT, PLATE_WIDTH } from "./straighten.ts";

/** Where a character was seen on the straightened plate, in its pixels: the mean of the slot's places, and their deviation. */
export interface CharacterPlace {
  readonly x: number;
  readonly y: number;
  readonly spreadX: number;
  readonly spreadY: number;
}

/** A character that was read. */
export interface ReadCharacter {
  readonly character: string;
  /** Its probability, 0 to 1. */
  readonly confidence: number;
  /** Other characters, the likeliest first, with their probabilities. */
  readonly alternatives: readonly { readonly character: string; readonly confidence: number }[];
  readonly place: CharacterPlace;
}

/** What a straightened plate says. */
export interface Reading {
  readonly text: string;
  readonly colour: PlateColour;
  /** Probability of the weakest character. */
  readonly confidence: number;
  readonly characters: readonly ReadCharacter[];
  /** Other texts of the whole plate, the likeliest first, with their probability relative to the first. */
  readonly alternatives: readonly { readonly text: string; readonly ratio: number }[];
}

/** How plates are read. */
export interface ReadPlateOptions {
  /** Which texts are looked for. Default "china". */
  readonly grammar?: PlateGrammar;
}

/** Plates that are read at once. */
const BATCH = 16;
/** Alternatives that are told, and the least probability of one. */
const ALTERNATIVES = 3;
const LEAST = 0.001;

/** Reads straightened plates. @throws {ShapeError} if a plate has another size than the reader's */
export async function readStraightened(
  { session, card }: TrainedNetwork,
  plates: readonly Pixels[],
  { grammar = "china" }: ReadPlateOptions = {},
): Promise<readonly Reading[]> {
  const size = 3 * PLATE_WIDTH * PLATE_HEIGHT;
  const readings: Reading[] = [];
  for (let start = 0; start < plates.length; start += BATCH) {
    const group = plates.slice(start, start + BATCH);
    const input = new Float32Array(group.length * size);
    group.forEach((plate, index) => {
      if (plate.width !== PLATE_WIDTH || plate.height !== PLATE_HEIGHT)
        throw new ShapeError("plate", `must be ${PLATE_WIDTH} × ${PLATE_HEIGHT}, got ${plate.width} × ${plate.height}`);
      writePlanes(plate, card.normalization, input, index * size);
    });
    const { data } = await scoreFinitely(session, float32([group.length, 3, PLATE_HEIGHT, PLATE_WIDTH], input));
    const each = data.length / group.length;
    group.forEach((_, index) => readings.push(readScores(data.subarray(index * each, (index + 1) * each), grammar)));
  }
  return readings;
}

/** Logarithms of a slot's probabilities. */
function logSoftmax(scores: Float32Array, slot: number): Float32Array {
  const row = Float32Array.from({ length: SLOT_CLASSES }, (_, kind) => scores[kind * SLOTS + slot]);
  const most = row.reduce((a, b) => Math.max(a, b), -Infinity);
  const sum = row.reduce((total, value) => total + Math.exp(value - most), 0);
  return row.map((value) => value - most - Math.log(sum));
}

/** What the scores of one plate say. @param scores `[SLOT_CLASSES + 4, SLOTS]` */
export function readScores(scores: Float32Array, grammar: PlateGrammar): Reading {
  const rows = Array.from({ length: SLOTS }, (_, slot) => logSoftmax(scores, slot));
  const [best, ...others] = decodePlate(rows, grammar);
  const read = best.classes.map((kind, slot): ReadCharacter => {
    const chances = Array.from(rows[slot].subarray(0, characters.length), Math.exp);
    const alternatives = chances
      .map((confidence, other) => ({ character: characters[other], confidence }))
      .filter(({ confidence }, other) => other !== kind && confidence >= LEAST)
      .toSorted((a, b) => b.confidence - a.confidence)
      .slice(0, ALTERNATIVES);
    return { character: characters[kind], confidence: chances[kind], alternatives, place: placeOf(scores, slot) };
  });
  const blank = best.classes.length < CHARACTER_SLOTS ? Math.exp(rows[best.classes.length][characters.length]) : 1;
  const seen = new Set([best.text]);
  const alternatives = others
    .filter(({ text }) => !seen.has(text) && seen.add(text) !== undefined)
    .slice(0, ALTERNATIVES)
    .map(({ text, logProbability }) => ({ text, ratio: Math.exp(logProbability - best.logProbability) }));
  return {
    text: best.text,
    colour: best.colour,
    confidence: Math.min(blank, ...read.map(({ confidence }) => confidence)),
    characters: read,
    alternatives,
  };
}

function placeOf(scores: Float32Array, slot: number): CharacterPlace {
  const [x, y, xx, yy] = [0, 1, 2, 3].map((moment) => scores[(SLOT_CLASSES + moment) * SLOTS + slot]);
  return {
    x: x * PLATE_WIDTH,
    y: y * PLATE_HEIGHT,
    spreadX: Math.sqrt(Math.max(0, xx - x * x)) * PLATE_WIDTH,
    spreadY: Math.sqrt(Math.max(0, yy - y * y)) * PLATE_HEIGHT,
  };
}
