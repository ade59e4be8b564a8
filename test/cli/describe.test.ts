import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { PassRow } from "../../src/cli/describe-passes.ts";
import { runCommand } from "./run.ts";

/** Generous: it ends a hang, nothing else. */
const timeout = 300_000;

interface Description {
  readonly model: string;
  readonly shortcut: string;
  readonly imageShape: readonly number[];
  readonly classes: number;
  readonly parameters: number;
  readonly multiplyAdds: number;
  readonly shortcuts: { readonly parameters: number };
  readonly blocks: readonly { readonly shortcut: string }[];
}

async function describeAsJson(line: string): Promise<Description> {
  const { code, stdout, stderr } = await runCommand(["describe", ...line.split(" "), "--json"], tmpdir());
  expect([code, stderr]).toEqual([0, ""]);
  return JSON.parse(stdout) as Description;
}

// torchvision's own counts, 1000 classes; for CIFAR those of He et al.'s networks in PyTorch, 10 classes, option A.
test.each([
  ["resnet18", 11_689_512, 8],
  ["resnet34 --shortcut B", 21_797_672, 16],
  ["resnet50", 25_557_032, 16],
  ["resnet20 --shortcut A --channels 3 --classes 10", 269_722, 9],
  ["resnet56 --shortcut A --channels 3 --classes 10", 853_018, 27],
])("describe %s --json counts %i parameters in %i blocks", { timeout }, async (line, parameters, blocks) => {
  const found = await describeAsJson(line);
  expect([found.parameters, found.blocks.length]).toEqual([parameters, blocks]);
});

test("describe says what each block's shortcut resolves to and what it costs", { timeout }, async () => {
  const found = await describeAsJson("resnet34 --shortcut B");
  const count = (kind: string): number => found.blocks.filter(({ shortcut }) => shortcut === kind).length;
  expect([count("identity"), count("projection")]).toEqual([13, 3]);
  // 1×1 convolutions 64→128, 128→256 and 256→512 with a batch norm each.
  expect(found.shortcuts.parameters).toBe(64 * 128 + 128 * 256 + 256 * 512 + 2 * (128 + 256 + 512));
  expect((await describeAsJson("resnet34 --shortcut A")).shortcuts.parameters).toBe(0);
});

test("describe takes channels, classes and size from the command line", { timeout }, async () => {
  const found = await describeAsJson("resnet20 --channels 1 --classes 7 --size 28");
  expect([found.model, found.classes, found.imageShape]).toEqual(["resnet20", 7, [1, 28, 28]]);
});

test("describe --passes follows a training step through each lowering", { timeout }, async () => {
  const { code, stdout } = await runCommand(["describe", "resnet8", "--passes", "--json"], tmpdir());
  expect(code).toBe(0);
  const { passes } = JSON.parse(stdout) as { readonly passes: readonly PassRow[] };
  const portable = passes.filter(({ lowering }) => lowering === "portable");
  expect(portable.map(({ pass }) => pass)).toEqual(["mask pooled gradients", "write portably", "match scalar ranks"]);
  // Residua's own operators are written out in several of ONNX's each.
  expect(portable[1].nodesAfter).toBeGreaterThan(portable[1].nodesBefore);
  const starts = passes.filter(({ pass }) => pass === "mask pooled gradients");
  expect(new Set(starts.map(({ nodesBefore }) => nodesBefore)).size).toBe(1);
  // Each pass takes what the one before it made.
  expect(portable.slice(1).map(({ nodesBefore }) => nodesBefore)).toEqual(
    portable.slice(0, -1).map(({ nodesAfter }) => nodesAfter),
  );
});

test("the tree has a line for every module, and the drawing a mark", { timeout }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "residua-tree-"));
  try {
    const args = ["describe", "resnet20", "--shortcut", "B", "--tree", "--svg", "resnet20.svg"];
    const { code, stdout } = await runCommand(args, folder);
    expect(code).toBe(0);
    const { modules } = JSON.parse((await runCommand(["describe", "resnet20", "--json"], folder)).stdout) as {
      readonly modules: readonly unknown[];
    };
    expect(stdout.trimEnd().split("\n")).toHaveLength(modules.length);
    expect(stdout).toContain("│  └─ downsample");
    const drawing = await readFile(join(folder, "resnet20.svg"), "utf8");
    expect(drawing.match(/<circle /g)).toHaveLength(modules.length);
  } finally {
    await rm(folder, { recursive: true });
  }
});
