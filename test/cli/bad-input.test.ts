import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { initializeState } from "../../src/nn/initialization.ts";
import { createModel } from "../../src/nn/models.ts";
import type { ShortcutType } from "../../src/nn/shortcuts/type.ts";
import { float32, int64, type Tensor, zeros } from "../../src/tensor/tensor.ts";
import { encodeCheckpointChunks } from "../../src/train/checkpoint.ts";
import { exportOnnxChunks } from "../../src/networks/export.ts";
import { writeNpy, writePytorch, writeSafetensors } from "../../src/weights/node.ts";
import { exampleNotes } from "../support/training.ts";
import { findTranslation } from "../../src/report/zh/messages.ts";
import { runCommand } from "./run.ts";

/** Generous: it ends a hang, nothing else. */
const timeout = 300_000;
let folder: string;

function stateOf(model: string, shortcut: ShortcutType, channels = 1, classes = 3): ReadonlyMap<string, Tensor> {
  return initializeState(createModel(model, { shortcut, channels, classes }).module, 0);
}

/** Keeps a part of a file under another name. */
function cut(from: string, to: string, share: number): void {
  const bytes = readFileSync(join(folder, from));
  writeFileSync(join(folder, to), bytes.subarray(0, Math.floor(bytes.length * share)));
}

/** Files that are in order, and what becomes of them when they are damaged. */
async function writeFiles(): Promise<void> {
  const at = (name: string): string => join(folder, name);
  await writeSafetensors(at("pad.safetensors"), stateOf("resnet8", "pad"));
  await writePytorch(at("pad.pth"), stateOf("resnet8", "pad"));
  await writeSafetensors(at("project.safetensors"), stateOf("resnet8", "project"));
  await writeSafetensors(at("deeper.safetensors"), stateOf("resnet14", "pad"));
  const wide = new Map(stateOf("resnet8", "pad")).set("conv1.weight", zeros("float32", [16, 1, 5, 5]));
  await writeSafetensors(at("five.safetensors"), wide);
  await writeNpy(at("x.npy"), zeros("float32", [2, 1, 28, 28]));
  await writeNpy(at("x3.npy"), zeros("float32", [2, 3, 28, 28]));
  await writeNpy(at("flat.npy"), zeros("float32", [2, 784]));
  await writeNpy(at("whole.npy"), zeros("int64", [2, 1, 28, 28]));
  await writeNpy(at("labels.npy"), int64([2], [0, 2]));
  await writeNpy(at("three.npy"), int64([3], [0, 1, 2]));
  await writeNpy(at("high.npy"), int64([2], [0, 3]));
  await writeNpy(at("real.npy"), float32([2], [0, 0.5]));
  const { model, imageShape } = exampleNotes.network;
  const trained = initializeState(createModel(model.name, model.options).module, 0);
  writeFileSync(at("model.onnx"), Buffer.concat(exportOnnxChunks(exampleNotes.network, trained)));
  writeFileSync(at("run.safetensors"), Buffer.concat(encodeCheckpointChunks({ notes: exampleNotes, state: trained })));
  expect(imageShape).toEqual([2, 8, 8]);
  for (const [name, extension] of [
    ["pad", "safetensors"],
    ["pad", "pth"],
    ["x", "npy"],
    ["model", "onnx"],
    ["run", "safetensors"],
  ]) {
    cut(`${name}.${extension}`, `${name}-half.${extension}`, 0.5);
    cut(`${name}.${extension}`, `${name}-none.${extension}`, 0);
    writeFileSync(at(`${name}-text.${extension}`), "This is\nno such file.\n".repeat(40));
  }
  writeFileSync(at("gap.txt"), "a\n\nb\n");
  writeFileSync(at("twice.txt"), "a\na\nb\n");
  mkdirSync(at("one-class/cat"), { recursive: true });
  writeFileSync(at("image.png"), "no image\n");
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "residua-cli-"));
  await writeFiles();
}, timeout);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function listFiles(): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" });
}

