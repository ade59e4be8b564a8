import * as fc from "fast-check";
import { expect, test } from "vitest";
import { shortcutTypes } from "../../nn/shortcuts/type.ts";
import { type NamedNetwork, readNamedNetwork, standardNetwork, writeNamedNetwork } from "./network/options.ts";
import { batchFor, offered, type TrainChoice } from "../train-choice.ts";
import { readTrainChoice, standardChoice, writeTrainChoice } from "./train/options.ts";

const choices: fc.Arbitrary<TrainChoice> = fc.record({
  depth: fc.constantFrom(...offered.depth),
  shortcut: fc.constantFrom(...offered.shortcut),
  size: fc.constantFrom(...offered.size),
  epochs: fc.integer({ min: 1, max: 500 }),
  rate: fc.integer({ min: 1, max: 10_000 }).map((each) => each / 10_000),
  seed: fc.integer({ min: 0, max: 999_999 }),
});

const networks: fc.Arbitrary<NamedNetwork> = fc.record({
  model: fc.constantFrom("resnet20", "wrn-28-10", "densenet121"),
  shortcut: fc.option(fc.constantFrom(...shortcutTypes), { nil: undefined }),
  size: fc.option(fc.integer({ min: 1, max: 4096 }), { nil: undefined }),
});

test("a link gives back what it was written from", () => {
  fc.assert(
    fc.property(choices, networks, (choice, network) => {
      expect(readTrainChoice(writeTrainChoice(choice))).toEqual({ value: choice, ignored: [] });
      expect(readNamedNetwork(writeNamedNetwork(network))).toEqual({ value: network, ignored: [] });
    }),
  );
});

test.each([
  ["depth", "depth=9"],
  ["shortcut", "shortcut=gated"],
  ["size", "size=33"],
  ["epochs", "epochs=0"],
  ["rate", "rate=1e-3"],
  ["images", "images=https://example.com/pets.zip"],
])("a link to train whose %s is not known or out of its limits names it: %s", (name, query) => {
  expect(readTrainChoice(query)).toEqual({ value: standardChoice, ignored: [name] });
});

test.each([
  ["model", "model=../x"],
  ["shortcut", "shortcut=B"],
  ["size", "size=0"],
  ["file", "file=https://example.com/net.onnx"],
])("a link to a network whose %s is not known or out of its limits names it: %s", (name, query) => {
  expect(readNamedNetwork(query)).toEqual({ value: standardNetwork, ignored: [name] });
});

test("few images make small steps, which always fit", () => {
  expect([4, 8, 31, 160, 999, 1000, 50_000].map(batchFor)).toEqual([2, 4, 15, 16, 16, 64, 64]);
});
