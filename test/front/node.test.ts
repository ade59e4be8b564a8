import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from "vitest";
import { compare, type CompareEvent, type Network, open, train, type TrainingEvent } from "../../src/node.ts";
import type { RankedClasses } from "../../src/tasks/classify/predict.ts";
import type { Segmented } from "../../src/tasks/segment/predict.ts";
import { FormatError, OptionError, ResiduaError } from "../../src/tensor/errors.ts";
import { writePictures } from "../support/picture-folders.ts";
import { drawKind, kinds } from "../support/pictures.ts";

let folder = "";
const at = (...names: readonly string[]): string => join(folder, ...names);
const small = { model: "resnet8", shortcut: "pad", imageSize: 16, threads: 1, epochs: 6, learningRate: 0.02 } as const;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residua-front-"));
  await writePictures(at("pictures"), 20);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A shared small training of the folder. */
let trained: ReturnType<typeof trainPictures> | undefined;
async function trainPictures() {
  const events: TrainingEvent[] = [];
  const run = train(at("pictures"), { ...small, out: at("trained"), cache: at("cache") });
  for await (const event of run) events.push(event);
  return { events, result: await run.result };
}
const once = () => (trained ??= trainPictures());

describe("train", () => {
  test("learns a small folder with the standard batch, brought down to it and said so", async () => {
    const { events, result } = await once();
    const notes = events.flatMap((event) => (event.kind === "note" ? [event.text] : []));
    expect(notes).toContain("40 images to train on are too few for batches of 64: the batch is 8");
    expect(events.filter(({ kind }) => kind === "epoch")).toHaveLength(small.epochs);
    expect(result.status).toBe("done");
    expect(result.test?.count).toBe(12);
  });

  test("says what it waits for before the first step", async () => {
    const order = (await once()).events.map(({ kind }) => kind);
    const first = order.slice(0, order.indexOf("step")).filter((kind) => kind !== "note");
    expect(first).toEqual(["loading", "start", "compiling"]);
  });

  test("refuses a batch that was said and is larger than the data, by its name", async () => {
    const run = train(at("pictures"), { ...small, batch: 64, out: at("refused"), cache: at("cache") });
    await expect(run.result).rejects.toThrow(
      new OptionError("batch", "must be at most 40, the number of images to train on, got 64"),
    );
  });

  test.each<readonly [string, object, string]>([
    [
      "an option that is not known",
      { epoch: 3 },
      "epoch: is not an option of a training to classify; there are task, model",
    ],
    ["a value of the recipe", { labelSmoothing: 2 }, "labelSmoothing: must be a number in [0, 1), got 2"],
    ["an optimizer by name alone", { optimizer: "adamw" }, "optimizer: must be an object with a name"],
    ["an unknown network", { model: "resnet" }, "model: "],
    ["an option of another task", { crop: 64 }, "crop: is not an option of a training to classify"],
    ["a preset of another task", { preset: "cells" }, 'preset: unknown value "cells"'],
    ["an unknown task", { task: "guess" }, 'task: has the task "guess", which is not known here'],
    ["two starts", { from: "a.onnx", weights: { path: "b.pth" } }, "weights: does not fit `from`; leave one out"],
  ])("refuses %s by its name", async (_, options, message) => {
    const run = train(at("pictures"), options);
    await expect(run.result).rejects.toThrow(ResiduaError);
    await expect(run.result).rejects.toThrow(message);
  });

  test("learns images in memory, and a network from them knows the classes", async () => {
    const size = 8;
    const images = Uint8Array.from({ length: 40 * size * size }, (_, place) => {
      const image = Math.floor(place / (size * size));
      return drawKind(image % 2, image, size)[3 * (place % (size * size))];
    });
    const labels = Array.from({ length: 40 }, (_, index) => index % 2);
    const data = { images, labels, channels: 1, height: size, width: size, classes: ["left", "right"] };
    const run = train(data, { ...small, imageSize: 8, out: at("memory"), cache: at("cache") });
    const { test: tested, open: openTrained } = await run.result;
    expect(tested?.count).toBe(8);
    const network = await openTrained({ threads: 1 });
    expect(network.card).toMatchObject({ classes: ["left", "right"], imageShape: [1, 8, 8], data: "images in memory" });
    expect((await network.evaluate(data)).count).toBe(40);
    await expect(network.evaluate({ ...data, labels: labels.map((label) => label + 1) })).rejects.toThrow(
      "labels: must be whole numbers from 0 to 1, got 2",
    );
    await network.release();
    await expect(train({ ...data, labels: [0] }).result).rejects.toThrow(
      "images: hold 2560 pixels of 1×8×8, that is 40 images; there are 1 labels",
    );
  });

  test("stops after a step and goes on to the same weights", async () => {
    const run = train(
      at("pictures"),
      { ...small, out: at("stopped"), cache: at("cache") },
      {
        onEvent: (event) => {
          if (event.kind === "epoch" && event.record.epoch === 2) run.stop();
        },
      },
    );
    expect((await run.result).status).toBe("stopped");
    const resumed = await train({ resume: at("stopped") }, { threads: 1, cache: at("cache") }).result;
    const { result } = await once();
    expect(resumed.epochs).toEqual(result.epochs);
    expect(await readFile(resumed.files.onnx!)).toEqual(await readFile(result.files.onnx!));
    await expect(train({ resume: at("stopped") }, { epochs: 9 }).result).rejects.toThrow(
      "epochs: is not an option of a training that goes on; there are out",
    );
  });
});

