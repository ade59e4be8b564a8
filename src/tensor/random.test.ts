import { expect, test } from "vitest";
import { philox, randomStream } from "./random.ts";

type Words = readonly string[];

/** Known answers of philox4x32 with 10 rounds, from `tests/kat_vectors` of Random123 (Salmon et al.). The last one takes digits of π. */
const knownAnswers: readonly (readonly [counter: Words, key: Words, answer: Words])[] = [
  [
    Array<string>(4).fill("00000000"),
    Array<string>(2).fill("00000000"),
    ["6627e8d5", "e169c58d", "bc57ac4c", "9b00dbd8"],
  ],
  [
    Array<string>(4).fill("ffffffff"),
    Array<string>(2).fill("ffffffff"),
    ["408f276d", "41c83b0e", "a20bc7c6", "6d5451fd"],
  ],
  [
    ["243f6a88", "85a308d3", "13198a2e", "03707344"],
    ["a4093822", "299f31d0"],
    ["d16cfe09", "94fdcceb", "5001e420", "24126ea1"],
  ],
];

const numbersOf = (words: Words): readonly number[] => words.map((word) => Number.parseInt(word, 16));

test.each(knownAnswers)("Philox 4×32-10 of counter %j under key %j is Random123's", (counter, key, answer) => {
  const words = philox(numbersOf(counter) as [number, number, number, number], numbersOf(key) as [number, number]);
  expect(words.map((word) => word.toString(16).padStart(8, "0"))).toEqual(answer);
});

test("a stream's words are the blocks of its counters in order", () => {
  const stream = randomStream(7, "shuffle", 3, 5);
  const words = Array.from({ length: 8 }, () => stream.word());
  // FNV-1a of "shuffle" over UTF-16 units, by Python: functools.reduce(lambda h, c: (h ^ ord(c)) * 0x1000193 % 2**32, "shuffle", 0x811c9dc5).
  const key = [7, 0x790c294e] as const;
  expect(words).toEqual([...philox([0, 0, 3, 5], key), ...philox([1, 0, 3, 5], key)]);
});