/** What the commands below have printed, to see how much of it exists in Chinese. */
const messages: string[] = [];

/** How a command ends, and which files it leaves. */
async function attempt(line: string) {
  const before = listFiles();
  const { code, stdout, stderr } = await runCommand(line.split(" "), folder);
  messages.push(stderr);
  const written = listFiles().filter((name) => !before.includes(name));
  const isOneLine = /^residua: [^\n]+\n$/.test(stderr);
  const hasStack = /\bat .*:\d+:\d+|node:internal|unexpected \w*Error/.test(stderr);
  return { code, stdout, stderr, isOneLine, hasStack, written };
}

/** What has to come of it. */
function refusal(code: number, message: RegExp) {
  const stderr: unknown = expect.stringMatching(message);
  return { code, stdout: "", stderr, isOneLine: true, hasStack: false, written: [] };
}

const forward = (weights: string, input = "x.npy", shortcut = "A"): string =>
  `forward resnet8 --weights ${weights} --shortcut ${shortcut} --input ${input} --output y.npy`;
const gradients = (labels: string): string =>
  `gradients resnet8 --weights pad.safetensors --shortcut A --input x.npy --labels ${labels} --output g.safetensors`;

describe("wrong usage ends with 2, in one line, and writes nothing", () => {
  test.each([
    ["nonsense", /unknown command 'nonsense'/],
    ["describe", /missing required argument 'model\|file'/],
    ["describe resnet20 --nope", /unknown option '--nope'/],
    ["describe resnet20 --shortcut Z", /unknown type "Z"; must be one of plain \(none\), pad \(A\)/],
    ["describe run.safetensors --model resnet20", /^residua: --model: is resnet20, but run.safetensors says resnet8$/m],
    ["describe run.safetensors --shortcut B", /^residua: --shortcut: is project, but run.safetensors says pad$/m],
    ["advise model.onnx --shortcut B", /^residua: --shortcut: is project, but model.onnx says pad$/m],
    [
      "advise run.safetensors --option attention=se",
      /^residua: --option: a file defines its own network; leave it out$/m,
    ],
    ["gradflow --model run.safetensors --option attention=se", /^residua: --option: a file defines its own network/],
    ["describe run.safetensors --option attention=se", /^residua: --option: needs --model: without it/],
    [
      "export run.safetensors --shortcut B --to onnx",
      /^residua: --shortcut: is project, but run.safetensors says pad$/m,
    ],
    [
      "export resnet20 --weights run.safetensors --to onnx",
      /^residua: <model\|file>: is resnet20, but run.safetensors says/,
    ],
    ["advise resnet8 --steps 7", /^residua: --steps: applies only to a measurement; give --measure, too$/m],
    ["advise resnet8 --data nope", /^residua: --data: applies only to a measurement/],
    [
      "predict --model model.onnx --time-limit 3 image.png",
      /^residua: --time-limit: has no effect on model.onnx; leave/,
    ],
    ["describe one-class", /^residua: <model\|file>: there is no file "one-class", and unknown model/],
    ["models options vit", /^residua: <model>: unknown model "vit"/],
    ["models show model.onnx", /^residua: <name>: "model.onnx" is not a ready network: must be one of/],
    ["data fetch vit", /^residua: <name>: unknown value "vit"/],
    ["describe resnet21", /unknown model "resnet21"; did you mean resnet20, resnet8 or resnet14\?/],
    ["inspect", /missing required argument 'file'/],
    ["inspect pad.pth --layout caffe", /argument 'caffe' is invalid. must be one of torchvision, timm/],
    ["describe resnet20 --classes 0", /must be a whole number of at least 1, got "0"/],
    ["train --model resnet21", /unknown model "resnet21"/],
    [
      "train --data nowhere",
      /"nowhere" is neither a folder nor a data set; must be one of mnist, fashion-mnist, cifar10, cifar100/,
    ],
    ["train --epochs ten", /must be a whole number of at least 1, got "ten"/],
    ["train --optimizer lion", /argument 'lion' is invalid. must be one of sgd, adamw/],
    ["train --limit 60001", /--limit: must be from 1 to 60000, the number of images, got 60001/],
    ["train --limit 100 --batch-size 96", /--batch-size: must be at most 92, the number of images to train on, got 96/],
    ["train --patience 2 --validation 0", /--patience: needs a validation part/],
    ["compare --depth 21", /must be 6n \+ 2 for a CIFAR ResNet/],
    ["compare --data nowhere", /"nowhere" is neither a folder nor a data set/],
    ["compare --limit 32 --batch-size 33", /--batch-size: must be at most 32, the number of images/],
    ["compare --out x.npy", /--out: "x.npy" is a file, must be a folder/],
    [gradients("high.npy"), /labels: must be whole numbers from 0 to 2, got 3/],
    [gradients("real.npy"), /labels: must be whole numbers from 0 to 2, got 0.5/],
    [gradients("labels.npy").replace("g.safetensors", "g.npy"), /--output: g.npy: must end in .safetensors, .pth, .pt/],
    ["evaluate", /--model: is missing; name a network, or a task with --task for its ready network/],
    ["predict --model model.onnx", /missing required argument 'image'/],
  ])("residua %s", { timeout }, async (line, message) => {
    expect(await attempt(line)).toEqual(refusal(2, message));
  });
});