describe("open, predict, evaluate and save", () => {
  test("a path, a URL, bytes and a Blob give one answer, best first", async () => {
    await once();
    const network = await open(at("trained"), { task: "classify", threads: 1 });
    const picture = at("pictures", "left", "00.png");
    const bytes = await readFile(picture);
    const answers = [picture, pathToFileURL(picture), new Uint8Array(bytes), new Blob([bytes])];
    const [first, ...others] = await Promise.all(answers.map((input) => network.predict(input)));
    expect(first.map((found) => found.class).toSorted()).toEqual(kinds.toSorted());
    expect(first.map(({ probability }) => probability)).toEqual(
      first.map(({ probability }) => probability).toSorted((a, b) => b - a),
    );
    for (const other of others) expect(other).toEqual(first);
    await expect(network.predict(new Uint8Array(10))).rejects.toThrow("image: is not an image of a known kind");
    await network.release();
    await network.release();
    await expect(network.predict(picture)).rejects.toThrow("was released; open it again");
  });

  test("every form gives the same answers when it is opened again", async () => {
    const { result } = await once();
    const network = await result.open({ threads: 1 });
    const picture = at("pictures", "top", "03.png");
    const expected = await network.predict(picture);
    const { classes, normalization, model } = network.card;
    for (const name of ["net.onnx", "net.safetensors", "net.pth"]) {
      expect(await network.save(at(name))).toEqual([at(name)]);
      const said = { model: model.name, shortcut: "pad" as const, classes, normalization, imageSize: 16 };
      const again = await open(at(name), { task: "classify", threads: 1, ...(name.endsWith(".pth") ? said : {}) });
      const found = await again.predict(picture);
      expect(found.map((each) => each.class)).toEqual(expected.map((each) => each.class));
      for (const [index, { probability }] of found.entries())
        expect(probability).toBeCloseTo(expected[index].probability, 5);
      await again.release();
    }
    await expect(network.save(at("net.h5"))).rejects.toThrow(
      'file: ends in ".h5", must end in .onnx, .safetensors, .pth, .pt',
    );
    await expect(network.save(at("net.pth"), { opset: 17 })).rejects.toThrow(
      "opset: goes with .onnx; .pth has no such thing",
    );
    await network.release();
    const folded = await open(result.files.onnx!, { threads: 1 });
    await expect(folded.save(at("folded.pth"))).rejects.toThrow("holds no state dict: its batch norms were folded");
    await folded.release();
  });

  test("a network is evaluated on its own test part, as the training has", async () => {
    const { result } = await once();
    const network = await result.open({ threads: 1 });
    const found = await network.evaluate();
    expect(found.measures.accuracy).toBe(result.test?.measures["accuracy"]);
    expect((await network.evaluate({ limit: 5 })).count).toBe(5);
    await expect(network.evaluate({ limt: 5 } as object)).rejects.toThrow("limt: is not an option of evaluate's data");
    await network.release();
  });

  test("what is not known, or said of a file that defines it, is refused by its name", async () => {
    await once();
    await expect(open(at("trained"), { task: "segment" })).rejects.toThrow(FormatError);
    await expect(open(at("trained"), { thread: 1 } as object)).rejects.toThrow("thread: is not an option of open");
    await expect(open(at("trained"), { classes: ["a"] })).rejects.toThrow(
      "classes: applies only to weights of other systems",
    );
    await expect(open(at("nothing.onnx"))).rejects.toThrow(/nothing\.onnx: cannot read/);
    await expect(open(at("pictures"))).rejects.toThrow("is a folder without a checkpoint");
    await expect(open(new Uint8Array(20))).rejects.toThrow(/^network: /);
  });
});

