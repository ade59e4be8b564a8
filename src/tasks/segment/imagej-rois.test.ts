import { expect, test } from "vitest";
import { unzipSync } from "fflate";
import { encodeRois } from "./imagej-rois.ts";
import { type CellOutline, outlineCells } from "./outlines.ts";

type Point = readonly [x: number, y: number];

/** A region as ImageJ's RoiDecoder reads it: rings in pixels of the image, and the bounds of its header. */
interface Region {
  readonly rings: readonly (readonly Point[])[];
  /** Top, left, bottom, right. */
  readonly bounds: readonly number[];
}

/** Reads a region by the description in ImageJ's RoiDecoder, not by what the encoder does. */
function decodeRoi(bytes: Uint8Array): Region {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  expect(new TextDecoder().decode(bytes.subarray(0, 4))).toBe("Iout");
  expect(view.getInt16(4)).toBeGreaterThanOrEqual(217);
  const bounds = [8, 10, 12, 14].map((at) => view.getUint16(at));
  const [top, left] = bounds;
  // A composite shape: 0 moves, 1 draws a line, 4 closes.
  const pathLength = view.getInt32(36);
  if (pathLength > 0) {
    expect(view.getUint8(6)).toBe(1);
    expect(bytes).toHaveLength(64 + 4 * pathLength);
    const rings: Point[][] = [];
    for (let at = 64; at < bytes.length;) {
      const segment = view.getFloat32(at);
      at += 4;
      if (segment === 4) continue;
      if (segment === 0) rings.push([]);
      else expect(segment).toBe(1);
      rings.at(-1)!.push([view.getFloat32(at), view.getFloat32(at + 4)]);
      at += 8;
    }
    return { rings, bounds };
  }
  expect(view.getUint8(6)).toBe(0);
  const count = view.getUint16(16) === 0 ? view.getInt32(18) : view.getUint16(16);
  const hasFloats = (view.getInt16(50) & 128) !== 0;
  expect(bytes).toHaveLength(64 + count * (hasFloats ? 12 : 4));
  const ring = Array.from({ length: count }, (_, index): Point => {
    if (!hasFloats) return [left + view.getInt16(64 + 2 * index), top + view.getInt16(64 + 2 * count + 2 * index)];
    const floats = 64 + 4 * count;
    return [view.getFloat32(floats + 4 * index), view.getFloat32(floats + 4 * count + 4 * index)];
  });
  return { rings: [ring], bounds };
}

function readZip(cells: readonly CellOutline[]): Readonly<Record<string, Region>> {
  const files = unzipSync(Buffer.concat([...encodeRois(cells)]));
  return Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, decodeRoi(bytes)]));
}

test("polygons and shapes of several rings read back as the outlines that they were, in the order of their numbers", () => {
  const rows = ["1100022", "1100202", "0000222", "3000000", "0300000"];
  const size = { height: rows.length, width: rows[0].length };
  const outlines = [...outlineCells(Int32Array.from(rows.join(""), Number), size)];
  const tenth = { id: 10, parts: [[[[50, 60] as const, [70, 60] as const, [70, 65] as const, [50, 65] as const]]] };
  const found = readZip([...outlines, tenth]);
  expect(Object.keys(found)).toEqual(["01.roi", "02.roi", "03.roi", "10.roi"]);
  expect(Object.values(found).map(({ rings }) => rings)).toEqual([...outlines, tenth].map(({ parts }) => parts.flat()));
  expect(found["02.roi"]).toMatchObject({ bounds: [0, 4, 3, 7] });
  expect(found["02.roi"].rings).toHaveLength(2);
  expect(found["03.roi"].rings).toHaveLength(2);
  expect(found["10.roi"].bounds).toEqual([60, 50, 65, 70]);
  expect(readZip([])).toEqual({});
});

test("coordinates beyond 32,767 and more than 65,535 corners are kept", () => {
  const far = [
    [40_000, 10],
    [40_012, 10],
    [40_012, 70_000],
    [40_000, 70_000],
  ] as const;
  // A comb.
  const teeth = Array.from({ length: 17_000 }, (_, tooth) => [
    [2 * tooth, 0] as const,
    [2 * tooth + 1, 0] as const,
    [2 * tooth + 1, 1] as const,
    [2 * tooth + 2, 1] as const,
  ]).flat();
  const found = readZip([
    { id: 1, parts: [[far]] },
    { id: 2, parts: [[teeth]] },
  ]);
  expect(found["1.roi"].rings[0]).toEqual(far);
  expect(found["2.roi"].rings[0]).toHaveLength(68_000);
  expect(found["2.roi"].rings[0]).toEqual(teeth);
});
