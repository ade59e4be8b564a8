import type { Measure } from "../train/measure.ts";
import { expect, expectTypeOf, test } from "vitest";
import type { NetworkCard } from "../networks/card.ts";
import type { TrainedNetwork } from "../networks/open.ts";
import type { Report } from "../report/report.ts";
import { FormatError, OptionError, ShapeError } from "../tensor/errors.ts";
import { float32 } from "../tensor/tensor.ts";
import type { LabeledBatch } from "../train/batch.ts";
import type { Classification } from "./classify/judge.ts";
import type { ImagePixels, RankedClasses } from "./classify/predict.ts";
import { taskNames, taskNameOf, tasks, type TypesOf } from "./find-task.ts";
import { type AnyLoadedNetwork, type LoadedNetwork, loadTask } from "./loaded-network.ts";
import type { Raster } from "../data/image/raster.ts";
import type { MaskedSample, SegmentationJudgement } from "./segment/judge.ts";
import type { CellOutline } from "./segment/outlines.ts";
import type { Segmented, SegmentedCells } from "./segment/predict.ts";
import type { SegmentationStudy } from "./segment/report.ts";
import { standardSettings } from "./segment/settings.ts";
import type { Task } from "./task.ts";

const card: NetworkCard = {
  model: { name: "resnet8", options: { channels: 1, classes: 3 } },
  imageShape: [1, 2, 2],
  data: "three kinds",
  classes: ["dark", "grey", "bright"],
  normalization: { mean: [0.5], deviation: [0.5] },
};

/** A network whose scores are the first three pixels that it sees. */
function network(own: NetworkCard): TrainedNetwork & { readonly released: () => number } {
  let released = 0;
  const session: TrainedNetwork["session"] = {
    inputs: [],
    outputs: [],
    inputNames: ["images"],
    outputNames: ["scores"],
    run: async ({ images }) => ({
      scores: {
        dtype: "float32",
        shape: [1, 3],
        read: async () => float32([1, 3], (images as ReturnType<typeof float32>).data.slice(0, 3)),
        dispose: () => undefined,
      },
    }),
    release: async () => void released++,
    endProfiling: () => "",
  };
  return { card: own, session, released: () => released };
}

test("what a network takes and gives follows from its task", () => {
  expectTypeOf<LoadedNetwork<"classify">["predict"]>().parameter(0).toEqualTypeOf<ImagePixels>();
  expectTypeOf<LoadedNetwork<"classify">["predict"]>().returns.resolves.toEqualTypeOf<RankedClasses>();
  expectTypeOf<LoadedNetwork<"classify">["judge"]>().returns.resolves.toEqualTypeOf<Classification>();
  expectTypeOf<LoadedNetwork<"segment">["predict"]>().parameter(0).toEqualTypeOf<Raster>();
  expectTypeOf<LoadedNetwork<"segment">["predict"]>().returns.resolves.toEqualTypeOf<Segmented>();
  expectTypeOf<LoadedNetwork<"segment">["judge"]>().returns.resolves.toEqualTypeOf<SegmentationJudgement>();
  expectTypeOf<SegmentedCells["outlines"]>().returns.toEqualTypeOf<readonly CellOutline[]>();
  expectTypeOf<LoadedNetwork<"segment">["settings"]["target"]>().toEqualTypeOf<"instances" | "classes">();
});

test("a network of any task is told by its task's name", () => {
  expectTypeOf<Extract<AnyLoadedNetwork, { readonly task: "segment" }>>().toEqualTypeOf<LoadedNetwork<"segment">>();
  expectTypeOf<AnyLoadedNetwork["task"]>().toEqualTypeOf<"classify" | "plates" | "segment">();
  expectTypeOf<typeof loadTask<"segment">>().returns.toEqualTypeOf<LoadedNetwork<"segment">>();
  // @ts-expect-error the task is not in the table
  expectTypeOf<LoadedNetwork<"guess">>().not.toBeAny();
});

test("rows are typed by their own types, and one that lacks a method is no row", () => {
  expectTypeOf(tasks.segment.report).toEqualTypeOf<(study: SegmentationStudy) => Report>();
  expectTypeOf<TypesOf<"classify">["sample"]>().toEqualTypeOf<LabeledBatch>();
  expectTypeOf<TypesOf<"segment">["sample"]>().toEqualTypeOf<MaskedSample>();
  const { judge: _, ...lacking } = tasks.segment;
  expectTypeOf(lacking).not.toExtend<Task<"segment", TypesOf<"segment">>>();
  expectTypeOf<Task<"other", TypesOf<"segment">>>().not.toExtend<Task<"segment", TypesOf<"segment">>>();
});

test("a card without a task classifies, and so does one that says it", async () => {
  for (const own of [card, { ...card, task: { name: "classify" } }]) {
    const opened = network(own);
    const loaded = loadTask(opened, "model.onnx");
    if (loaded.task !== "classify") throw new Error("not reached");
    const image = { channels: 1, height: 2, width: 2, pixels: Uint8Array.of(0, 255, 128, 0) };
    const found = await loaded.predict(image);
    // Pixels 0, 255, 128 are the scores −1, 1, 0 of dark, grey, bright.
    expect(found.map((each) => each.class)).toEqual(["grey", "bright", "dark"]);
    expect(found.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 12);
    expect(await loaded.predict(image, { top: 1 })).toEqual(found.slice(0, 1));
    await expect(loaded.predict(image, { top: 0 })).rejects.toThrow(new OptionError("top", "must be >=1, got 0"));
    const misspelt = { tpo: 1 } as object;
    await expect(loaded.predict(image, misspelt)).rejects.toThrow(new OptionError("tpo", "is not known"));
    await expect(loaded.predict({ ...image, width: 3 })).rejects.toThrow(ShapeError);
    await expect(loaded.predict({ ...image, pixels: new Uint8Array(3) })).rejects.toThrow(/has 3 pixels/);
    await loaded.release();
    expect(opened.released()).toBe(1);
  }
});

test("settings of another task, of none that is known, and damaged ones are refused with the file's name", () => {
  const segments = network({ ...card, task: { ...standardSettings } });
  expect(loadTask(segments, "cells.onnx").task).toBe("segment");
  expect(loadTask(segments, "cells.onnx", "segment").settings).toEqual(standardSettings);
  const refused: readonly (readonly [() => unknown, string])[] = [
    [
      () => loadTask(segments, "cells.onnx", "classify"),
      "cells.onnx: was trained to segment; give a network that was trained to classify",
    ],
    [
      () => loadTask(network({ ...card, task: { name: "guess" } }), "model.onnx"),
      `model.onnx: has the task "guess", which is not known here; known are ${taskNames.join(", ")}`,
    ],
    [() => loadTask(network({ ...card, task: { name: "segment", target: 1 } }), "model.onnx"), "model.onnx: "],
    [() => loadTask(network({ ...card, task: { name: "classify", top: 5 } }), "model.onnx"), "model.onnx: top "],
  ];
  for (const [act, message] of refused) {
    expect(act).toThrow(FormatError);
    expect(act).toThrow(message);
  }
});

test("the main measure comes first, whatever the target", () => {
  const namesOf = (measures: readonly Measure[]): readonly string[] => measures.map(({ name }) => name);
  expect(namesOf(tasks.classify.measures({ name: "classify" }))).toEqual(["accuracy"]);
  expect(namesOf(tasks.segment.measures(standardSettings))[0]).toBe("meanAp");
  expect(namesOf(tasks.segment.measures({ ...standardSettings, target: "classes" }))[0]).toBe("meanIou");
  expect(taskNameOf(undefined, "card")).toBe("classify");
});