test("types follow from the task", () => {
  const classifies = () => open("a", { task: "classify" });
  expectTypeOf(classifies).returns.resolves.toEqualTypeOf<Network<"classify">>();
  expectTypeOf<Network<"classify">["predict"]>().returns.resolves.toEqualTypeOf<RankedClasses>();
  expectTypeOf<Network<"segment">["predict"]>().returns.resolves.toEqualTypeOf<Segmented>();
  const narrow = async (): Promise<string> => {
    const network = await open("a");
    // @ts-expect-error cells have a count, a class has none: the task must be told first
    void (await network.predict("b")).count;
    if (network.task === "classify") return (await network.predict("b", { top: 1 }))[0].class;
    return network.task === "segment" ? String((await network.predict("b")).width) : "";
  };
  expectTypeOf(narrow).returns.resolves.toBeString();
  const runs = () => [
    train("a", { task: "segment", preset: "cells" }),
    // @ts-expect-error a preset is for segmentation
    train("a", { preset: "cells" }),
    // @ts-expect-error no field of a recipe
    train("a", { epoch: 3 }),
  ];
  expectTypeOf(runs).toBeFunction();
  const classified = () => train("a", { epochs: 1 }).result.then(({ open: openTrained }) => openTrained());
  expectTypeOf(classified).returns.resolves.toEqualTypeOf<Network<"classify">>();
});

describe("compare", () => {
  const networks = { depths: [8], shortcuts: ["plain", "A"], epochs: 2, learningRate: 0.02, threads: 1 } as const;

  test("trains every network on a small folder, and writes a page", async () => {
    const events: CompareEvent[] = [];
    const run = compare(at("pictures"), { ...networks, trainImages: 20, cache: at("cache") });
    for await (const event of run) events.push(event);
    const study = await run.result;
    expect(events).toContainEqual({
      kind: "note",
      text: "20 images to train on are too few for batches of 32: the batch is 4",
    });
    expect(study.runs.map(({ shortcut, status }) => [shortcut, status])).toEqual([
      ["plain", "done"],
      ["pad", "done"],
    ]);
    expect(study.settings).toMatchObject({ epochs: 2, batchSize: 4, trainImages: 20, testImages: 12, steps: 10 });
    expect(study.findings.length).toBeGreaterThan(0);
    expect(await study.report()).toMatch(/^<!doctype html>/i);
  });

  test("until an accuracy says what that takes", async () => {
    const options = { ...networks, shortcuts: ["A"], trainImages: 20, until: 0.01, cache: at("cache") };
    const study = await compare(at("pictures"), options).result;
    expect(study.settings.until).toBe(0.01);
    // Which of the ten steps it is, a machine's arithmetic decides.
    const { goal } = study.runs[0];
    expect(goal).toMatchObject({ reached: true, budget: 10 });
    expect(goal!.steps).toBeGreaterThanOrEqual(1);
    expect(goal!.steps).toBeLessThanOrEqual(10);
    expect(await study.report()).toContain("What 1 % takes");
  });

  test.each<readonly [string, object, string]>([
    ["an accuracy above all", { until: 90 }, "until: must be a share of the test images above 0 and at most 1"],
    ["an option that is not known", { depth: [8] }, "depth: is not an option of compare; there are depths"],
    ["a shortcut type that is not known", { shortcuts: ["D"] }, "shortcut"],
    ["what a comparison cannot follow", { patience: 3 }, "patience: needs a validation part"],
    ["a count of none", { trainImages: 0 }, "trainImages: must be a whole number above 0, got 0"],
    ["a batch that is said and too large", { batch: 80 }, "batch: must be at most 48"],
  ])("refuses %s by its name", async (_, options, message) => {
    const run = compare(at("pictures"), { ...networks, cache: at("cache"), ...options });
    await expect(run.result).rejects.toThrow(ResiduaError);
    await expect(run.result).rejects.toThrow(message);
  });
});
