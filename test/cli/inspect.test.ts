import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { initializeState } from "../../src/nn/initialization.ts";
import { createModel } from "../../src/nn/models.ts";
import { encodeCheckpointChunks } from "../../src/train/checkpoint.ts";
import { exportOnnxChunks } from "../../src/networks/export.ts";
import { writePytorch } from "../../src/weights/node.ts";
import { layoutCase, weightsOfCase } from "../support/layouts.ts";
import { exampleNotes } from "../support/training.ts";
import { runCommand } from "./run.ts";

/** Generous: it ends a hang, nothing else. */
const timeout = 300_000;
let folder: string;
const { model } = exampleNotes.network;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "residua-inspect-"));
  const at = (name: string): string => join(folder, name);
  const { tensors } = weightsOfCase(layoutCase("akamaster resnet20"));
  await writePytorch(at("akamaster.th"), new Map([...tensors].map(([name, value]) => [`module.${name}`, value])));
  await writePytorch(at("odd.pth"), new Map([...tensors].filter(([name]) => name !== "layer2.1.bn1.bias")));
  const medical = weightsOfCase(layoutCase("MedicalNet resnet18 A")).tensors;
  await writePytorch(at("medicalnet.pth"), new Map([...medical].map(([name, value]) => [`module.${name}`, value])));
  const plain = initializeState(createModel("resnet8", { shortcut: "plain" }).module, 0);
  await writePytorch(at("plain.pth"), plain);
  const trained = initializeState(createModel(model.name, model.options).module, 0);
  writeFileSync(at("run.safetensors"), Buffer.concat(encodeCheckpointChunks({ notes: exampleNotes, state: trained })));
  writeFileSync(at("model.onnx"), Buffer.concat(exportOnnxChunks(exampleNotes.network, trained)));
}, timeout);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const inspect = (line: string): ReturnType<typeof runCommand> => runCommand(["inspect", ...line.split(" ")], folder);

test("a checkpoint of a known system is named in one line, and it ends with 0", { timeout }, async () => {
  const { code, stdout, stderr } = await inspect("akamaster.th");
  expect(stdout).toMatch(/^ResNet-20, shortcut A \(pad\), akamaster \(CIFAR\) layout, 3 input channels, 10 classes\n/);
  expect([code, stderr]).toEqual([0, ""]);
});

test("--json prints one document and nothing else", { timeout }, async () => {
  const { code, stdout, stderr } = await inspect("akamaster.th --json");
  expect([code, stderr]).toEqual([0, ""]);
  expect(JSON.parse(stdout)).toMatchObject({
    sure: true,
    network: "ResNet-20",
    shortcut: "pad",
    candidates: ["pad"],
    // He et al. 2015, table 6, to the parameter.
    parameters: 269_722,
    model: { name: "resnet20", options: { padSide: "both" } },
    origin: { format: "PyTorch", prefix: "module." },
    reasons: [],
  });
});

test("weights that plain and A share are told as both, with 1, until it is said which", { timeout }, async () => {
  const { code, stdout } = await inspect("plain.pth");
  expect(stdout).toMatch(/shortcut plain or A \(pad\)[^]*Not sure:\n {2}plain and A \(pad\) have the same weights/);
  expect(code).toBe(1);
  expect((await inspect("plain.pth --shortcut plain")).code).toBe(0);
});

test("a key that is missing is named, and it ends with 1", { timeout }, async () => {
  const { code, stdout } = await inspect("odd.pth");
  expect(stdout).toMatch(/names that do not fit: missing "layer2\.1\.bn1\.bias"\n/);
  expect(code).toBe(1);
});

test("MedicalNet's 18 layers are A, and refused as B by the keys that are missing", { timeout }, async () => {
  const { code, stdout } = await inspect("medicalnet.pth");
  expect(stdout).toMatch(/^ResNet-18, 3-D, shortcut A \(pad\), MedicalNet layout, 1 input channel, no classifier\n/);
  expect(stdout).toMatch(/model {3}medicalnet18 /);
  expect(code).toBe(0);
  const refused = await inspect("medicalnet.pth --shortcut B");
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(
    /^residua: medicalnet\.pth: is not a ResNet-18 with shortcut B \(project\): missing "module\.layer2\.0\.downsample\.0\.weight".*A \(pad\)\n$/,
  );
});

test("an exported network without data says its shortcut type itself, folded or not", { timeout }, async () => {
  for (const kind of ["fold", "keep"]) {
    const line = `export resnet20 --shortcut A --seed 1 --batch-norm ${kind} --no-card --out ${kind}.onnx`;
    expect((await runCommand(line.split(" "), folder)).code).toBe(0);
    const { code, stdout } = await inspect(`${kind}.onnx --json`);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ sure: true, layout: "Residua", shortcut: "pad", dimensions: 2 });
  }
});

test.each(["run.safetensors", "model.onnx"])(
  "Residua's own %s says its shortcut type itself",
  { timeout },
  async (name) => {
    const { code, stdout } = await inspect(`${name} --json`);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      sure: true,
      layout: "Residua",
      shortcut: model.options.shortcut,
      model: { name: model.name },
    });
  },
);
