import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InferenceSession } from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { LabelledImages } from "../../src/data/labelled-images.ts";
import { measureAdvice } from "../../src/lab/advise/node/perform.ts";
import type { CompareResult } from "../../src/lab/compare/job.ts";
import { compareNetworks } from "../../src/lab/compare/node/perform.ts";
import { comparisonRecipe } from "../../src/lab/compare/standard-comparison.ts";
import { followGradients } from "../../src/lab/gradient-flow/node/perform.ts";
import { surveyLandscape } from "../../src/lab/landscape/node/perform.ts";
import { cutNetwork } from "../../src/lab/lesion/node/perform.ts";
import { type RateRecipe, rateRefusals } from "../../src/lab/lr-find/node/job.ts";
import { testRates } from "../../src/lab/lr-find/node/perform.ts";
import { studyNetwork } from "../../src/lab/network/node/study.ts";
import { createModel } from "../../src/nn/models.ts";
import type { Device } from "../../src/runtime/device.ts";
import { createNodeRuntime } from "../../src/runtime/node.ts";
import { copyModel } from "../../src/runtime/tensor-reader.ts";
import type { Session } from "../../src/runtime/runtime.ts";
import { encodeCheckpointChunks } from "../../src/train/checkpoint.ts";
import { defaultRecipe } from "../../src/train/recipe.ts";
import { noiseState } from "../support/noise.ts";
import { writePictures } from "../support/picture-folders.ts";
import { drawKind, kinds } from "../support/pictures.ts";
import { placesOf } from "../support/placement.ts";
import { hasAdapter } from "../support/software-adapter.ts";
import { exampleNotes } from "../support/training.ts";

const isThere = await hasAdapter();
/** Generous: it ends a hang, nothing else. */
const timeout = 900_000;
const SIZE = 8;
/** Float32 in another order of summing, over a few steps. */
const TOLERANCE = 1e-4;

/** What two runs of one study may differ in. */
const incidental = new Set(["device", "lowering", "milliseconds", "seconds", "imagesPerSecond", "time", "png"]);

/** Where the figures of two studies disagree by more than rounding, or anything else differs. */
function findDifferences(actual: unknown, wanted: unknown, where = "study"): readonly string[] {
  if (typeof wanted === "object" && wanted !== null)
    return Object.entries(wanted)
      .filter(([name]) => !incidental.has(name))
      .flatMap(([name, value]) =>
        findDifferences((actual as Readonly<Record<string, unknown>>)[name], value, `${where}.${name}`),
      );
  const isSame =
    typeof wanted === "number" && Number.isFinite(wanted)
      ? Math.abs((actual as number) - wanted) < TOLERANCE * Math.max(1, Math.abs(wanted))
      : Object.is(actual, wanted);
  return isSame ? [] : [`${where}: ${String(actual)}, must be ${String(wanted)}`];
}

/** A context that stops a job after it was asked so often. */
const contextOf = (stopAfter = Number.POSITIVE_INFINITY) => {
  let asked = 0;
  return { report: () => undefined, shouldStop: async () => asked++ >= stopAfter };
};

