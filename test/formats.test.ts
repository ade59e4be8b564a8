import { chmod, cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CommandResult, runCommand } from "./cli/run.ts";
import {
  drawBlood,
  drawCells,
  finishedComparison,
  stoppedComparison,
  studies,
  trainings,
} from "./fixtures/formats/commands.mjs";
import { describeStoredRun, hashPixels, hashTensors, scoreFixedInput, sha256 } from "./fixtures/formats/facts.mjs";
import { drawShapes } from "./fixtures/formats/shapes.mjs";

// Files that version 0.1.0 wrote: a later one must read them. fixtures/formats/README.md tells what they are.

const fixtures = fileURLToPath(new URL("fixtures/formats/", import.meta.url));
const manifest = JSON.parse(await readFile(join(fixtures, "manifest.json"), "utf8"));

let folder: string;
const at = (...names: readonly string[]): string => join(folder, ...names);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residua-formats-"));
  for (const name of ["classify", "segment", "fine-tuned", "exported", "artifacts", "studies"])
    await cp(join(fixtures, name), at(name), { recursive: true });
  await cp(join(fixtures, "project/runs.db"), at(".residua/runs.db"));
  await cp(join(fixtures, "project/interrupted"), at(".residua/interrupted"), { recursive: true });
  await drawShapes(at("shapes"));
  for (const draw of [drawCells, drawBlood]) await run(draw);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs a command that must succeed. */
async function run(args: readonly string[]): Promise<CommandResult> {
  const result = await runCommand(args, folder);
  expect(result.code, `residua ${args.join(" ")}\n${result.stderr}`).toBe(0);
  return result;
}

/** What a command prints as JSON. */
type Figures = Readonly<Record<string, unknown>>;

async function json<T = Figures>(args: readonly string[]): Promise<T> {
  return JSON.parse((await run([...args, "--json"])).stdout) as T;
}

const without = (figures: Figures, ...names: readonly string[]): Figures =>
  Object.fromEntries(Object.entries(figures).filter(([name]) => !names.includes(name)));

/** A training of some dozen steps whose sums are taken in another order. */
const OTHER_ENGINE = 0.05;
/** An inference whose sums are taken in another order. */
const ROUNDING = 1e-3;

/** A training ends in the same bits where vectors are as wide as those that the fixtures were made with. */
const toleranceOf = (lowering: string): number => (lowering === manifest.lowering ? 0 : OTHER_ENGINE);

/** Where a value is not what is wanted; numbers may differ by a tolerance. */
function deviations(found: unknown, wanted: unknown, tolerance: number, place = ""): readonly string[] {
  if (typeof found === "number" && typeof wanted === "number")
    return Math.abs(found - wanted) <= tolerance ? [] : [`${place}: ${found}, not ${wanted}`];
  if (typeof found !== "object" || typeof wanted !== "object" || found === null || wanted === null)
    return found === wanted ? [] : [`${place}: ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`];
  const [a, b] = [found, wanted] as readonly Figures[];
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].flatMap((name) => deviations(a[name], b[name], tolerance, `${place}/${name}`));
}

test.each(["shapes", "cells", "blood"])("%s are drawn as they were for the fixtures", async (name) => {
  expect(await hashPixels(at(name))).toBe(manifest.data[name]);
});

interface Trained extends Figures {
  readonly lowering: string;
  readonly files: { readonly onnx: string };
}

describe("a stopped training", () => {
  const names = Object.keys(trainings) as readonly (keyof typeof trainings)[];

  test.each(names)("(%s) goes on to where it would have come without a stop", async (name) => {
    const known = manifest.resumed[name];
    expect(await hashTensors(at(name, "last.safetensors"))).toBe(known.stoppedWeights);
    // Its own options are no contradiction; but a file that was started from is in the checkpoint, and snapshots are no part of it.
    const typed = trainings[name].filter((word, index, all) => ![word, all[index - 1]].includes("--snapshots"));
    const options = name === "fine-tuned" ? ["train", "--threads", "1"] : typed;
    const result = await json<Trained>([...options, "--resume", name, "--out", `resumed-${name}`, "--no-store"]);
    const figures = without(result, "lowering", "files", "imagesPerSecond", "processorSeconds");
    expect(deviations(figures, known.result, toleranceOf(result.lowering))).toEqual([]);
    const isSame = result.lowering === manifest.lowering;
    const weights = await hashTensors(at(`resumed-${name}`, "last.safetensors"));
    expect(isSame ? weights : known.weights).toBe(known.weights);
    expect(existsSync(at(result.files.onnx))).toBe(true);
  });

  test("comes close to that with another lowering", async () => {
    const resume = ["train", "--resume", "classify", "--out", "portable", "--lowering", "portable"];
    const { lowering, epochs } = await json<Trained>([...resume, "--no-store", "--threads", "1"]);
    expect(lowering).toBe("portable");
    expect(deviations(epochs, manifest.resumed.classify.result.epochs, OTHER_ENGINE)).toEqual([]);
  });

  test("refuses another recipe by name", async () => {
    const { code, stderr } = await runCommand(["train", "--resume", "classify", "--epochs", "5"], folder);
    expect([code, stderr]).toEqual([2, expect.stringContaining("--epochs")]);
  });
});

