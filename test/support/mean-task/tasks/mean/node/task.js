import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { noAugmentation, splitValidation } from "residua/data";
import { decodeImage } from "residua/data/node";
import { defaultRecipe, imagesPerStep, startOfTraining } from "residua/train";
import { openStart } from "residua/train/node";
import { closeness, levelOf, mean } from "../task.js";

const normalization = { mean: [0.5, 0.5, 0.5], deviation: [1, 1, 1] };

/**
 * @param {import("../../../../../../src/files/node.ts").FileSource} path
 * @param {{ readonly imageShape: readonly [number, number, number] }} network
 */
async function readInput(path, { imageShape: [channels, height, width] }) {
  const format = { channels, height, width };
  return { ...format, pixels: await decodeImage(path, format) };
}

/**
 * A folder's images with their levels; every fourth is kept for the test.
 *
 * @param {string} folder
 * @param {{ readonly imageShape: readonly [number, number, number] }} network
 */
async function readFolder(folder, network) {
  const names = (await readdir(folder)).toSorted();
  const images = await Promise.all(names.map((name) => readInput(join(folder, name), network)));
  const levelled = images.map((image) => ({ ...image, level: levelOf(image) }));
  return {
    train: levelled.filter((_, index) => index % 4 !== 0),
    test: levelled.filter((_, index) => index % 4 === 0),
  };
}

/**
 * @param {Parameters<import("residua/tasks/node").NodeTask["setUp"]>[0]} start
 * @param {import("residua/train/node").SetupContext} context
 * @returns {Promise<Pick<import("residua/train/node").TrainingSetup, "notes" | "state">>}
 */
async function openNotes(start, { engine }) {
  if ("checkpoint" in start) {
    const { notes, state } = start.checkpoint;
    return { notes: { ...notes, engine }, state: /** @type {import("residua/train").TrainingState} */ (state) };
  }
  const opened = await openStart(start);
  const { model, state } = opened.build(["level"], opened.imageShape[0]);
  const { train } = await readFolder(start.data, opened);
  const validation = Math.round(train.length * (start.validation ?? 0.25));
  const notes = {
    network: {
      model,
      imageShape: opened.imageShape,
      data: start.data,
      classes: ["level"],
      normalization,
      task: { name: mean.name },
    },
    recipe: start.recipe,
    data: { train: train.length - validation, validation, augmentation: "none" },
    place: startOfTraining,
    engine,
  };
  return { notes, ...(state === undefined ? {} : { state }) };
}

/** @type {import("residua/tasks/node").NodeTask<import("../types.ts").MeanTypes>} */
export const nodeTask = {
  setUp: async (start, context) => {
    const opened = await openNotes(start, context);
    const { network, recipe, data } = opened.notes;
    const { train, test } = await readFolder(network.data, network);
    const split = splitValidation(train.length, data.validation / (data.train + data.validation), recipe.seed);
    const plan = { batch: imagesPerStep(recipe), seed: recipe.seed, shuffle: true, indices: split.train };
    return {
      ...opened,
      source: {
        shapes: { image: network.imageShape, labels: [] },
        plan,
        normalization,
        writer: new URL("./writer.js", import.meta.url).href,
        data: { images: train, plan },
      },
      measures: { training: closeness, main: closeness },
      validates: split.validation.length > 0,
      step: mean.step({ name: "mean" }, network.imageShape, recipe),
      refuses: mean.refuses,
      evaluate: (session, part) =>
        mean.judge(
          { card: network, session, settings: { name: "mean" } },
          part === "test" ? test : Array.from(split.validation, (index) => train[index]),
        ),
    };
  },
  readInput,
  answers: { readOptions: () => ({}), write: { "application/json": (level) => JSON.stringify({ level }) } },
  trainOptions: [],
  startTraining: ({ start, given, validation }) => ({
    ...start,
    ...(validation === undefined ? {} : { validation }),
    augmentation: noAugmentation,
    recipe: { ...defaultRecipe, ...Object.fromEntries(given) },
    task: { name: mean.name },
  }),
  openSamples: async ({ card }, { data = card.data }) => {
    const { test } = await readFolder(data, card);
    return {
      data,
      count: test.length,
      samples: (async function* read() {
        yield* test;
      })(),
    };
  },
};
