import { expect, test } from "vitest";
import { OptionError } from "../../tensor/errors.ts";
import type { WebTrainingContext, WebTrainingJob } from "../../train/web/index.ts";
import { standardSettings } from "../segment/settings.ts";
import { performTraining } from "./perform-training.ts";

test("a task that a page cannot train is refused by its name, before anything is loaded", async () => {
  const train = { channels: 1, height: 8, width: 8, count: 1, images: new Uint8Array(64), labels: new Int32Array(1) };
  const job: WebTrainingJob = {
    network: {
      model: { name: "resnet8", options: { channels: 1, classes: 4 } },
      imageShape: [1, 8, 8],
      data: "cells",
      classes: ["background", "body", "border", "distance"],
      normalization: { mean: [0.25], deviation: [0.25] },
      task: { ...standardSettings },
    },
    recipe: {},
    train,
  };
  const context = {} as WebTrainingContext;
  await expect(performTraining(job, context)).rejects.toThrow(
    new OptionError("network", `has the task "segment", which a page cannot train yet; train it in Node`),
  );
});
