import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readImage } from "../../../data/node/image.ts";
import { encodeLabels } from "./encode.ts";

test("more than 65,535 cells are written as TIFF of 32 bits, read back, and refused as PNG", async () => {
  const [height, width] = [280, 300];
  const labels = Int32Array.from({ length: height * width }, (_, at) => (at % 7 === 0 ? 0 : at));
  const folder = await mkdtemp(join(tmpdir(), "residua-labels-"));
  try {
    const path = join(folder, "many.tif");
    await writeFile(path, encodeLabels({ height, width, labels }, "tiff"));
    const { samples, ...about } = await readImage(path);
    expect(about).toMatchObject({ height, width, channels: 1, kind: "TIFF", bits: 32 });
    expect(samples).toBeInstanceOf(Uint32Array);
    expect(samples.findIndex((value, at) => value !== labels[at])).toBe(-1);
    expect(() => encodeLabels({ height, width, labels }, "png")).toThrow(
      "format: png holds 65,535 cells at most, 83999 were found; use tiff",
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});
