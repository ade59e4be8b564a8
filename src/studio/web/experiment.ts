import * as v from "valibot";
import { additiveShortcutTypes, type ShortcutType } from "../../nn/shortcuts/type.ts";
import type { RaceJob } from "../engine.ts";

/** One network of an experiment. */
export interface ExperimentNetwork {
  readonly depth: number;
  readonly shortcut: ShortcutType;
}

/** What the page "compare" races: all that differs from one reader to the next, and nothing else. */
export interface Experiment extends Pick<RaceJob, "steps" | "batch" | "rate" | "seed"> {
  readonly networks: readonly ExperimentNetwork[];
}

/** The depths that are offered: CIFAR ResNets of 6n + 2 layers that a page trains in a minute or two. */
export const depths: readonly number[] = [8, 14, 20, 32, 44, 56];

/** Most networks at a time: each has a worker with memory of its own. */
export const mostNetworks = 6;

/** The limits of each number. */
export const limits = {
  steps: { least: 5, most: 2000 },
  batch: { least: 4, most: 128 },
  rate: { least: 0.0001, most: 1 },
  seed: { least: 0, most: 999_999 },
} as const;

/** The name of a number of an experiment. */
export type Setting = keyof typeof limits;

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

const plainNumber = v.pipe(v.string(), v.regex(/^\d+(\.\d+)?$/), v.transform(Number));

/** Whether a value may be a setting. */
export function isSetting(name: Setting, value: number): boolean {
  const { least, most } = limits[name];
  return Number.isFinite(value) && value >= least && value <= most && (name === "rate" || Number.isInteger(value));
}

const numberSchema = (name: Setting): v.GenericSchema<unknown, number> =>
  v.pipe(
    plainNumber,
    v.check((value) => isSetting(name, value)),
  );

const fields: { readonly [Name in keyof Experiment]: v.GenericSchema<unknown, Experiment[Name]> } = {
  networks: networksSchema,
  steps: numberSchema("steps"),
  batch: numberSchema("batch"),
  rate: numberSchema("rate"),
  seed: numberSchema("seed"),
};

const fieldNames = Object.keys(fields) as readonly (keyof Experiment)[];

/** An experiment out of a link, and the parts of the link that were not understood. */
export interface ReadExperiment {
  readonly experiment: Experiment;
  /** Names of the link's parts that are not known or out of their limits; the standard holds in their place. */
  readonly ignored: readonly string[];
}

/** Reads the query of a link, such as `networks=plain-56,pad-56&steps=80`; what it leaves out is standard. */
export function readExperiment(query: string): ReadExperiment {
  const given = new URLSearchParams(query);
  const ignored = [...new Set(given.keys())].filter((name) => !fieldNames.includes(name as keyof Experiment));
  const read: Record<string, unknown> = {};
  for (const name of fieldNames) {
    const text = given.get(name);
    if (text === null) continue;
    const parsed = v.safeParse(fields[name], text);
    if (parsed.success) read[name] = parsed.output;
    else ignored.push(name);
  }
  return { experiment: { ...standardExperiment, ...read }, ignored };
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
