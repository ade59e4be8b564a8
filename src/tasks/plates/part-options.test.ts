import { expect, test } from "vitest";
import type { TrainedNetwork } from "../../networks/open.ts";
import { judgePlates } from "./judge.ts";
import { locatePlates } from "./locate.ts";
import { predictPlates } from "./predict.ts";
import type { PlatePart } from "./settings.ts";

const image = { width: 8, height: 8, data: new Uint8Array(192) };
/** Refusals come before a network is run. */
const networkOf = (part: PlatePart) =>
  ({ settings: { name: "plates", part, drawnShare: 1, samples: 1 } }) as unknown as Parameters<typeof predictPlates>[0];

test.each([
  ["read", { threshold: 0.3 }, "threshold: applies to a network that locates plates; this one reads them"],
  ["read", { longestSide: 640 }, "longestSide: applies to a network that locates plates; this one reads them"],
  ["locate", { grammar: "none" }, "grammar: applies to a network that reads plates; this one locates them"],
  ["locate", { legibility: 0.3 }, "legibility: applies to a locator with a reader; this one locates plates"],
  ["read", { legibility: 0.3 }, "legibility: applies to a locator with a reader; this one reads plates"],
] as const)("of a network to %s, %j is refused by its name", async (part, options, message) => {
  await expect(predictPlates(networkOf(part), image, options)).rejects.toThrow(message);
  await expect(judgePlates(networkOf(part), [], options)).rejects.toThrow(message);
});

test.each([
  [{ threshold: 0 }, "threshold: must be above 0 and below 1, got 0"],
  [{ threshold: 1 }, "threshold: must be above 0 and below 1, got 1"],
  [{ threshold: Number.NaN }, "threshold: must be above 0 and below 1, got NaN"],
  [{ longestSide: 63 }, "longestSide: must be a whole number of at least 64, got 63"],
  [{ longestSide: 640.5 }, "longestSide: must be a whole number of at least 64, got 640.5"],
])("%j is refused", async (options, message) => {
  await expect(locatePlates({} as TrainedNetwork, image, options)).rejects.toThrow(message);
});
