import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createModel } from "../../src/nn/models.ts";
import { encodeCheckpointChunks } from "../../src/train/checkpoint.ts";
import { noiseState } from "../support/noise.ts";
import type { Comparison } from "../../src/lab/compare/comparison.ts";
import { writePictures } from "../support/picture-folders.ts";
import { exampleNotes } from "../support/training.ts";
import { main, runCommand } from "./run.ts";

let folder: string;

/** A ResNet-8 for MNIST that has learnt nothing: enough to be taken apart. */
function writeNetwork(path: string): void {
  const options = { shortcut: "pad", channels: 1, classes: 10 } as const;
  const network = {
    model: { name: "resnet8", options },
    imageShape: [1, 28, 28],
    data: "mnist",
    classes: Array.from({ length: 10 }, (_, index) => String(index)),
    normalization: { mean: [0.13], deviation: [0.31] },
  } as const;
  const state = noiseState(createModel("resnet8", options).module, 0);
  writeFileSync(path, Buffer.concat(encodeCheckpointChunks({ notes: { ...exampleNotes, network }, state })));
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "residua-lab-"));
  writeNetwork(join(folder, "net.safetensors"));
  mkdirSync(join(folder, "pictures"));
  writeFileSync(join(folder, "page.html"), "<html><p>No report of ours.</p></html>");
  const hollow = { title: "a", lead: [], sections: [{ heading: "b", parts: [{ kind: "lines", name: "c" }] }] };
  writeFileSync(
    join(folder, "hollow.html"),
    `<script type="application/json" id="report">${JSON.stringify(hollow)}</script>`,
  );
  writeFileSync(join(folder, "broken.config.mjs"), "export default { compare: { dpeth: [8] } };\n");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("what is asked for wrongly is named in one line, before anything is trained or measured", () => {
  test.each([
    [
      "compare --shortcut A,B --depth 8,14,20,26,32,38 --seeds 200",
      2,
      /--yes: this trains 2,400 networks; confirm with --yes/,
    ],
    ["compare --shortcut A,concat --depth 20", 2, /"concat" does not fit resnet20/],
    ["compare --block nonesuch --depth 20", 2, /nonesuch/],
    ["compare --vary gatebias=1", 2, /knows no "gatebias"/],
    ["compare --vary gateBias", 2, /--vary/],
    ["compare --vary shortcut=pad,plain", 2, /cannot vary "shortcut"; list the types in --shortcut/],
    ["compare --seeds 1000000000", 2, /compare: that comes to 8,000,000,000 networks; at most 20,000/],
    ["compare --budget soon", 2, /--budget/],
    ["compare --until 130%", 2, /--until.*must be an accuracy above 0 and at most 1, such as 0.9 or 90%, got "130%"/],
    ["compare --config none.ts", 2, /--config: "none.ts" is not there/],
    ["compare --config broken.config.mjs", 2, /broken.config.mjs: compare.dpeth is not known/],
    ["gradflow --model resnet21", 2, /unknown model "resnet21"/],
    ["gradflow --model resnet20 --shortcut concat", 2, /"concat" does not fit resnet20/],
    ["gradflow --out pictures", 2, /--out: "pictures" is a folder, must be a file/],
    ["gradflow --model net.safetensors --shortcut A", 2, /--shortcut: a file defines its own shortcuts/],
    ["gradflow --model none.onnx", 1, /none.onnx: cannot read: there is no such file/],
    ["lesion", 2, /required option '--model <name\|file>' not specified/],
    ["lesion --model none.onnx", 1, /none.onnx: cannot read: there is no such file/],
    [
      "lesion --model net.safetensors --remove layer9.0",
      2,
      /--remove: there is no block "layer9.0"; must be one of layer1/,
    ],
    ["lesion --model net.safetensors --swap layer1.0", 2, /--swap/],
    ["landscape --model page.html", 1, /page.html: /],
    ["landscape --model net.safetensors --plane-points 4", 2, /must be an odd number/],
    ["landscape --model net.safetensors --trajectory pictures", 2, /--trajectory: "pictures" holds 0 .safetensors/],
    ["advise resnet21", 2, /unknown model "resnet21"/],
    ["advise none.onnx", 1, /none.onnx: cannot read: there is no such file/],
    ["report page.html", 1, /page.html: is not a Residua report/],
    ["report hollow.html", 1, /hollow.html: is damaged: sections.0.parts.0.caption is missing/],
    ["report none.onnx", 1, /none.onnx: cannot read: there is no such file/],
  ])("residua %s", async (line, code, message) => {
    const ended = await runCommand(line.split(" "), folder);
    expect(ended.stderr).toMatch(message);
    expect(ended.stderr).toMatch(/^residua: [^\n]+\n$/);
    expect([ended.code, ended.stdout]).toEqual([code, ""]);
  });
});

