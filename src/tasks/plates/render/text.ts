import type { RandomStream } from "../../../tensor/random.ts";
import { digits, letters, type PlateColour, provinces } from "../alphabet.ts";

/** What is written on a plate, and how. */
export interface PlateText {
  readonly text: string;
  readonly colour: PlateColour;
  readonly rows: 1 | 2;
}

const pick = <T>(random: RandomStream, from: readonly T[]): T => from[random.integer(from.length)];

/** Digits, and letters with the given probability. */
function serial(random: RandomStream, length: number, letterShare: number): string {
  return Array.from({ length }, () => pick(random, random.uniform() < letterShare ? letters : digits)).join("");
}

/** New energy: small cars have D or F (or A, B, C, E, G, H, J, K) third, large ones D or F last. */
function drawGreen(random: RandomStream, start: string): string {
  const kind = random.uniform();
  if (kind < 0.35) return start + serial(random, 5, 0) + pick(random, ["D", "F"]);
  const third = pick(random, kind < 0.8 ? ["D", "F"] : ["A", "B", "C", "E", "G", "H", "J", "K"]);
  return start + third + serial(random, 1, 0.25) + serial(random, 4, 0);
}

/**
 * A plate's text, its provinces drawn uniformly.
 *
 * @source GA 36-2018: which colours have which characters; shares of the colours are our own
 */
export function drawPlateText(random: RandomStream): PlateText {
  const kind = random.uniform();
  const start = pick(random, provinces) + pick(random, letters);
  const letterShare = pick(random, [0.05, 0.2, 0.35, 0.6]);
  const five = (): string => serial(random, 5, letterShare);
  if (kind < 0.46) return { text: start + five(), colour: "blue", rows: 1 };
  if (kind < 0.58) return { text: start + five(), colour: "yellow", rows: 1 };
  if (kind < 0.62) return { text: `${start}${serial(random, 4, letterShare)}学`, colour: "yellow", rows: 1 };
  if (kind < 0.69) return { text: start + five(), colour: "yellow", rows: 2 };
  if (kind < 0.74) return { text: `${start}${serial(random, 4, 0.2)}挂`, colour: "yellow", rows: 2 };
  if (kind < 0.88) return { text: drawGreen(random, start), colour: "green", rows: 1 };
  if (kind < 0.93) return { text: `${start}${serial(random, 4, letterShare)}警`, colour: "white", rows: 1 };
  if (kind < 0.97)
    return { text: `${start}${serial(random, 4, 0.2)}${pick(random, ["港", "澳"])}`, colour: "black", rows: 1 };
  if (kind < 0.985) return { text: `${start}${serial(random, 4, 0)}领`, colour: "black", rows: 1 };
  return { text: `使${serial(random, 6, 0)}`, colour: "black", rows: 1 };
}
