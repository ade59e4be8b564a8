import { expect, test } from "vitest";
import type { RaceJob, RaceResult } from "./engine.ts";
import { type StartLane, startRace } from "./race.ts";

const job: RaceJob = { depth: 8, shortcut: "pad", seed: 0, steps: 5, batch: 4, rate: 0.1, data: "digits" };

test("a network that cannot even be started ends those that were", () => {
  const killed: string[] = [];
  const startLane: StartLane = ({ depth }) => {
    if (depth === 20) throw new Error("spawn ENOMEM");
    let fail: (error: Error) => void = () => undefined;
    const result = new Promise<RaceResult>((_, reject) => (fail = reject));
    const kill = (): void => {
      killed.push(`resnet${depth}`);
      fail(new Error("was ended"));
    };
    return {
      result,
      stop: () => undefined,
      kill,
      [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }),
    };
  };
  const jobs = [8, 14, 20].map((depth) => ({ ...job, depth }));
  expect(() => startRace(jobs, startLane, () => undefined)).toThrow("spawn ENOMEM");
  expect(killed).toEqual(["resnet8", "resnet14"]);
});
