import { FormatError } from "../../tensor/errors.ts";

/** The 31 provinces, as plates abbreviate them. */
export const provinces: readonly string[] = Array.from(
  "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼",
);

/** Characters of special plates: learner, police, Hong Kong, Macao, trailer, embassy, consulate. */
export const specials: readonly string[] = Array.from("学警港澳挂使领");

/** Letters of plates: I and O are left out, because they look like 1 and 0. */
export const letters: readonly string[] = Array.from("ABCDEFGHJKLMNPQRSTUVWXYZ");
export const digits: readonly string[] = Array.from("0123456789");

/** Every character that a plate can have, in the order of the reader's scores. */
export const characters: readonly string[] = [...provinces, ...specials, ...digits, ...letters];

/** Colours of plates, by their background. */
export const plateColours = ["blue", "yellow", "green", "white", "black"] as const;
export type PlateColour = (typeof plateColours)[number];

/** Characters that a plate has at most; the last slot of a plate of seven stays blank. */
export const CHARACTER_SLOTS = 8;
/** Slots of the reader: its characters, then the colour. */
export const SLOTS: number = CHARACTER_SLOTS + 1;
/** The class of a slot without a character. */
export const BLANK: number = characters.length;
/** The class of the first colour. */
export const FIRST_COLOUR: number = BLANK + 1;
/** Classes of a slot. */
export const SLOT_CLASSES: number = FIRST_COLOUR + plateColours.length;

/** A label that no loss counts. */
export const UNLABELLED = 255;

/** Names of the reader's scores: the classes of a slot, then the first and second moments of its place. */
export const readerScores: readonly string[] = [...characters, "blank", ...plateColours, "x", "y", "xx", "yy"];

const classes: ReadonlyMap<string, number> = new Map(characters.map((character, index) => [character, index]));

/** The class of a character; undefined if plates do not have it. */
export function classOf(character: string): number | undefined {
  return classes.get(character);
}

/** Characters between the others that are not read: dots, dashes, spaces. */
const SEPARATORS = /[\s·•・.．\-—－_]/g;

/**
 * Normalises the text of a plate: full-width characters become half-width, small letters capitals, O and I the digits 0 and 1
 * that plates have in their place; dots and spaces are dropped.
 *
 * @throws {FormatError} naming a character that no plate has, or a number of characters that is not 7 or 8
 */
export function normalizePlateText(text: string, where: string): string {
  const plain = text.normalize("NFKC").toUpperCase().replace(SEPARATORS, "").replaceAll("O", "0").replaceAll("I", "1");
  const found = Array.from(plain);
  const unknown = found.find((character) => !classes.has(character));
  if (unknown !== undefined)
    throw new FormatError(where, `has the text "${text}" with "${unknown}", which no plate has; correct the label`);
  if (found.length < 7 || found.length > CHARACTER_SLOTS)
    throw new FormatError(
      where,
      `has the text "${text}" of ${found.length} characters, must be 7, or 8 on a green plate; correct the label`,
    );
  return plain;
}

/**
 * The labels of a plate: the class of each character, blanks up to the eighth, then the colour.
 *
 * @param colour {@link UNLABELLED}, which no loss counts, if left out
 */
export function labelPlate(text: string, colour?: PlateColour): readonly number[] {
  const found = Array.from(text).map((character) => classes.get(character) ?? BLANK);
  const blanks = Array.from({ length: CHARACTER_SLOTS - found.length }, () => BLANK);
  return [...found, ...blanks, colour === undefined ? UNLABELLED : FIRST_COLOUR + plateColours.indexOf(colour)];
}

/** The labels of what is no plate: no slot has a character, and the colour is not learnt from. */
export const noPlateLabels: readonly number[] = [...Array.from({ length: CHARACTER_SLOTS }, () => BLANK), UNLABELLED];