describe("an exported network", () => {
  const { exported } = manifest;

  test("gives the same scores in ONNX Runtime", async () => {
    const { data } = await scoreFixedInput(at("exported/classify.onnx"), [3, 32, 32]);
    expect(deviations([...(data as Float32Array)], exported.logits, ROUNDING)).toEqual([]);
    const planes = await scoreFixedInput(at("exported/segment.onnx"), [3, 64, 64]);
    expect(planes.dims).toEqual(exported.planes.shape);
    const size = 64 * 64;
    const means = exported.planes.mean.map((_: number, plane: number) => {
      const values = (planes.data as Float32Array).subarray(plane * size, (plane + 1) * size);
      return values.reduce((sum, value) => sum + value, 0) / size;
    });
    expect(deviations(means, exported.planes.mean, ROUNDING)).toEqual([]);
  });

  test.each(["onnx", "safetensors"])("(.%s) tells classes of images, and how well", async (ending) => {
    const model = ["--model", `exported/classify.${ending}`, "--threads", "1"];
    const images = exported.predictions.map(({ image }: { readonly image: string }) => image);
    const { results } = await json(["predict", ...images, ...model]);
    expect(deviations(results, exported.predictions, ROUNDING)).toEqual([]);
    const tested = await json(["evaluate", ...model]);
    expect(deviations(without(tested, "model"), exported.tested, ROUNDING)).toEqual([]);
  });

  test.each(["onnx", "safetensors"])("(.%s) finds cells, and how well", async (ending) => {
    const model = ["--model", `exported/segment.${ending}`, "--threads", "1"];
    const segment = ["segment", "cells/images/0003.png", ...model, "--out", `found-${ending}`];
    const { images } = await json<{ readonly images: readonly Figures[] }>(segment);
    expect(images[0]["cells"]).toBe(exported.cells);
    const segmented = await json(["evaluate", ...model, "--held-back"]);
    expect(deviations(without(segmented, "model", "images"), exported.segmented, ROUNDING)).toEqual([]);
  });

  test.each([
    ["classify", "shapes"],
    ["segment", "cells"],
  ])("(%s) has its tensors, and a card beside it", async (name, data) => {
    expect(await hashTensors(at("exported", `${name}.safetensors`))).toBe(exported.tensors[name]);
    const card = await readFile(at("exported", `${name}.onnx.md`), "utf8");
    expect(card).toContain(`| trained on | ${data} |`);
  });

  test("as a PyTorch file is the same network", async () => {
    const named = ["--model", "densenet7_k4", "--classes", "3", "--to", "safetensors"];
    await run(["export", "exported/classify.pth", ...named, "--out", "from-pth.safetensors"]);
    expect(await hashTensors(at("from-pth.safetensors"))).toBe(exported.tensors.classify);
    // Its head has more classes than the name alone says, and those of the data.
    const task = trainings.segment.map((word, index, all) => (all[index - 1] === "--epochs" ? "1" : word));
    const start = ["--weights", "exported/segment.pth", "--partial", "--no-store", "--out", "from-pth"];
    const { stderr } = await run([...task, ...start]);
    expect(stderr).toMatch(/^weights of resunet from exported\/segment\.pth\nthe classifier of 4 classes is kept\n/);
  });
});

interface StoredRun {
  readonly id: string;
  readonly status: string;
  readonly parentId: string | null;
  readonly environment: { readonly lowering: string };
  readonly summary: Readonly<Record<string, { readonly count: number }>>;
}

async function listRuns(...options: readonly string[]): Promise<readonly StoredRun[]> {
  return (await json<{ readonly runs: readonly StoredRun[] }>(["runs", "list", ...options])).runs;
}

async function compareNetworks(args: readonly string[], out: string): Promise<readonly Figures[]> {
  const { runs } = await json<{ readonly runs: readonly Figures[] }>([...args, "--out", out]);
  // The loss on the test images is measured since, and the images are counted.
  const since = ["testLoss", "trainImages", "testImages"];
  return runs.map((figures) => without(figures, "imagesPerSecond", "processorSeconds", ...since));
}

