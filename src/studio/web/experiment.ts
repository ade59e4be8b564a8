import * as v from "valibot";
import { additiveShortcutTypes, type ShortcutType } from "../../nn/shortcuts/type.ts";
import type { RaceJob } from "../engine.ts";
import { depths, limits, mostNetworks } from "../race-limits.ts";
import { type LinkFields, linkNumber, readLink, type ReadLink } from "./link.ts";

/** One network of an experiment. */
export interface ExperimentNetwork {
  readonly depth: number;
  readonly shortcut: ShortcutType;
}

/** What the page "compare" races: all that differs from one reader to the next, and nothing else. */
export interface Experiment extends Pick<RaceJob, "steps" | "batch" | "rate" | "seed"> {
  readonly networks: readonly ExperimentNetwork[];
}

/** A plain network of 56 layers beside a residual one: the difference shows from about the 40th step. */
export const standardExperiment: Experiment = {
  networks: [
    { depth: 56, shortcut: "plain" },
    { depth: 56, shortcut: "pad" },
  ],
  steps: 80,
  batch: 16,
  rate: 0.05,
  seed: 0,
};

const network = v.pipe(
  v.string(),
  v.regex(/^[a-z-]+-\d+$/),
  v.transform((text): ExperimentNetwork => {
    const at = text.lastIndexOf("-");
    return { shortcut: text.slice(0, at) as ShortcutType, depth: Number(text.slice(at + 1)) };
  }),
  v.check(({ shortcut, depth }) => additiveShortcutTypes.includes(shortcut) && depths.includes(depth)),
);

const networksSchema = v.pipe(
  v.string(),
  v.transform((text) => text.split(",")),
  v.array(network),
  v.minLength(1),
  v.maxLength(mostNetworks),
);

const fields: LinkFields<Experiment> = {
  networks: networksSchema,
  steps: linkNumber(limits.steps),
  batch: linkNumber(limits.batch),
  rate: linkNumber(limits.rate),
  seed: linkNumber(limits.seed),
};

/** Reads the query of a link, such as `networks=plain-56,pad-56&steps=80`; what it leaves out is standard. */
export function readExperiment(query: string): ReadLink<Experiment> {
  return readLink(query, fields, standardExperiment);
}

/** The query of a link to an experiment: whole, so that it means the same when the standard changes. */
export function writeExperiment({ networks, ...numbers }: Experiment): string {
  const names = networks.map(({ shortcut, depth }) => `${shortcut}-${depth}`).join(",");
  const rest = Object.entries(numbers).map(([name, value]) => `${name}=${value}`);
  return [`networks=${names}`, ...rest].join("&");
}

/** The race of an experiment. */
export function jobsOf({ networks, steps, batch, rate, seed }: Experiment): readonly RaceJob[] {
  return networks.map((each) => ({ ...each, steps, batch, rate, seed, data: "digits" }));
}
