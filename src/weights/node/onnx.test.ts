import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import fc from "fast-check";
import { node, nodesModel } from "../../../test/support/onnx-nodes.ts";
import { encodeExternalModel, encodeModel, fitsOneFile } from "../../onnx/encode.ts";
import type { Model } from "../../onnx/graph.ts";
import { ResiduaError } from "../../tensor/errors.ts";
import { float32 } from "../../tensor/tensor.ts";
import { readOnnxModel, writeOnnxModel } from "./onnx.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "residua-onnx-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** 4 KB of weights, and a constant that is too small to be put elsewhere. */
const model = (value: number): Model =>
  nodesModel(
    18,
    [node("MatMul", "x w", "a"), node("Mul", "a half", "y")],
    { x: [1, 32] },
    {
      w: float32([32, 32], new Float32Array(1024).fill(value)),
      half: float32([], [0.5]),
    },
  );

test("a model written with its weights apart is read back as it was", async () => {
  const path = join(folder, "model.onnx");
  const files = await writeOnnxModel(path, model(1), { externalData: true });
  expect((await readdir(folder)).toSorted()).toEqual(files.map((file) => file.slice(folder.length + 1)).toSorted());
  expect((await readOnnxModel(path)).graph.initializers).toEqual(model(1).graph.initializers);
});

test("another model of the same name replaces the data file too", async () => {
  const path = join(folder, "model.onnx");
  await writeOnnxModel(path, model(1), { externalData: true });
  await writeOnnxModel(path, model(2), { externalData: true });
  expect(await readdir(folder)).toHaveLength(2);
  expect((await readOnnxModel(path)).graph.initializers.get("w")!.data[0]).toBe(2);
  await writeOnnxModel(path, model(3));
  expect(await readdir(folder)).toEqual(["model.onnx"]);
});

test("weights that would not fit one file go beside it by themselves", () => {
  expect([fitsOneFile(model(1)), fitsOneFile(model(1), 4096)]).toEqual([true, false]);
});

test.each(["../secret", "/etc/passwd", "C:\\secret", "a/../../secret", "file:///etc/passwd"])(
  "data at %s, outside the model's folder, are neither written nor read",
  (location) => {
    expect(() => encodeExternalModel(model(1), () => location)).toThrow(/must lie in the model's own folder/);
  },
);

async function writeWith(location: string): Promise<string> {
  const path = join(folder, "inner", "model.onnx");
  await mkdir(join(folder, "inner"), { recursive: true });
  for (const chunk of [Buffer.concat(encodeExternalModel(model(1), () => location).model)])
    await writeFile(path, chunk);
  return path;
}

test("a link that leads out of the model's folder is refused in one line", async () => {
  await writeFile(join(folder, "secret"), new Uint8Array(8192));
  const path = await writeWith("inside.data");
  await symlink(join(folder, "secret"), join(folder, "inner", "inside.data"));
  await expect(readOnnxModel(path)).rejects.toThrow(/^[^\n]*outside the model's own folder[^\n]*$/);
});

test("a data file that is missing, or shorter than the model says, is refused in one line", async () => {
  const path = await writeWith("inside.data");
  await expect(readOnnxModel(path)).rejects.toThrow(/there is no such file/);
  await writeFile(join(folder, "inner", "inside.data"), new Uint8Array(100));
  await expect(readOnnxModel(path)).rejects.toThrow(/^[^\n]*which it does not have$/);
});

test("a model with any bytes changed is read or refused in one line", async () => {
  const whole = encodeModel(model(1));
  const path = join(folder, "model.onnx");
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 5 }),
      async (changes) => {
        const bytes = whole.slice();
        for (const [at, value] of changes) bytes[at] = value;
        await writeFile(path, bytes);
        const failure = await readOnnxModel(path).then(
          () => undefined,
          (error: unknown) => error,
        );
        if (failure === undefined) return;
        expect(failure).toBeInstanceOf(ResiduaError);
        expect((failure as Error).message).not.toContain("\n");
      },
    ),
    { numRuns: 200 },
  );
});