const tiny = "--limit 640 --test-limit 50 --threads 1 --json";

test.each([
  ["--block basic,preactivation --depth 8 --equal multiply-adds --shortcut A", 2],
  ["--block wrn-*-1 --depth 10 --shortcut B", 1],
])("families are compared whatever their first layer is called: %s", async (what, count) => {
  const line = `compare ${what} ${tiny.replace("640", "96")} --no-store --out families`;
  const { code, stdout, stderr } = await runCommand(line.split(" "), folder);
  expect(code, stderr).toBe(0);
  const { runs } = JSON.parse(stdout) as { readonly runs: readonly { readonly firstLayerGradientNorm: number }[] };
  expect(runs).toHaveLength(count);
  for (const { firstLayerGradientNorm } of runs) expect(firstLayerGradientNorm).toBeGreaterThan(0);
});

test("a diverged run is recorded as one, is in no figure, and is not trained again", async () => {
  const line = `compare --depth 8 --shortcut A --seeds 2 --epochs 2 --lr 1e30 ${tiny}`.split(" ");
  const { code, stdout, stderr } = await runCommand(line, folder);
  expect(code, stderr).toBe(0);
  const found = JSON.parse(stdout);
  expect(found.runs.map(({ status }: { status: string }) => status)).toEqual(["diverged", "diverged"]);
  expect(found.cells).toMatchObject([{ count: 0, diverged: 2 }]);
  expect(found.cells[0].median).toBeUndefined();
  expect(found.findings.join(" ")).toContain("2 of 2 seeds of pad diverged; they are excluded from all numbers");
  const listed = await runCommand(["runs", "list", "--json"], folder);
  const kept = JSON.parse(listed.stdout).runs.map(({ status }: { status: string }) => status);
  expect(kept).toEqual(["diverged", "diverged"]);
  const again = await runCommand(line, folder);
  expect(again.stderr).toContain("2 of 2 networks are taken from the run store");
  expect(JSON.parse(again.stdout).cells).toEqual(found.cells);
});

test("a folder's images are part of what a run is: another folder of that name, or one more image, is trained anew", async () => {
  const store = `--store ${join(folder, "one.db")}`;
  const line = `compare --depth 8 --shortcut A --epochs 1 --batch-size 16 --data photos --threads 1 --json ${store}`;
  const compareIn = async (name: string): Promise<{ readonly known: boolean; readonly found: Comparison }> => {
    const { code, stdout, stderr } = await runCommand(line.split(" "), join(folder, name));
    expect(code, stderr).toBe(0);
    return { known: stderr.includes("taken from the run store"), found: JSON.parse(stdout) };
  };
  await writePictures(join(folder, "a", "photos"), 12);
  await writePictures(join(folder, "b", "photos"), 15);
  const first = await compareIn("a");
  expect(first).toMatchObject({ known: false, found: { settings: { trainImages: 29, testImages: 7, steps: 1 } } });
  const again = await compareIn("a");
  // As many images as there were, not as many as were asked for at most.
  const { lowering: _, ...settings } = first.found.settings;
  expect(again).toMatchObject({ known: true, found: { settings, runs: first.found.runs } });
  const other = await compareIn("b");
  expect(other).toMatchObject({ known: false, found: { settings: { trainImages: 36, testImages: 9, steps: 2 } } });
  expect(other.found.runs).not.toEqual(first.found.runs);
  await writePictures(join(folder, "a", "photos"), 13);
  expect((await compareIn("a")).known).toBe(false);
});

