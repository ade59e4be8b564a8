import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodeModel } from "../../src/onnx/decode.ts";
import { runCommand } from "./run.ts";

/** Generous: it ends a hang, nothing else. */
const timeout = 300_000;
const network = ["resnet14", "--shortcut", "A", "--channels", "3", "--classes", "5"];
let folder: string;

async function run(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand(args, folder);
  expect(code, stderr).toBe(0);
  return stdout;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residua-export-"));
  await run("export", ...network, "--seed", "5", "--batch-norm", "keep", "--out", "kept.onnx");
  for (const out of ["weights.safetensors", "weights.pth"])
    await run("export", ...network, "--seed", "5", "--out", out);
  await run("export", ...network, "--seed", "5", "--opset", "13", "--out", "folded.onnx");
}, timeout);

afterAll(() => rm(folder, { recursive: true, force: true }));

describe("what is exported", () => {
  test("comes back to the byte from every format", { timeout }, async () => {
    const whole = await readFile(join(folder, "weights.safetensors"));
    for (const [file, ...named] of [["weights.pth", "--model", "resnet14", "--shortcut", "A"], ["kept.onnx"]]) {
      const out = `from-${file}.safetensors`;
      await run("export", file, ...named, "--out", out);
      // After the header, which may tell more of one file than of another.
      const parts = [whole, await readFile(join(folder, out))].map((bytes) =>
        bytes.subarray(8 + Number(bytes.readBigUInt64LE(0))),
      );
      expect(parts[1].equals(parts[0]), file).toBe(true);
    }
  });

  test.each(["kept.onnx", "folded.onnx", "weights.safetensors"])(
    "%s defines its own shortcuts",
    { timeout },
    async (file) => {
      expect(await run("inspect", file)).toMatch(/^ResNet-14, shortcut A/);
    },
  );

  test("has a model card beside it, unless none is wanted", { timeout }, async () => {
    expect(await readFile(join(folder, "folded.onnx.md"), "utf8")).toMatch(/resnet14/);
    await run("export", ...network, "--no-card", "--out", "bare.onnx");
    expect((await readdir(folder)).filter((name) => name.startsWith("bare"))).toEqual(["bare.onnx"]);
  });

  test("with external data is two files, which describe reads as one network", { timeout }, async () => {
    await run("export", ...network, "--external-data", "--no-card", "--out", "split.onnx");
    const files = (await readdir(folder)).filter((name) => name.startsWith("split"));
    expect(files).toHaveLength(2);
    expect(JSON.parse(await run("describe", "split.onnx", "--json"))).toMatchObject({ parameters: 171_717 });
  });
});

test("--size sets the height and width that an exported network takes", { timeout }, async () => {
  await run("export", ...network, "--size", "48", "--no-card", "--out", "sized.onnx");
  const { inputs } = decodeModel(await readFile(join(folder, "sized.onnx")), "sized.onnx").graph;
  expect(inputs[0].shape.slice(1)).toEqual([3, 48, 48]);
});

describe("a file that is described", () => {
  test("finds the shortcuts in the graph: option A pads twice, where the shape changes", { timeout }, async () => {
    const found = JSON.parse(await run("describe", "folded.onnx", "--json")) as {
      readonly parameters: number;
      readonly receptiveField: readonly number[];
      readonly shortcuts: readonly { readonly kind: string }[];
    };
    const kinds = found.shortcuts.map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === "padded identity")).toHaveLength(2);
    expect(kinds.filter((kind) => kind === "identity")).toHaveLength(4);
    // A 3×3 layer adds twice the product of the strides before it: 1 + 5 · 2, then 2 + 3 · 4, then 4 + 3 · 8.
    expect(found.receptiveField).toEqual([53, 53]);
  });

  test("takes a pre-activation network, of whose batch norms folding leaves some", { timeout }, async () => {
    await run("export", "wrn-10-1", "--no-card", "--out", "wide.onnx");
    const { shortcuts } = JSON.parse(await run("describe", "wide.onnx", "--json")) as {
      readonly shortcuts: readonly { readonly kind: string }[];
    };
    expect(shortcuts.map(({ kind }) => kind)).toEqual(["identity", "projection", "projection"]);
  });

  test("draws it, a mark for every shortcut", { timeout }, async () => {
    await run("describe", "folded.onnx", "--svg", "folded.svg");
    const drawing = await readFile(join(folder, "folded.svg"), "utf8");
    expect(drawing).toMatch(/^<svg /);
    expect(drawing).toMatch(/padded identity/);
  });
});
