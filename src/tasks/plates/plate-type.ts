import type { PlateColour } from "./alphabet.ts";

/** What a plate is for, as its colour and its last characters tell. */
export type PlateType =
  | "ordinary"
  | "large"
  | "new energy"
  | "learner"
  | "police"
  | "trailer"
  | "Hong Kong"
  | "Macao"
  | "embassy"
  | "consulate"
  | "other";

const typesOfCharacters: Readonly<Record<string, PlateType>> = {
  使: "embassy",
  领: "consulate",
  学: "learner",
  警: "police",
  挂: "trailer",
  港: "Hong Kong",
  澳: "Macao",
};

const typesOfColours: Readonly<Record<PlateColour, PlateType>> = {
  blue: "ordinary",
  yellow: "large",
  green: "new energy",
  white: "other",
  black: "other",
};

/** What a plate is for. @source GA 36-2018, table 1 */
export function plateTypeOf({ text, colour }: { readonly text: string; readonly colour: PlateColour }): PlateType {
  const all = Array.from(text);
  for (const character of [all.at(-1), all[0]]) {
    const found = character === undefined ? undefined : typesOfCharacters[character];
    if (found !== undefined) return found;
  }
  return typesOfColours[colour];
}