describe.runIf(isThere)("studies on WebGPU", { timeout }, () => {
  let folder: string;
  let pictures: string;
  let file: string;
  /** As long as a session is open, ONNX Runtime keeps its compiled shaders, which take longer than all else here. */
  let open: Session;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "residua-studies-"));
    [pictures, file] = [join(folder, "pictures"), join(folder, "net.safetensors")];
    await writePictures(pictures, 8, SIZE);
    const options = { shortcut: "pad", channels: 3, classes: kinds.length } as const;
    const network = {
      ...exampleNotes.network,
      model: { name: "resnet8", options },
      imageShape: [3, SIZE, SIZE],
      data: pictures,
      classes: kinds,
      normalization: { mean: [0.4, 0.4, 0.4], deviation: [0.2, 0.2, 0.2] },
    } as const;
    const state = noiseState(createModel("resnet8", options).module, 0);
    writeFileSync(file, Buffer.concat(encodeCheckpointChunks({ notes: { ...exampleNotes, network }, state })));
    open = await createNodeRuntime("webgpu").load(copyModel("float32", 1));
  });
  afterAll(async () => {
    await open.release();
    rmSync(folder, { recursive: true, force: true });
  });

  let files = 0;
  const job = (device: Device) => ({
    device,
    cache: join(folder, "cache"),
    session: { threads: 1 },
    lowering: "portable" as const,
    journal: join(folder, `${files++}.json`),
    training: join(folder, `${files++}.safetensors`),
  });

  /**
   * Runs a study on the processor and on the device, and expects the same figures; every session of the latter must be the
   * device's, and each operator of what it loads must lie there.
   */
  async function expectThere<Study extends { readonly device?: string }>(
    study: (how: ReturnType<typeof job>) => Promise<Study>,
  ): Promise<void> {
    const wanted = await study(job("cpu"));
    expect(wanted).not.toHaveProperty("device");
    const create = vi.spyOn(InferenceSession, "create");
    try {
      const actual = await study(job("webgpu"));
      expect(actual.device).toMatch(/^webgpu \(.+\)$/);
      expect(findDifferences(actual, wanted)).toEqual([]);
      // Overloaded: this is the one of a model in memory.
      const loaded = create.mock.calls as unknown as readonly (readonly [
        Uint8Array,
        InferenceSession.SessionOptions,
      ])[];
      expect(new Set(loaded.map(([, { executionProviders }]) => JSON.stringify(executionProviders)))).toEqual(
        new Set(['["webgpu"]']),
      );
      const distinct = new Map(loaded.map(([model]) => [model.length, model]));
      const paths = Array.from(distinct, ([length, model]) => {
        const path = join(folder, `${length}.onnx`);
        writeFileSync(path, model);
        return path;
      });
      expect(await placesOf(...paths)).toEqual(["WebGpuExecutionProvider"]);
    } finally {
      create.mockRestore();
    }
  }

  test("lr-find takes the processor's losses", async () => {
    const fields = Object.entries(defaultRecipe).filter(([name]) => !(name in rateRefusals));
    const recipe = { ...(Object.fromEntries(fields) as RateRecipe), batch: 4, seed: 1 };
    const start = {
      model: "resnet8",
      modelOptions: {},
      data: pictures,
      imageSize: SIZE,
      validation: 0,
      augmentation: { cropPadding: 0, flip: false },
      recipe,
    };
    await expectThere((how) => testRates({ start, lowest: 1e-4, highest: 1e-2, steps: 10, ...how }, contextOf()));
  });

  test("gradflow measures the processor's gradients, along a training too", async () => {
    const networks = [{ label: "net", file }];
    const recipe = { batch: 4, learningRate: 0.01, seed: 1 };
    await expectThere((how) => followGradients({ networks, steps: 2, probes: 2, recipe, ...how }, contextOf()));
  });

  test("lesion cuts and counts paths as on the processor", async () => {
    const what = { file, images: 12, pathSamples: 8, scope: { draws: 1, limit: 4, seed: 1 }, wish: {} };
    await expectThere((how) => cutNetwork({ ...what, ...how }, contextOf()));
  });

  test("landscape measures the processor's losses", async () => {
    const what = { images: 12, seed: 1, radius: 0.5, linePoints: 3, planePoints: 3, snapshots: [] };
    await expectThere((how) => surveyLandscape({ file, ...what, needsSnapshots: false, ...how }, contextOf()));
  });

  test("advise measures the processor's losses", async () => {
    const base = { name: "resnet8", options: { shortcut: "pad" as const } };
    const variants = [{ id: "project", name: "resnet8", options: { shortcut: "project" as const } }];
    const what = { data: pictures, steps: 1, seeds: [0], testImages: 3, recipe: { batch: 4, learningRate: 0.01 } };
    await expectThere((how) => measureAdvice({ base, variants, ...what, ...how }, contextOf()));
  });

  test("report judges and maps as on the processor", async () => {
    const told = { onProgress: () => undefined, onNote: () => undefined };
    await expectThere((how) => studyNetwork({ model: file, mistakes: 2, maps: 1, ...told, ...how }));
  });

  test("compare trains runs one after another as the processor does, until an accuracy, and resumes them", async () => {
    const of = (count: number): LabelledImages => ({
      images: Uint8Array.from(
        Array.from({ length: count }, (_, index) => [...drawKind(index % kinds.length, index, SIZE)]).flat(),
      ),
      labels: Uint8Array.from({ length: count }, (_, index) => index % kinds.length),
      test: {
        images: Uint8Array.from(Array.from({ length: 6 }, (_, index) => [...drawKind(0, index, SIZE)]).flat()),
        labels: Uint8Array.from({ length: 6 }, (_, index) => index % kinds.length),
      },
      channels: 3,
      height: SIZE,
      width: SIZE,
      classes: [...kinds],
    });
    const images = of(8);
    const compare = async (how: ReturnType<typeof job>, stopAfter?: number): Promise<CompareResult> =>
      compareNetworks(
        {
          ...how,
          runs: [0, 1].map((seed) => ({ depth: 8, shortcut: "pad", seed, model: "resnet8" })),
          data: "kinds",
          images,
          recipe: { ...comparisonRecipe, epochs: 1, batch: 4, learningRate: 0.01 },
          workers: 0,
          checkpoints: [join(folder, `${how.device}-0`), join(folder, `${how.device}-1`)],
          until: 1,
        },
        contextOf(stopAfter),
      );
    await expectThere(async (how) => {
      const stopped = await compare(how, 3);
      expect(stopped.runs).toHaveLength(1);
      const [first] = stopped.runs;
      const { runs } = await compare(how);
      expect(findDifferences(first, runs[0])).toEqual([]);
      expect(runs.map(({ goal }) => goal?.tests.length)).toEqual([2, 2]);
      const devices = new Set(runs.map(({ device }) => device));
      expect(devices.size).toBe(1);
      const [device] = devices;
      return { runs, ...(device === undefined ? {} : { device }) };
    });
  });
});