describe("what cannot be read or does not fit ends with 1, in one line, and writes nothing", () => {
  test.each([
    ["export run.safetensors --to onnx --class-names gap.txt", /^residua: gap.txt: line 2 is not a class name/],
    ["runs list --store one-class", /one-class: is a folder, must be an SQLite file$/m],
    [forward("none.pth"), /none.pth: cannot read: there is no such file/],
    [forward("one-class"), /one-class: cannot read: is a folder, must be a file/],
    [forward("pad-half.safetensors"), /pad-half.safetensors: /],
    [forward("pad-text.safetensors"), /pad-text.safetensors: /],
    [forward("pad-half.pth"), /pad-half.pth: /],
    [forward("pad-none.pth"), /pad-none.pth: /],
    [forward("pad.pth", "x-half.npy"), /x-half.npy: /],
    [forward("pad.pth", "x-text.npy"), /x-text.npy: /],
    [forward("pad.pth", "x3.npy"), /3/],
    [forward("pad.pth", "flat.npy"), /\[2,784\]/],
    [forward("pad.pth", "whole.npy"), /must be float32, got int64/],
    [forward("deeper.safetensors"), /deeper.safetensors: /],
    [forward("five.safetensors"), /conv1.weight.*\[16,1,5,5\]/],
    [forward("project.safetensors"), /project.safetensors: does not fit .*unexpected "layer2.0.downsample.*"project"/],
    [
      forward("pad.safetensors", "x.npy", "B"),
      /pad.safetensors: does not fit .*the weights look like shortcut type "pad"/,
    ],
    [gradients("three.npy"), /3/],
    [gradients("x-half.npy"), /x-half.npy: /],
    ["evaluate --model none.onnx", /none.onnx: cannot read: there is no such file/],
    ["evaluate --model model-half.onnx", /model-half.onnx: /],
    ["evaluate --model model-text.onnx", /model-text.onnx: /],
    ["evaluate --model run-half.safetensors", /run-half.safetensors: /],
    ["evaluate --model pad.safetensors", /pad.safetensors: /],
    ["evaluate --model model.onnx --data mnist", /--data: has images of 1×28×28, the network takes 2×8×8/],
    ["evaluate --model model.onnx --data one-class", /one-class: has 1 subfolder\(s\)/],
    ["inspect none.pth", /none.pth: cannot read: there is no such file/],
    ["inspect pad-half.pth", /pad-half.pth: /],
    ["inspect pad-half.safetensors", /pad-half.safetensors: /],
    ["inspect image.png", /image.png: holds no known kind of weights; must be PyTorch/],
    ["inspect pad.pth --entry ema", /pad.pth: has no entry "ema" of weights: it is one state dict/],
    [
      "inspect pad.pth --shortcut B",
      /is not a ResNet-8 with shortcut B \(project\): missing "layer2.0.downsample.0.weight"/,
    ],
    ["inspect run.safetensors --shortcut C", /run.safetensors: was trained with shortcut /],
    ["forward auto --weights pad.pth --input x.npy --output y.npy", /plain and A \(pad\) have the same weights/],
    ["predict image.png --model pad.pth", /plain and A \(pad\) have the same weights/],
    ["predict image.png --model model.onnx", /image.png: is not an image of a known kind/],
    ["train --data one-class", /one-class: has 1 subfolder\(s\)/],
    ["train --data cifar10", /cifar10: is not on this machine; fetch it with "residua data fetch cifar10"/],
    ["train --resume nowhere", /nowhere: cannot resume: there is no such file or folder/],
    ["train --resume run-half.safetensors", /run-half.safetensors: /],
    ["train --resume pad.safetensors", /pad.safetensors: /],
    ["train --limit 64 --batch-size 16 --out x.npy", /x.npy: is a file, must be a folder/],
  ])("residua %s", { timeout }, async (line, message) => {
    expect(await attempt(line)).toEqual(refusal(1, message));
  });
});

test("a result that cannot be written ends with 1, in one line", { timeout }, async () => {
  const line = "forward resnet8 --weights pad.pth --shortcut A --input x.npy --output nowhere/y.npy";
  expect(await attempt(line)).toEqual(refusal(1, /nowhere\/y.npy: .*there is no such file or folder/));
});

test("files that are in order are taken: the refusals above are not those of everything", { timeout }, async () => {
  for (const line of [
    forward("pad.safetensors"),
    forward("pad.pth"),
    forward("project.safetensors", "x.npy", "B"),
    gradients("labels.npy"),
  ]) {
    expect((await runCommand(line.split(" "), folder)).code, line).toBe(0);
    rmSync(join(folder, "y.npy"), { force: true });
    rmSync(join(folder, "g.safetensors"), { force: true });
  }
});

test("a name that two classes bear is told and taken, as lists of ImageNet's have some", { timeout }, async () => {
  const line = "export run.safetensors --to onnx --class-names twice.txt --out twice.onnx";
  const { code, stderr } = await runCommand(line.split(" "), folder);
  expect(stderr).toContain('twice.txt: names "a" twice; answers will not tell them apart\n');
  expect(code).toBe(0);
});

test("every refusal above has a Chinese translation", () => {
  const texts = messages.map((line) =>
    line
      .trimEnd()
      .replace(/^residua: /, "")
      .replace(/; see residua (\w+(-\w+)* )?--help$/, ""),
  );
  const english = texts.filter((text) => findTranslation(text) === undefined);
  expect(texts.length, "this test runs after those above").toBeGreaterThan(50);
  expect(english).toEqual([]);
});

test("an error is printed in Chinese, and its code stays", { timeout }, async () => {
  const chinese = await runCommand(["--lang", "zh", ..."inspect none.pth".split(" ")], folder);
  expect(chinese).toEqual({ code: 1, stdout: "", stderr: "residua: none.pth：无法读取：没有这个文件或文件夹\n" });
  const usage = await runCommand("describe resnet20 --lang zh --classes 0".split(" "), folder);
  expect([usage.code, usage.stderr]).toEqual([
    2,
    expect.stringMatching(/必须是不小于 1 的整数，实际为 “0”；参见 residua [a-z-]+ --help/),
  ]);
});