describe("a run store", () => {
  test("has its runs, their values and their files", async () => {
    const known: readonly StoredRun[] = manifest.store.runs;
    expect((await listRuns()).map(({ id }) => id)).toEqual(known.map(({ id }) => id));
    for (const stored of known) expect(describeStoredRun(await json(["runs", "show", stored.id]))).toEqual(stored);
    expect(await listRuns("--tag", "paper")).toHaveLength(1);
    const { stdout } = await run(["runs", "export", "--csv"]);
    expect(stdout.trimEnd().split("\n")).toHaveLength(1 + manifest.store.values);
    expect(sha256(stdout)).toBe(manifest.store.csv);
  });

  test("knows the run that a training goes on from", async () => {
    await run(["train", "--resume", "classify", "--out", "in-store", "--threads", "1"]);
    const [latest, ...before] = await listRuns("--command", "train");
    const parent = before.find(({ id }) => id === latest.parentId);
    expect(parent).toMatchObject({ status: "stopped", name: "densenet7_k4 concat on shapes" });
  });

  // Its runs of a folder do not say of which images they are: they are trained once more, and spared from then on.
  test.each([
    { args: finishedComparison, out: "finished", known: manifest.compared.finished },
    { args: stoppedComparison, out: "stopped", known: manifest.compared.stopped },
  ])("does not give a folder's figures to what may be other images ($out)", async ({ args, out, known }) => {
    if (out === "stopped") await cp(join(fixtures, "project/residua.config.mjs"), at("residua.config.mjs"));
    const before = await listRuns("--command", "compare");
    const figures = await compareNetworks(args, out);
    const all = await listRuns("--command", "compare");
    const more = all.filter(({ id }) => before.every((one) => one.id !== id));
    expect(more).toHaveLength(figures.length);
    // A loss that was measured before a stop has no speed beside it.
    for (const { summary } of more) expect(summary["loss"].count).toBe(summary["images-per-second"].count);
    expect(deviations(figures, known, toleranceOf(more[0].environment.lowering))).toEqual([]);
    expect(await compareNetworks(args, out)).toEqual(figures);
    expect(await listRuns("--command", "compare")).toEqual(all);
  });
});

describe("a file", () => {
  const { artifacts } = manifest;

  beforeAll(async () => {
    // What Git keeps of permissions lets others read a private key.
    for (const name of ["anna-seal.key", "anna-sign.key"]) await chmod(at("artifacts", name), 0o600);
  });

  test("that was sealed is opened with its key, and with no other", async () => {
    const open = (name: string, out: string): readonly string[] => {
      return ["open", "artifacts/message.txt.sealed", "--key", `artifacts/${name}-seal.key`, "--out", out];
    };
    await run(open("anna", "opened.txt"));
    expect(await readFile(at("opened.txt"), "utf8")).toBe(artifacts.text);
    await run(["keys", "artifacts/ben"]);
    expect((await runCommand(open("ben", "other.txt"), folder)).code).toBe(1);
    expect(existsSync(at("other.txt"))).toBe(false);
  });

  test("that was signed is verified as it is, and as no other", async () => {
    const check = ["verify", "artifacts/message.txt", "--key", "artifacts/anna-sign.pub"];
    expect(await json(check)).toMatchObject({ name: "message.txt", provenance: artifacts.provenance });
    await writeFile(at("artifacts/message.txt"), `${artifacts.text} `);
    expect((await runCommand(check, folder)).code).toBe(1);
  });
});

interface Flow extends Figures {
  readonly lowering: string;
  readonly networks: readonly [{ readonly profiles: readonly unknown[] }];
}

interface Landscape extends Figures {
  readonly line: { readonly loss: readonly number[] };
}

describe("a stopped study", () => {
  test("(gradflow) goes on at its step, to the same figures", async () => {
    const { stdout, stderr } = await run([...studies.gradflow, "--out", "studies/gradflow.html", "--json"]);
    const { networks, ...study } = JSON.parse(stdout) as Flow;
    const known: Flow = manifest.studied.gradflow;
    // Where the engine is another one, all begins anew; and what is after 80 steps depends on every rounding before.
    const isSame = study.lowering === manifest.lowering;
    expect(/resumes at step \d+ of 80/.test(stderr)).toBe(isSame);
    const part = (all: Flow["networks"]): unknown => (isSame ? all : all[0].profiles[0]);
    expect(deviations(part(networks), part(known.networks), isSame ? 0 : ROUNDING)).toEqual([]);
    expect(study).toMatchObject(without(known, "networks", "lowering", "summary"));
  });

  test("(landscape) has its figures; its points do not say of which images they are, and are measured anew", async () => {
    const whole = await json<Landscape>([...studies.landscape, "--out", "whole.html"]);
    // Sentences are worded anew from the same figures.
    const figures = (all: Figures): Figures => ({
      ...without(all, "report"),
      summary: without(all["summary"] as Figures, "sentences"),
    });
    expect(deviations(figures(whole), figures(manifest.studied.landscape), ROUNDING)).toEqual([]);
    const path = at("studies/landscape.html.points.json");
    const kept = JSON.parse(await readFile(path, "utf8"));
    // What nothing would measure tells that it was taken from the file.
    const points = Object.keys(kept.points).map((key) => [key, { loss: 1234.5, error: 0.25 }] as const);
    await writeFile(path, JSON.stringify({ ...kept, points: Object.fromEntries(points) }));
    const { line } = await json<Landscape>([...studies.landscape, "--out", "studies/landscape.html"]);
    expect(points.length).toBeGreaterThan(0);
    expect(line.loss).toEqual(whole.line.loss);
    expect(existsSync(path)).toBe(false);
  });
});
