import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode } from "fast-png";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTrainedBytes } from "../../src/networks/node/open.ts";
import { encodeModel } from "../../src/onnx/encode.ts";
import { decodeModel } from "../../src/onnx/decode.ts";
import { createClient } from "../../src/serve/web/client.ts";
import { findNodeTask } from "../../src/tasks/node/find-node-task.ts";
import { loadTask } from "../../src/tasks/loaded-network.ts";
import { measureCells } from "../../src/tasks/segment/measure.ts";
import { drawKind } from "../support/pictures.ts";
import {
  cellsCard,
  networkBytes,
  serveUntilClosed,
  smallCard,
  type TestServer,
  writeFiles,
} from "../support/serving.ts";

let folder: string;
let server: TestServer;
let picture: Buffer;
let culture: Buffer;
const bytes = { small: networkBytes(smallCard), cells: networkBytes(cellsCard) };
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residua-serve-"));
  const { metadata: _, ...bare } = decodeModel(bytes.small, "small");
  await writeFiles(folder, {
    "small.onnx": bytes.small,
    "cells.onnx": bytes.cells,
    "bare.onnx": encodeModel({ ...bare, metadata: new Map() }),
  });
  picture = await sharp(drawKind(1, 0, 40), { raw: { width: 40, height: 40, channels: 3 } })
    .png()
    .toBuffer();
  culture = await sharp(drawKind(2, 0, 80), { raw: { width: 80, height: 80, channels: 3 } })
    .greyscale()
    .png()
    .toBuffer();
  server = await serveUntilClosed({ sources: [folder] });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const predict = (path: string, body: Buffer, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${server.url}/v1/models/${path}`, {
    method: "POST",
    body: new Uint8Array(body),
    headers: { "content-type": "image/png", ...headers },
  });
const errorOf = async (response: Response): Promise<unknown> => [
  response.status,
  ((await response.json()) as { readonly error: string }).error,
];

test("classes of an image are those that the network gives here", async () => {
  const network = loadTask(await openTrainedBytes({ bytes: bytes.small, path: "small.onnx" }), "small", "classify");
  const { readInput } = await findNodeTask("classify");
  const predictions = await network.predict(await readInput({ bytes: picture, where: "picture" }, network.card));
  await network.release();
  expect(predictions.length).toBe(3);
  const response = await predict("small/predict", picture);
  expect(response.headers.get("content-type")).toContain("application/json");
  expect(await response.json()).toEqual({ predictions });
  expect(await (await predict("small/versions/1/predict?top=1", picture)).json()).toEqual({
    predictions: predictions.slice(0, 1),
  });
  const client = createClient(server.url);
  expect(await client.predict("small", new Blob([new Uint8Array(picture)], { type: "image/png" }))).toEqual({
    predictions,
  });
});

describe("cells of an image", () => {
  const find = async () => {
    const network = loadTask(await openTrainedBytes({ bytes: bytes.cells, path: "cells.onnx" }), "cells", "segment");
    const { readInput } = await findNodeTask("segment");
    const raster = await readInput({ bytes: culture, where: "culture" }, network.card);
    const found = await network.predict(raster);
    await network.release();
    if (found.target !== "instances" || found.count === 0) throw new Error("expected cells");
    return { raster, found };
  };

  test("are counted and measured as JSON", async () => {
    const { raster, found } = await find();
    expect(await (await predict("cells/predict", culture)).json()).toEqual({
      width: 80,
      height: 80,
      count: found.count,
      cells: measureCells(found.labels, raster),
    });
  });

  test("are outlined as GeoJSON, and drawn as PNG, if that is wanted", async () => {
    const { found } = await find();
    const outlines = await predict("cells/predict", culture, { accept: "application/geo+json" });
    expect(outlines.headers.get("content-type")).toContain("application/geo+json");
    const { type, features } = (await outlines.json()) as { readonly type: string; readonly features: unknown[] };
    expect([type, features.length]).toEqual(["FeatureCollection", found.outlines().length]);
    const overlay = await predict("cells/predict", culture, { accept: "text/html;q=0.9, image/*" });
    expect(overlay.headers.get("content-type")).toBe("image/png");
    expect(decode(new Uint8Array(await overlay.arrayBuffer()))).toMatchObject({ width: 80, height: 80 });
    expect(await errorOf(await predict("cells/predict", culture, { accept: "text/html" }))).toEqual([
      406,
      "Accept: must allow one of application/json, application/geo+json, image/png",
    ]);
  });
});

describe("refused with a sentence is", () => {
  test.each<readonly [what: string, path: string, body: () => Buffer, status: number, sentence: string]>([
    ["a model without a card", "bare/predict", () => picture, 400, "send tensors to /v2/models/bare/infer"],
    ["an empty body", "small/predict", () => Buffer.alloc(0), 400, "is empty"],
    ["what is no image", "small/predict", () => Buffer.from("<html>"), 400, "image"],
    ["half an image", "small/predict", () => picture.subarray(0, 200), 400, "damaged or truncated"],
    ["an unknown option", "small/predict?tpo=1", () => picture, 400, "tpo"],
    ["an option that is no number", "small/predict?top=many", () => picture, 400, "must be a whole number"],
    ["an option given twice", "small/predict?top=1&top=2", () => picture, 400, "is given twice"],
    ["a page that is not there", "small/predict?page=2", () => picture, 400, "page"],
    ["an unknown model", "nothing/predict", () => picture, 404, '"nothing" is not served here'],
  ])("%s", async (_what, path, body, status, sentence) => {
    expect(await errorOf(await predict(path, body()))).toEqual([status, expect.stringContaining(sentence)]);
  });

  test("an image that decodes to more than the limit, before it is decoded", async () => {
    const limited = await serveUntilClosed({ sources: [join(folder, "small.onnx")] });
    const wide = await sharp({ create: { width: 6000, height: 6000, channels: 3, background: "#fff" } })
      .png()
      .toBuffer();
    expect(wide.length).toBeLessThan(200_000);
    try {
      const response = await fetch(`${limited.url}/v1/models/small/predict`, {
        method: "POST",
        body: new Uint8Array(wide),
      });
      // 6000 × 6000 × 3 bytes are 103 MiB; the standard limit is 100.
      expect(await errorOf(response)).toEqual([400, expect.stringContaining("must take at most 100 MiB")]);
    } finally {
      await limited.close();
    }
  });
});
