import { OptionError, oneOf } from "../../../tensor/errors.ts";
import { quote } from "../../../tensor/printable.ts";
import type { Answers } from "../../node/node-task.ts";
import { describePlate } from "../describe-plate.ts";
import { plateGrammars } from "../grammar.ts";
import type { PlatesTypes } from "../task.ts";

type Options = PlatesTypes["predictOptions"];

function readNumber(name: string, text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  throw new OptionError(name, `must be a number, got ${quote(text)}`);
}

const readers: { readonly [Name in keyof Required<Options>]: (text: string) => NonNullable<Options[Name]> } = {
  threshold: (text) => readNumber("threshold", text),
  longestSide: (text) => readNumber("longestSide", text),
  legibility: (text) => readNumber("legibility", text),
  closeUps: (text) => oneOf("closeUps", text, ["true", "false"]) === "true",
  grammar: (text) => oneOf("grammar", text, plateGrammars),
};

const isOption = (name: string): name is keyof typeof readers => Object.hasOwn(readers, name);

/** Where plates are, what they say, or both, as the network that is served can. */
export const plateAnswers: Answers<PlatesTypes> = {
  readOptions: (texts) =>
    Object.fromEntries(
      Object.entries(texts).map(([name, text]) => {
        if (isOption(name)) return [name, readers[name](text)];
        const known = [...Object.keys(readers), "page", "channel"].join(", ");
        throw new OptionError(name.slice(0, 80), `is not an option of a request about plates; there are ${known}`);
      }),
    ),
  write: {
    "application/json": (found, { input: { width, height } }) => {
      const plates = found.part === "both" ? { plates: found.plates.map(describePlate) } : {};
      return JSON.stringify({ width, height, ...found, ...plates });
    },
  },
};
