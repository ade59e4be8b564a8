import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writePictures } from "../support/picture-folders.ts";
import { adapterEnvironment, hasAdapter } from "../support/software-adapter.ts";
import { runCommand } from "./run.ts";

/** Generous: it ends a hang, nothing else. */
const timeout = 300_000;
/** No driver is listed here, so no adapter can be found. */
const nothing = { VK_DRIVER_FILES: "/dev/null", VK_ICD_FILENAMES: "/dev/null", LD_LIBRARY_PATH: "" };
const cudaFiles = ["cuda", "shared", "tensorrt"].map((part) => `libonnxruntime_providers_${part}.so`);
const isLinux = process.platform === "linux" && process.arch === "x64";

interface Result {
  readonly predictions: readonly { readonly class: string; readonly probability: number }[];
}

const isThere = await hasAdapter();

/** Commands that run a network, beside those that train one. */
const studies = [
  "predict --model digits pictures",
  "compare --data pictures --depth 8 --shortcut A --limit 8 --test-limit 2 --batch-size 4 --no-store --out c",
  "lr-find --data pictures --model resnet8 --batch-size 4 --steps 10",
  "gradflow --model digits --data pictures",
  "lesion --model digits --data pictures",
  "landscape --model digits --data pictures",
  "advise resnet8 --measure --data pictures --steps 1 --seeds 1 --batch-size 4",
  "report digits --data pictures",
  "serve digits --port 0",
];

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "residua-devices-"));
  await writePictures(join(folder, "pictures"), 4, 28);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.runIf(isLinux)("where there is no graphics processor", { timeout }, () => {
  test("devices lists the processor, and what the others lack", async () => {
    const { code, stdout, stderr } = await runCommand(["devices", "--json"], folder, nothing);
    const { devices } = JSON.parse(stdout);
    expect([code, stderr]).toEqual([0, ""]);
    expect(devices.map(({ device, isUsable }: Record<string, unknown>) => [device, isUsable])).toEqual([
      ["cpu", true],
      ["webgpu", false],
      ["cuda", false],
    ]);
    expect(devices[1].problem).toContain("install libvulkan1");
    for (const file of [...cudaFiles, "CUDA 12", "cuDNN 9"]) expect(devices[2].problem).toContain(file);
  });

  test.each<readonly [string, RegExp]>([
    [
      "train --data pictures --model resnet8 --device webgpu --no-store",
      /^residua: device: webgpu finds no graphics processor; /,
    ],
    [
      "train --data pictures --model resnet8 --device cuda:1 --no-store",
      /^residua: device: cuda:1 cannot be had; it needs lib/,
    ],
    ...studies.map((line): readonly [string, RegExp] => [
      `${line} --device webgpu`,
      /^residua: device: webgpu finds no graphics processor; /,
    ]),
  ])("residua %s is one sentence and exit code 1", async (line, sentence) => {
    const { code, stdout, stderr } = await runCommand(line.split(" "), folder, nothing);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr.split("\n").filter((each) => each !== "")).toEqual([expect.stringMatching(sentence)]);
  });
});

test.each([
  ["train --device gpu", /must be cpu, webgpu, cuda or cuda:N, N counting from 0, got "gpu"/],
  ["train --device cuda:x", /got "cuda:x"/],
  ["compare --device webgpu --queue", /--device: cannot be combined with --queue: each residua worker has its own/],
])("residua %s is refused by name", { timeout }, async (line, sentence) => {
  const { code, stderr } = await runCommand(line.split(" "), folder);
  expect([code, stderr]).toEqual([2, expect.stringMatching(sentence)]);
});

describe.runIf(isThere)("on a software adapter", { timeout }, () => {
  test("devices names its driver", async () => {
    const { stdout } = await runCommand(["devices", "--json"], folder, adapterEnvironment);
    expect(JSON.parse(stdout).devices[1]).toEqual({ device: "webgpu", isUsable: true, driver: expect.any(String) });
  });

  test("a network predicts what it predicts on the processor", async () => {
    const found = [];
    for (const device of ["cpu", "webgpu"]) {
      const args = ["predict", "--model", "digits", "--device", device, "pictures/left", "--json"];
      const { code, stdout } = await runCommand(args, folder, adapterEnvironment);
      expect(code).toBe(0);
      found.push(JSON.parse(stdout).results);
    }
    const [wanted, actual] = found.map((results: readonly Result[]) =>
      results.flatMap(({ predictions }) => predictions),
    );
    expect(wanted.length).toBeGreaterThan(11);
    for (const [index, { class: name, probability }] of wanted.entries()) {
      expect(actual[index].class).toBe(name);
      expect(Math.abs(actual[index].probability - probability)).toBeLessThan(1e-5);
    }
  });

  test("the blocked lowering is refused there", async () => {
    const args = ["train", "--data", "pictures", "--model", "resnet8", "--device", "webgpu", "--lowering", "blocked"];
    const { code, stderr } = await runCommand([...args, "--no-store"], folder, adapterEnvironment);
    expect([code, stderr]).toEqual([2, expect.stringContaining('--lowering: "blocked" runs on the processor, not on')]);
  });
});
