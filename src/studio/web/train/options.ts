import * as v from "valibot";
import { offered, type TrainChoice, trainLimits } from "../../train-choice.ts";
import { type LinkFields, linkNumber, readLink, type ReadLink } from "../link.ts";

/** Eight layers learn a few hundred images in a minute or two. */
export const standardChoice: TrainChoice = { depth: 8, shortcut: "pad", size: 32, epochs: 30, rate: 0.05, seed: 0 };

const oneOf = (values: readonly number[]): v.GenericSchema<unknown, number> =>
  v.pipe(
    v.string(),
    v.picklist(values.map(String)),
    v.transform((text) => Number(text)),
  );

const fields: LinkFields<TrainChoice> = {
  depth: oneOf(offered.depth),
  shortcut: v.picklist(offered.shortcut),
  size: oneOf(offered.size),
  epochs: linkNumber(trainLimits.epochs),
  rate: linkNumber(trainLimits.rate),
  seed: linkNumber(trainLimits.seed),
};

/** Reads the query of a link, such as `depth=20&shortcut=plain`; what it leaves out is standard. */
export function readTrainChoice(query: string): ReadLink<TrainChoice> {
  return readLink(query, fields, standardChoice);
}

/** The query of a link to a choice. */
export function writeTrainChoice(choice: TrainChoice): string {
  return Object.entries(choice)
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}
