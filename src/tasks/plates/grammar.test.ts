import { expect, test } from "vitest";
import { BLANK, characters, FIRST_COLOUR, type PlateColour, plateColours, SLOT_CLASSES, SLOTS } from "./alphabet.ts";
import { decodePlate, isPlateText } from "./grammar.ts";

// GA 36-2018, table 1 and the appendix on new energy plates.
const valid: readonly (readonly [text: string, colour: PlateColour])[] = [
  ["京A12345", "blue"],
  ["粤B8K99Z", "blue"],
  ["皖A45277", "yellow"],
  ["渝B3587学", "yellow"],
  ["苏C1234挂", "yellow"],
  ["沪AD12345", "green"],
  ["沪AFA1345", "green"],
  ["沪A12345F", "green"],
  ["川A1234警", "white"],
  ["粤Z1234港", "black"],
  ["粤ZAB12澳", "black"],
  ["沪A0123领", "black"],
  ["使014578", "black"],
];

test.each(valid)("%s is a %s plate", (text, colour) => {
  expect(isPlateText(text, colour)).toBe(true);
  expect(isPlateText(text)).toBe(true);
});

const invalid: readonly (readonly [text: string, colour: PlateColour | undefined, why: string])[] = [
  ["AB12345", undefined, "no province"],
  ["京112345", undefined, "a digit second"],
  ["京A1234", undefined, "six characters"],
  ["京A123456", undefined, "eight, and no letter of a new energy plate"],
  ["京A1234567", undefined, "nine"],
  ["京A12学45", undefined, "a special character inside"],
  ["沪AD12345", "blue", "eight characters on blue"],
  ["京A12345", "green", "seven characters on green"],
  ["川A1234警", "blue", "police on blue"],
  ["使A14578", undefined, "an embassy with a letter"],
];

test.each(invalid)("%s as %s is no plate: %s", (text, colour) => {
  expect(isPlateText(text, colour)).toBe(false);
});

/** Scores that favour a text and a colour, and others that were nearly as likely. */
function scoresOf(
  text: string,
  colour: PlateColour,
  nearly: readonly (readonly [slot: number, character: string, score: number])[] = [],
): readonly Float32Array[] {
  const rows = Array.from({ length: SLOTS }, () => new Float32Array(SLOT_CLASSES).fill(-12));
  const all = Array.from(text);
  for (let slot = 0; slot < SLOTS - 1; slot++)
    rows[slot][slot < all.length ? characters.indexOf(all[slot]) : BLANK] = -0.1;
  rows[SLOTS - 1][FIRST_COLOUR + plateColours.indexOf(colour)] = -0.1;
  for (const [slot, character, score] of nearly) rows[slot][characters.indexOf(character)] = score;
  return rows;
}

test("what every slot favours is read, if it is a plate", () => {
  for (const [text, colour] of valid) {
    const [best] = decodePlate(scoresOf(text, colour), "china");
    expect([best.text, best.colour]).toEqual([text, colour]);
    expect(best.logProbability).toBeCloseTo(-0.9, 5);
  }
});

test("a text that is no plate gives way to the likeliest that is one", () => {
  const nearly = [[1, "B", -1]] as const;
  expect(decodePlate(scoresOf("京812345", "blue", nearly), "china")[0].text).toBe("京B12345");
  expect(decodePlate(scoresOf("京812345", "blue", nearly), "none")[0].text).toBe("京812345");
});

test("the colour and the number of characters agree: one gives way to the other", () => {
  const rows = scoresOf("沪AD12345", "blue");
  // The eighth character is sure, the colour is not.
  rows[8][FIRST_COLOUR + plateColours.indexOf("green")] = -1;
  expect(decodePlate(rows, "china")[0]).toMatchObject({ text: "沪AD12345", colour: "green" });
  // The colour is sure, the eighth character is not.
  rows[8][FIRST_COLOUR + plateColours.indexOf("green")] = -12;
  rows[7][BLANK] = -1;
  expect(decodePlate(rows, "china")[0]).toMatchObject({ text: "沪AD1234", colour: "blue" });
});

test("other readings follow, the likelier first", () => {
  const found = decodePlate(
    scoresOf("湘A12345", "blue", [
      [0, "浙", -0.5],
      [0, "粤", -0.9],
    ]),
    "china",
  );
  expect(found.slice(0, 3).map(({ text }) => text)).toEqual(["湘A12345", "浙A12345", "粤A12345"]);
});
