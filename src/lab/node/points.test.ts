import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openPoints } from "./points.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "residua-points-"));
  path = join(folder, "lesion.html.points.json");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("points are there again under their keys, one without a finite loss too, unless they are of another study", async () => {
  const points = await openPoints(path, "a");
  const [plain, exploded] = [
    { loss: 0.5, error: 0.25 },
    { loss: Number.NaN, error: 0.9 },
  ];
  await points.add("line 0", plain);
  await points.add('["b"]', exploded);
  await points.flush();
  const again = await openPoints(path, "a");
  expect(["line 0", '["b"]', "line 1"].map(again.get)).toEqual([plain, exploded, undefined]);
  expect((await openPoints(path, "b")).get("line 0")).toBeUndefined();
});

test("a file of an earlier release is continued, a loss that was not finite among it", async () => {
  writeFileSync(
    path,
    '{"identity":"a","points":{"line 0":{"loss":1,"error":0.5},"line 1":{"loss":null,"error":0.9}}}\n',
  );
  const points = await openPoints(path, "a");
  expect(points.get("line 0")).toEqual({ loss: 1, error: 0.5 });
  expect(points.get("line 1")).toEqual({ loss: Number.NaN, error: 0.9 });
});
