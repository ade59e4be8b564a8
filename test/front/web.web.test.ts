import { describe, expect, test } from "vitest";
import { compare, type CompareEvent, open, train, type TrainingEvent } from "../../src/web.ts";
import { standardSettings } from "../../src/tasks/segment/settings.ts";
import { buildInference, toModel } from "../../src/compile/inference.ts";
import { networkMetadata } from "../../src/networks/notes.ts";
import type { NetworkCard } from "../../src/networks/card.ts";
import { createModel } from "../../src/nn/models.ts";
import { initializeState } from "../../src/nn/initialization.ts";
import { encodeModel } from "../../src/onnx/encode.ts";
import { OptionError } from "../../src/tensor/errors.ts";
import { encodePng } from "../../src/files/png.ts";
import { drawKind, kinds } from "../support/pictures.ts";

const size = 12;
const small = {
  model: "resnet8",
  shortcut: "pad",
  imageSize: size,
  epochs: 6,
  learningRate: 0.02,
  worker: false,
} as const;

/** Pictures as files, so many of each kind. */
function pictures(each: number): Readonly<Record<string, readonly File[]>> {
  const draw = (kind: number, index: number): File => {
    const png = encodePng({ height: size, width: size, channels: 3, samples: drawKind(kind, index, size) });
    return new File([png as Uint8Array<ArrayBuffer>], `${kinds[kind]} ${index}.png`);
  };
  return Object.fromEntries(kinds.map((name, kind) => [name, Array.from({ length: each }, (_, at) => draw(kind, at))]));
}

const files = pictures(12);
const inMemory = () => ({
  images: Uint8Array.from(
    { length: 32 * 64 },
    (_, place) => drawKind(Math.floor(place / 64) % 2, Math.floor(place / 64), 8)[3 * (place % 64)],
  ),
  labels: Array.from({ length: 32 }, (_, index) => index % 2),
  channels: 1,
  height: 8,
  width: 8,
  classes: ["left", "right"],
});

describe("train", () => {
  test("learns image files, and its network predicts, is evaluated, saved and opened again", async () => {
    const events: TrainingEvent[] = [];
    const run = train({ files }, small);
    for await (const event of run) events.push(event);
    const { status, epochs, test: tested, open: openTrained, onnx } = await run.result;
    expect([status, epochs.length, tested?.count]).toEqual(["done", 6, 7]);
    expect(events).toContainEqual({
      kind: "note",
      text: "24 images to train on are too few for batches of 64: the batch is 4",
    });
    const before = events
      .slice(
        0,
        events.findIndex(({ kind }) => kind === "step"),
      )
      .map(({ kind }) => kind);
    expect(before.filter((kind) => kind !== "note")).toEqual(["loading", "start", "compiling"]);
    const network = await openTrained();
    const picture = files["left"][3];
    const expected = await network.predict(picture);
    expect(expected.map((found) => found.class).toSorted()).toEqual([...kinds].toSorted());
    // A picture of the network's own size is not resampled, so that all ways to give it are the same pixels.
    const bitmap = await createImageBitmap(picture);
    const canvas = new OffscreenCanvas(size, size);
    canvas.getContext("2d")!.drawImage(bitmap, 0, 0);
    const data = canvas.getContext("2d")!.getImageData(0, 0, size, size);
    for (const input of [bitmap, canvas, data]) expect(await network.predict(input)).toEqual(expected);
    const { classes, normalization } = network.card;
    for (const name of ["net.onnx", "net.safetensors", "net.pth"]) {
      const file = await network.save(name);
      expect(file.name).toBe(name);
      const said = { model: "resnet8", shortcut: "pad", classes, normalization, imageSize: size } as const;
      const again = await open(file, { task: "classify", ...(name.endsWith(".pth") ? said : {}) });
      const found = await again.predict(picture);
      expect(found.map((each) => each.class)).toEqual(expected.map((each) => each.class));
      for (const [index, { probability }] of found.entries())
        expect(probability).toBeCloseTo(expected[index].probability, 4);
      await again.release();
    }
    const fromOnnx = await open(onnx, { task: "classify" });
    expect((await fromOnnx.predict(picture, { top: 1 }))[0].class).toBe(expected[0].class);
    await fromOnnx.release();
    await network.release();
    await expect(network.predict(picture)).rejects.toThrow("was released; open it again");
  });

  test("stops after a step", async () => {
    const run = train(inMemory(), { ...small, imageSize: 8, epochs: 50 }, { onEvent: () => run.stop() });
    const { status, steps } = await run.result;
    expect(status).toBe("stopped");
    expect(steps).toBeLessThan(5);
  });

  test("a training that was stopped goes on from its checkpoint to the same bits", async () => {
    const options = {
      ...small,
      imageSize: 8,
      epochs: 3,
      batch: 8,
      validation: 0.2,
      average: 0.9,
      mixup: 0.2,
      checkpointSeconds: 0,
    } as const;
    const whole = await train(inMemory(), options).result;
    const kept: Uint8Array[] = [];
    const first = train(inMemory(), options, {
      onEvent: (event) => {
        if (event.kind !== "checkpoint") return;
        kept.push(event.checkpoint);
        // In the middle of the second of three epochs of two steps.
        if (event.step === 3) first.stop();
      },
    });
    expect(await first.result).toMatchObject({ status: "stopped", steps: 3 });
    const resume = kept.at(-1)!;
    const rest = await train(inMemory(), { ...options, resume }).result;
    expect([rest.status, rest.epochs, rest.test]).toEqual(["done", whole.epochs, whole.test]);
    expect(rest.onnx).toEqual(whole.onnx);
    const other = train(inMemory(), { ...options, seed: 1, resume });
    await expect(other.result).rejects.toThrow("resume: is of another training: the recipe differs");
    const damaged = train(inMemory(), { ...options, resume: resume.with(resume.length - 1, resume.at(-1)! ^ 1) });
    await expect(damaged.result).rejects.toThrow("resume: is damaged");
  });

  test.each<readonly [string, object, string]>([
    ["an option that is not known", { epoch: 3 }, "epoch: is not an option of a training to classify"],
    ["an option of Node", { out: "here" }, "out: is not an option of a training to classify"],
    ["a task that a page cannot train", { task: "segment" }, 'task: "segment" cannot be trained in a page yet'],
    [
      "a device without a worker",
      { worker: undefined, device: "webgpu" },
      'device: "webgpu" needs a worker that serves it',
    ],
    ["a time that is none", { checkpointSeconds: -1 }, "checkpointSeconds: must be a number from 0, got -1"],
    ["a value of the recipe", { mixup: -1 }, "mixup: must be a number above 0, got -1"],
  ])("refuses %s by its name", async (_, options, message) => {
    const run = train(inMemory(), { ...small, imageSize: 8, ...options });
    await expect(run.result).rejects.toThrow(OptionError);
    await expect(run.result).rejects.toThrow(message);
  });

  test("files that are no images, and classes without files, are named", async () => {
    const broken = { ...files, top: [new File(["no image"], "broken.png")] };
    await expect(train({ files: broken }, small).result).rejects.toThrow("broken.png: is not an image of a known kind");
    await expect(train({ files: { ...files, top: [] } }, small).result).rejects.toThrow(
      'files: has no images of "top"',
    );
  });
});

