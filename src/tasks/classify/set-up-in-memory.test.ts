import { expect, test } from "vitest";
import { exampleSet } from "../../../test/support/image-sets.ts";
import type { NetworkCard } from "../../networks/card.ts";
import { performInMemory } from "../../train/perform-in-memory.ts";
import { setUpInMemory } from "./set-up-in-memory.ts";

const network: NetworkCard = {
  model: { name: "airbench94", options: { channels: 1, classes: 2, width: 0.125 } },
  imageShape: [1, 9, 9],
  data: "drawn",
  classes: ["zero", "one"],
  normalization: { mean: [0.5], deviation: [0.25] },
};
const train = exampleSet(8, { channels: 1, height: 9, width: 9 }, 2);

test.each([
  ["weights that are given", new Map(), /^whiten: needs fresh weights/],
  ["fresh weights", undefined, /^opened$/],
])("whitening with %s", async (_, start, message) => {
  const job = { network, train, recipe: { batch: 4, whiten: true }, ...(start === undefined ? {} : { start }) };
  const open = async (): Promise<never> => {
    throw new Error("opened");
  };
  const context = { report: () => undefined, shouldStop: async () => false };
  await expect(performInMemory(job, open, context, setUpInMemory)).rejects.toThrow(message);
});
