import {
  BLANK,
  CHARACTER_SLOTS,
  characters,
  digits,
  FIRST_COLOUR,
  letters,
  type PlateColour,
  plateColours,
  provinces,
} from "./alphabet.ts";

/** Which texts are looked for: those of Chinese plates, or any. */
export const plateGrammars = ["china", "none"] as const;
export type PlateGrammar = (typeof plateGrammars)[number];

/** A text with its colour, and how likely they are together. */
export interface PlateCandidate {
  /** The class of each character. */
  readonly classes: readonly number[];
  readonly text: string;
  readonly colour: PlateColour;
  readonly logProbability: number;
}

const EMBASSY = "使";
const [allDigits, allLetters] = [new Set(digits), new Set(letters)];
const isDigit = (character: string): boolean => allDigits.has(character);
const isLetter = (character: string): boolean => allLetters.has(character);
const isSerial = (character: string): boolean => isDigit(character) || isLetter(character);

/** Colours of plates that end in a special character. @source GA 36-2018, table 1 */
const colourOfLast: Readonly<Record<string, PlateColour>> = {
  学: "yellow",
  挂: "yellow",
  警: "white",
  港: "black",
  澳: "black",
  领: "black",
};

/** Whether a text so far, of whole characters, can begin a Chinese plate. */
function canBegin(text: readonly string[]): boolean {
  const place = text.length - 1;
  const last = text[place];
  if (place === 0) return provinces.includes(last) || last === EMBASSY;
  if (text[0] === EMBASSY) return place < 7 && isDigit(last);
  if (place === 1) return isLetter(last);
  if (place === 6) return isSerial(last) || last in colourOfLast;
  if (place === 7) return isSerial(last) && isGreen(text);
  return isSerial(last);
}

/** New energy: a letter third and digits after the fourth, or digits and a letter last. */
function isGreen(text: readonly string[]): boolean {
  const [third, , ...rest] = text.slice(2);
  const isSmall = isLetter(third) && rest.every(isDigit);
  const isLarge = isLetter(text[7]) && text.slice(2, 7).every(isDigit);
  return isSmall || isLarge;
}

/**
 * Whether a text is one of a Chinese plate of a colour.
 *
 * @source GA 36-2018, section 5; GA 36-2018 appendix on new energy plates
 */
export function isPlateText(text: string, colour?: PlateColour): boolean {
  const all = Array.from(text);
  if (all.length < 7 || all.length > CHARACTER_SLOTS) return false;
  if (!all.every((_, place) => canBegin(all.slice(0, place + 1)))) return false;
  return colour === undefined || hasColour(all, colour);
}

function hasColour(text: readonly string[], colour: PlateColour): boolean {
  if (text.length === 8) return colour === "green";
  if (text[0] === EMBASSY) return colour === "black";
  const wanted = colourOfLast[text[6]];
  return wanted === undefined ? colour !== "green" : colour === wanted;
}

interface Beam {
  readonly classes: readonly number[];
  readonly text: readonly string[];
  readonly sum: number;
}

/** Texts that are carried from slot to slot, and classes that are tried in each. */
const BEAMS = 24;
const TRIED = 12;

/** The first classes that may stand in a slot. @param kinds the likeliest first */
function takeAllowed(kinds: readonly number[], allowed: (kind: number) => boolean): readonly number[] {
  const taken: number[] = [];
  for (const kind of kinds) {
    if (taken.length === TRIED) break;
    if (allowed(kind)) taken.push(kind);
  }
  return taken;
}

function extend(beams: readonly Beam[], row: ArrayLike<number>, slot: number, grammar: PlateGrammar): readonly Beam[] {
  const kinds = Array.from({ length: BLANK + 1 }, (_, kind) => kind).toSorted((a, b) => row[b] - row[a]);
  const next = beams.flatMap((beam) => {
    const isOver = beam.text.length < slot;
    const allowed = (kind: number): boolean => {
      if (kind === BLANK) return slot === CHARACTER_SLOTS - 1 || (grammar === "none" && slot > 0);
      if (isOver) return false;
      return grammar === "none" || canBegin([...beam.text, characters[kind]]);
    };
    return takeAllowed(kinds, allowed).map((kind): Beam => {
      const classes = [...beam.classes, kind];
      return {
        classes,
        text: kind === BLANK ? beam.text : [...beam.text, characters[kind]],
        sum: beam.sum + row[kind],
      };
    });
  });
  return next.toSorted((a, b) => b.sum - a.sum).slice(0, BEAMS);
}

/**
 * Finds the likeliest texts: a beam over the slots keeps those that can begin a plate; at the end each is joined with the colours
 * that it can have.
 *
 * @param logProbabilities of each slot's classes: the characters' slots, then the colour's
 * @returns the likeliest first; empty if there is none
 */
export function decodePlate(
  logProbabilities: readonly ArrayLike<number>[],
  grammar: PlateGrammar,
): readonly PlateCandidate[] {
  let beams: readonly Beam[] = [{ classes: [], text: [], sum: 0 }];
  for (let slot = 0; slot < CHARACTER_SLOTS; slot++) beams = extend(beams, logProbabilities[slot], slot, grammar);
  const ofColours = logProbabilities[CHARACTER_SLOTS];
  const found = beams.flatMap(({ classes, text, sum }) =>
    plateColours
      .filter((colour) => grammar === "none" || hasColour(text, colour))
      .map((colour): PlateCandidate => {
        const logProbability = sum + ofColours[FIRST_COLOUR + plateColours.indexOf(colour)];
        return { classes: classes.filter((kind) => kind !== BLANK), text: text.join(""), colour, logProbability };
      }),
  );
  return found.toSorted((a, b) => b.logProbability - a.logProbability);
}