test("compare trains every network in a page", async () => {
  const events: CompareEvent[] = [];
  const options = { depths: [8], shortcuts: ["plain", "A"], epochs: 1, worker: false } as const;
  const run = compare(inMemory(), options);
  for await (const event of run) events.push(event);
  const study = await run.result;
  expect(study.runs.map(({ shortcut, status }) => [shortcut, status])).toEqual([
    ["plain", "done"],
    ["pad", "done"],
  ]);
  expect(study.settings).toMatchObject({ batchSize: 4, trainImages: 26, testImages: 6, lowering: "portable" });
  expect(study.findings.length).toBeGreaterThan(0);
  await expect(compare(inMemory(), { ...options, budget: 3 } as object).result).rejects.toThrow(
    "budget: is not an option of compare in a page",
  );
  const reached = await compare(inMemory(), { ...options, shortcuts: ["A"], epochs: 2, until: 0.01 }).result;
  // Six steps per epoch, four tests: one after every other step.
  expect(reached.runs[0].goal).toMatchObject({ reached: true, steps: 2, budget: 12, tests: [{ step: 2 }] });
  expect(reached.findings[0]).toBe("Trained until 1 % of the test images.");
});

test("a network that segments outlines what it finds", async () => {
  const model = { name: "resunet", options: createModel("resunet", { channels: 3, classes: 4 }).options };
  const card: NetworkCard = {
    model,
    imageShape: [3, 32, 32],
    data: "cells",
    classes: ["background", "body", "border", "distance"],
    normalization: { mean: [0.25, 0.25, 0.25], deviation: [0.25, 0.25, 0.25] },
    task: { ...standardSettings },
  };
  const { module } = createModel(model.name, model.options);
  const graph = buildInference(module, card.imageShape, initializeState(module, 0));
  const network = await open(encodeModel(toModel(graph, networkMetadata({ ...card, card }))));
  if (network.task !== "segment") throw new Error("not reached");
  const found = await network.predict(files["left"][0]);
  expect([found.height, found.width, found.labels.length]).toEqual([size, size, size * size]);
  if (found.target !== "instances") throw new Error("not reached");
  expect(found.outlines()).toHaveLength(found.count);
  await network.release();
});
