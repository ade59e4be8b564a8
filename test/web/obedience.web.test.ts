import * as ort from "onnxruntime-web/wasm";
import { performTraining } from "../../src/tasks/web/index.ts";
import type { NetworkCard } from "../../src/networks/card.ts";
import { exampleSet } from "../support/image-sets.ts";
import { expectObedience } from "../support/obedience.ts";

const size = { channels: 1, height: 9, width: 9 };
const network: NetworkCard = {
  model: { name: "resnet8", options: { channels: 1, classes: 2 } },
  imageShape: [1, 9, 9],
  data: "drawn",
  classes: ["zero", "one"],
  normalization: { mean: [0.5], deviation: [0.25] },
};
// Thirteen images, the first class one more than the second: balancing them changes something.
const train = exampleSet(13, size, 2);
// Images of the training under the other label: what is learnt makes them worse, and patience runs out.
const validation = { ...exampleSet(6, size, 2), labels: Int32Array.from([1, 0, 1, 0, 1, 0]) };

async function hashOf(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes.slice()));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

expectObedience("training in a page", () => ({
  train: async (choice, epochs) => {
    const job = { network, train, validation, recipe: { epochs, batch: 4, ...choice }, threads: 1 };
    const result = await performTraining(job, {
      runtime: { ort },
      report: () => undefined,
      shouldStop: async () => false,
    });
    return `${result.place.epochs.length} ${await hashOf(result.onnx)}`;
  },
}));
