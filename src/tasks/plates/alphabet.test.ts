import { expect, test } from "vitest";
import { FormatError } from "../../tensor/errors.ts";
import {
  BLANK,
  characters,
  FIRST_COLOUR,
  UNLABELLED,
  labelPlate,
  noPlateLabels,
  normalizePlateText,
  readerScores,
  SLOT_CLASSES,
} from "./alphabet.ts";

test("there are 31 provinces, 7 special characters, 10 digits and 24 letters, each once", () => {
  expect(new Set(characters).size).toBe(31 + 7 + 10 + 24);
  expect(readerScores).toHaveLength(SLOT_CLASSES + 4);
});

test.each([
  ["京A12345", "京A12345"],
  ["京A·12345", "京A12345"],
  ["京Ａ１２３４５", "京A12345"],
  ["京a12345", "京A12345"],
  ["京AO2I45", "京A02145"],
  [" 沪 AD 12345 ", "沪AD12345"],
])("%s is normalised to %s", (text, wanted) => {
  expect(normalizePlateText(text, "a.jpg")).toBe(wanted);
});

test.each([
  ["京A1234", /a\.jpg.*6 characters, must be 7, or 8/],
  ["京A1234567", /a\.jpg.*9 characters, must be 7, or 8/],
  ["京A1234?", /a\.jpg.*"\?", which no plate has/],
])("%s is refused in one line", (text, message) => {
  expect(() => normalizePlateText(text, "a.jpg")).toThrow(FormatError);
  expect(() => normalizePlateText(text, "a.jpg")).toThrow(message);
});

test("labels are classes of characters, a blank eighth, and the colour", () => {
  expect(labelPlate("京A00000", "blue")).toEqual([0, 48, 38, 38, 38, 38, 38, BLANK, FIRST_COLOUR]);
  expect(labelPlate("京AD00000").at(-1)).toBe(UNLABELLED);
});

test("what is no plate has no character, and its colour is not learnt from", () => {
  expect(noPlateLabels).toEqual([...Array.from({ length: 8 }, () => BLANK), UNLABELLED]);
});
