import * as fc from "fast-check";
import { expect, test } from "vitest";
import { additiveShortcutTypes } from "../../nn/shortcuts/type.ts";
import { depths, limits, mostNetworks } from "../race-limits.ts";
import { type Experiment, jobsOf, readExperiment, standardExperiment, writeExperiment } from "./experiment.ts";

const whole = ({ least, most }: { readonly least: number; readonly most: number }): fc.Arbitrary<number> =>
  fc.integer({ min: least, max: most });

const experiments: fc.Arbitrary<Experiment> = fc.record({
  networks: fc.array(
    fc.record({ depth: fc.constantFrom(...depths), shortcut: fc.constantFrom(...additiveShortcutTypes) }),
    { minLength: 1, maxLength: mostNetworks },
  ),
  steps: whole(limits.steps),
  batch: whole(limits.batch),
  rate: fc.integer({ min: 1, max: 10_000 }).map((each) => each / 10_000),
  seed: whole(limits.seed),
});

test("a link gives back the experiment that it was written from", () => {
  fc.assert(
    fc.property(experiments, (experiment) => {
      expect(readExperiment(writeExperiment(experiment))).toEqual({ value: experiment, ignored: [] });
    }),
  );
});

test("a link that a reader can write by hand sets what it names; the rest is standard", () => {
  expect(readExperiment("networks=project-all-20,plain-8&steps=5")).toEqual({
    value: {
      ...standardExperiment,
      steps: 5,
      networks: [
        { shortcut: "project-all", depth: 20 },
        { shortcut: "plain", depth: 8 },
      ],
    },
    ignored: [],
  });
  expect(readExperiment("")).toEqual({ value: standardExperiment, ignored: [] });
});

test.each([
  ["networks", "networks=pad-57"],
  ["networks", "networks=concat-20"],
  ["networks", "networks="],
  ["networks", `networks=${Array.from({ length: mostNetworks + 1 }, () => "pad-8").join(",")}`],
  ["steps", "steps=4"],
  ["steps", "steps=10.5"],
  ["steps", "steps=1e3"],
  ["batch", "batch=-16"],
  ["rate", "rate=NaN"],
  ["rate", "rate=2"],
  ["seed", "seed=0x10"],
  ["data", "data=https://example.com/images.zip"],
  ["__proto__", "__proto__=1"],
])("a link's %s that is not known or out of its limits is named, and the standard holds: %s", (name, query) => {
  expect(readExperiment(query)).toEqual({ value: standardExperiment, ignored: [name] });
});

test("whatever a link holds, an experiment within its limits comes out", () => {
  fc.assert(
    fc.property(fc.string(), (query) => {
      const { value } = readExperiment(query);
      expect(readExperiment(writeExperiment(value))).toEqual({ value, ignored: [] });
    }),
  );
});

test("a race differs in its networks alone", () => {
  const jobs = jobsOf(standardExperiment);
  expect(jobs.map(({ depth, shortcut }) => `${shortcut}-${depth}`)).toEqual(["plain-56", "pad-56"]);
  for (const job of jobs) expect(job).toMatchObject({ steps: 80, batch: 16, rate: 0.05, seed: 0, data: "digits" });
});