test("a run ends at the accuracy it trains until, is recorded with what that took, and is not trained again", async () => {
  const line = `compare --depth 8 --shortcut A --seeds 2 --epochs 3 ${tiny} --until`.split(" ");
  const { code, stdout, stderr } = await runCommand([...line, "2%"], folder);
  expect(code, stderr).toBe(0);
  const found = JSON.parse(stdout);
  // Chance is 10 %: the first test reaches it, and no step follows.
  for (const { goal } of found.runs) {
    expect(goal).toMatchObject({ accuracy: 0.02, reached: true, tests: [{ step: goal.steps }] });
    expect(goal.steps).toBeLessThan(goal.budget / 3);
    expect(goal.seconds).toBeGreaterThan(0);
  }
  expect(found.costs).toMatchObject([{ name: "pad", count: 2, reached: 2 }]);
  expect(found.settings.until).toBe(0.02);
  expect(found.findings[0]).toBe("Trained until 2 % of the test images.");
  const again = await runCommand([...line, "2%"], folder);
  expect(again.stderr).toContain("2 of 2 networks are taken from the run store");
  expect(JSON.parse(again.stdout).runs).toEqual(found.runs);
  // Another accuracy is another run: one that nothing reaches is followed to the end.
  const never = JSON.parse((await runCommand([...line, "1"], folder)).stdout);
  expect(never.runs.map(({ goal }: { goal: { reached: boolean } }) => goal.reached)).toEqual([false, false]);
  expect(never.runs[0].goal.steps).toBe(never.runs[0].goal.budget);
  expect(never.runs[0].goal.tests).toHaveLength(12);
  expect(never.costs).toMatchObject([{ reached: 0, median: {} }]);
});

test("gradflow prints the ratio of the first to the last layer's gradient norm for both networks", async () => {
  const { code, stdout } = await runCommand("gradflow --model resnet14 --steps 0 --out g.html".split(" "), folder);
  expect(code).toBe(0);
  expect(stdout).toMatch(/first \/ last/);
  for (const type of ["plain", "project"]) expect(stdout).toMatch(new RegExp(`resnet14, ${type} .*conv1 .*fc `));
});

test("gradflow measures a trained network's file as it is", async () => {
  const { code, stdout, stderr } = await runCommand("gradflow --model net.safetensors --out f.html".split(" "), folder);
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(/resnet8, pad +0 +conv1 .*fc /);
});

test("an ONNX file beside its training's snapshots has a landscape without the way; asked for, they must fit", async () => {
  mkdirSync(join(folder, "run", "snapshots"), { recursive: true });
  for (const name of ["0", "1"]) writeNetwork(join(folder, "run", "snapshots", `${name}.safetensors`));
  expect(await runCommand("export net.safetensors --out run/model.onnx".split(" "), folder)).toMatchObject({ code: 0 });
  const line = "landscape --model run/model.onnx --line-points 3 --plane-points 3 --images 10 --threads 1 --json";
  const { code, stdout, stderr } = await runCommand(line.split(" "), folder);
  expect(code, stderr).toBe(0);
  expect(stderr).toMatch(/left out the path of training: .*0.safetensors: does not fit the network given/);
  expect(JSON.parse(stdout).trajectory).toBeUndefined();
  const asked = await runCommand([...line.split(" "), "--trajectory", "run/snapshots"], folder);
  expect(asked.code).toBe(1);
  expect(asked.stderr).toMatch(/does not fit the network given, whose "[\w.]+" is \[.*give the checkpoint/);
});

interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Runs a command, and does something, such as pressing Ctrl-C, once it has said what is looked for. */
function runUntil(
  line: string,
  sign: string,
  act: (child: ChildProcess) => void = (child) => child.kill("SIGINT"),
): Promise<Ended> {
  const child: ChildProcess = spawn(process.execPath, [main, ...line.split(" ")], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [output, errors, isDone] = ["", "", false];
  child.stdout?.setEncoding("utf8").on("data", (piece: string) => void (output += piece));
  child.stderr?.setEncoding("utf8").on("data", (piece: string) => {
    errors += piece;
    if (isDone || !errors.includes(sign)) return;
    isDone = true;
    act(child);
  });
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, output, errors })));
}

