import { expect, test } from "vitest";
import { testGlyphs } from "../../../test/support/plates.ts";
import { portable } from "../../compile/portable/lowering.ts";
import { makeBatch } from "../../data/batches.ts";
import { createModel } from "../../nn/models.ts";
import { createNodeRuntime } from "../../runtime/node.ts";
import { openTrainer, planTraining } from "../../train/engine.ts";
import { readerScores } from "./alphabet.ts";
import { createPlateWriter, plateShapes } from "./batches.ts";
import { locatorScores } from "./locator-targets.ts";
import { plateNormalization } from "./planes.ts";
import { platePresets } from "./presets.ts";
import { createSceneWriter, sceneShapes } from "./scene-batches.ts";
import type { PlatePart } from "./settings.ts";
import { platesStep } from "./step.ts";

const BATCH = 8;
const plan = {
  batch: BATCH,
  seed: 1,
  shuffle: false,
  indices: Uint32Array.from({ length: BATCH }, (_, index) => index),
};
const flat = { width: 80, height: 80, data: new Uint8Array(80 * 80 * 3).fill(110) };

const sources = {
  read: {
    shapes: plateShapes,
    write: createPlateWriter({ glyphs: testGlyphs, crops: [], drawnShare: 1, normalization: plateNormalization, plan }),
    classes: readerScores.length,
  },
  locate: {
    shapes: sceneShapes(64),
    write: createSceneWriter({
      glyphs: testGlyphs,
      scenes: [{ levels: [flat], plates: [] }],
      crop: 64,
      drawnShare: 1,
      normalization: plateNormalization,
      plan,
    }),
    classes: locatorScores.length,
  },
} as const;

test.each(["read", "locate"] as const)(
  "a narrow network learns to %s one batch of drawn plates",
  async (part: PlatePart) => {
    const { shapes, write, classes } = sources[part];
    const { model, recipe: usual } = platePresets[part];
    const { module } = createModel(model, { classes, width: 0.5 });
    const recipe = { ...usual, batch: BATCH, epochs: 40, learningRate: 0.005 };
    const settings = { name: "plates", part, drawnShare: 1, samples: BATCH, crop: 64 } as const;
    const options = { module, sampleShape: shapes.image, recipe, stepsPerEpoch: 1, validates: false };
    const training = planTraining({ ...options, step: platesStep(settings, shapes.image, recipe) });
    const trainer = await openTrainer(training, {
      runtime: createNodeRuntime(),
      lowering: portable,
      session: { threads: 1 },
    });
    const losses: number[] = [];
    const batch = makeBatch(shapes, BATCH, (images, labels) => write(0, images, labels));
    for (let step = 0; step < 40; step++) losses.push((await trainer.step(batch, training.rateAt(step))).loss);
    await trainer.release();
    // The same batch again and again: what is learnt must be well below what a network without knowledge costs.
    expect(losses.at(-1)).toBeLessThan(losses[0] / 2);
  },
  120_000,
);