/** Without what time alone decides, and where the report is. */
function timeless(text: string): unknown {
  const left = new Set(["milliseconds", "imagesPerSecond", "time", "report"]);
  return JSON.parse(text, (key, value: unknown) => (left.has(key) ? undefined : value));
}

describe("interrupted and called again with the same arguments, each gives what it gives in one go", () => {
  const measured = "--model net.safetensors --images 250 --threads 1 --json";
  test.each([
    [
      "compare",
      `compare --depth 8 --shortcut plain,A --seeds 2 --epochs 3 ${tiny}`,
      "--no-store --out whole",
      "step ",
      /resumes at step \d/,
    ],
    [
      "gradflow",
      "gradflow --model resnet8 --steps 30 --probes 3 --batch-size 16 --threads 1 --json",
      "--out whole.html",
      "step ",
      /resnet8, \w+: resumes at step [1-9]\d* of 30/,
    ],
    [
      "landscape",
      `landscape --line-points 5 --plane-points 5 ${measured}`,
      "--out whole.html",
      "point ",
      /landscape.html/,
    ],
    ["lesion", `lesion --draws 2 --points 24 ${measured}`, "--out whole.html", "/", /lesion.html/],
    [
      "advise",
      "advise resnet8 --shortcut C --measure --steps 8 --seeds 1 --batch-size 16 --test-limit 50 --threads 1 --json",
      "--out whole.html",
      "%",
      /(wasted-projection, seed 0: resumes at step \d|, seed 0: resumes at step [1-9])\d* of 8/,
    ],
  ])("%s", async (_, line, other, sign, goesOn) => {
    const stopped = await runUntil(line, sign);
    expect(stopped.code, stopped.errors).toBe(130);
    const resumed = await runUntil(line, "\0");
    expect(resumed.code, resumed.errors).toBe(0);
    expect(resumed.errors).toMatch(goesOn);
    const whole = await runUntil(`${line} ${other}`, "\0");
    expect(timeless(resumed.output)).toEqual(timeless(whole.output));
  });
});

test.each([
  [
    "gradflow",
    "gradflow --model resnet8 --shortcut pad --option norm=fixup --steps 30 --probes 3 --batch-size 16 --lr 1 --threads 1",
    "training.safetensors",
    "step ",
    /measured earlier: resnet8, pad/,
  ],
  [
    "lesion",
    "lesion --draws 2 --points 24 --model net.safetensors --images 250 --threads 1",
    "points.json",
    "1/",
    /lost/,
  ],
])("what %s has measured outlives a report that cannot be written", async (_, line, kept, sign, isKnown) => {
  const out = join(folder, "lost", "lost.html");
  rmSync(join(folder, "lost"), { recursive: true, force: true });
  mkdirSync(join(folder, "lost"));
  const lost = await runUntil(`${line} --out lost/lost.html`, sign, () => mkdirSync(out));
  expect(lost.code, lost.errors).toBe(1);
  expect(existsSync(`${out}.${kept}`)).toBe(true);
  rmSync(out, { recursive: true });
  const again = await runUntil(`${line} --out lost/lost.html`, "\0");
  expect(again.code, again.errors).toBe(0);
  expect(again.errors).toMatch(isKnown);
  expect(existsSync(out)).toBe(true);
  expect(existsSync(`${out}.${kept}`)).toBe(false);
});
