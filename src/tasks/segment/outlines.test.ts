import fc from "fast-check";
import { expect, test } from "vitest";
import { labelComponents } from "./data/components.ts";
import { outlinesToGeoJson } from "./geojson.ts";
import { outlineCells } from "./outlines.ts";

type Position = readonly [x: number, y: number];
type Polygon = readonly (readonly Position[])[];

/** Labels of a picture: a digit is a cell's number, a point is background. */
function labelsOf(...rows: readonly string[]): { readonly labels: Int32Array; height: number; width: number } {
  const labels = Int32Array.from(rows.join(""), (digit) => (digit === "." ? 0 : Number(digit)));
  return { labels, height: rows.length, width: rows[0].length };
}

const polygonsOf = (labels: Int32Array, size: { readonly height: number; readonly width: number }) =>
  outlinesToGeoJson(outlineCells(labels, size)).features.map(({ id, geometry }) => ({
    id,
    polygons: geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates,
  }));

/** The shoelace formula. */
const areaOf = (ring: readonly Position[]): number =>
  ring.slice(1).reduce((sum, [x, y], at) => sum + (ring[at][0] * y - x * ring[at][1]) / 2, 0);

/** Every point of the grid that a closed ring passes, its first once. */
function walk(ring: readonly Position[]): string[] {
  const passed: string[] = [];
  ring.slice(1).forEach(([toX, toY], at) => {
    let [x, y] = ring[at];
    // A line along the grid: one coordinate stays.
    expect([toX - x, toY - y].filter((step) => step !== 0)).toHaveLength(1);
    while (x !== toX || y !== toY) {
      passed.push(`${x},${y}`);
      x += Math.sign(toX - x);
      y += Math.sign(toY - y);
    }
  });
  return passed;
}

/** Whether a point that is on no line lies in a polygon, by the lines that a ray to the right crosses. */
function isInside(polygon: Polygon, px: number, py: number): boolean {
  const crossings = polygon.flatMap((ring) =>
    ring.slice(1).filter(([x, y], at) => x === ring[at][0] && x > px && ring[at][1] > py !== y > py),
  );
  return crossings.length % 2 === 1;
}

/** Whether an undirected graph of rings and the points at which they touch has a circle, which would cut the interior in two. */
function hasCircle(rings: readonly (readonly string[])[]): boolean {
  const group = new Map<string, string>();
  const rootOf = (name: string): string => {
    const above = group.get(name);
    return above === undefined ? name : rootOf(above);
  };
  return rings.some((points, ring) =>
    points.some((point) => {
      const [a, b] = [rootOf(`ring ${ring}`), rootOf(point)];
      if (a === b) return true;
      group.set(a, b);
      return false;
    }),
  );
}

/** Checks what RFC 7946 and the OGC's simple features ask of a polygon. */
function expectValid(polygon: Polygon): void {
  polygon.forEach((ring, index) => {
    expect(ring.length).toBeGreaterThanOrEqual(5);
    expect(ring.at(-1)).toEqual(ring[0]);
    const points = walk(ring);
    expect(new Set(points).size).toBe(points.length);
    expect(Math.sign(areaOf(ring))).toBe(index === 0 ? 1 : -1);
    // No corner on a straight line.
    ring.slice(1).forEach(([x], at) => {
      const [before, after] = [ring[at], ring[at + 2] ?? ring[1]];
      expect(before[0] === x).not.toBe(after[0] === x);
    });
  });
  expect(hasCircle(polygon.map(walk))).toBe(false);
  const edges = polygon.flatMap((ring) => {
    const points = walk(ring);
    return points.map((point, at) => [point, points[(at + 1) % points.length]].toSorted().join(" "));
  });
  expect(new Set(edges).size).toBe(edges.length);
}

const images = fc
  .record({ height: fc.integer({ min: 1, max: 12 }), width: fc.integer({ min: 1, max: 12 }) })
  .chain(({ height, width }) =>
    fc.record({
      height: fc.constant(height),
      width: fc.constant(width),
      cells: fc
        .integer({ min: 1, max: 3 })
        .chain((most) =>
          fc.array(fc.integer({ min: 0, max: most }), { minLength: height * width, maxLength: height * width }),
        ),
    }),
  );

test("polygons of any labels are valid, hold just the pixels of their cell, and part as pixels that share edges do", () => {
  fc.assert(
    fc.property(images, ({ cells, ...size }) => {
      const labels = Int32Array.from(cells);
      const found = polygonsOf(labels, size);
      expect(found.map(({ id }) => id)).toEqual([...new Set(cells)].filter((id) => id > 0).toSorted((a, b) => a - b));
      for (const { id, polygons } of found) {
        polygons.forEach(expectValid);
        const { count } = labelComponents((at) => labels[at] === id, size);
        expect(polygons).toHaveLength(count);
        const area = polygons.flat().reduce((sum, ring) => sum + areaOf(ring), 0);
        expect(area).toBe(cells.filter((label) => label === id).length);
        cells.forEach((label, at) => {
          const [x, y] = [(at % size.width) + 0.5, Math.floor(at / size.width) + 0.5];
          expect(polygons.filter((polygon) => isInside(polygon, x, y))).toHaveLength(label === id ? 1 : 0);
        });
      }
    }),
    { numRuns: 150, seed: 7 },
  );
});

test("a notch whose pixels meet diagonally becomes a hole that touches the outer ring", () => {
  const { labels, ...size } = labelsOf(".1111", "1.111", "11111");
  const [{ polygons }] = polygonsOf(labels, size);
  expect(polygons).toEqual([
    [
      [
        [1, 0],
        [5, 0],
        [5, 3],
        [0, 3],
        [0, 1],
        [1, 1],
        [1, 0],
      ],
      [
        [1, 1],
        [1, 2],
        [2, 2],
        [2, 1],
        [1, 1],
      ],
    ],
  ]);
});

test("holes that meet diagonally are two holes, and parts that meet diagonally two polygons", () => {
  const holes = labelsOf("11111", "1.111", "11.11", "11111");
  const [{ polygons }] = polygonsOf(holes.labels, holes);
  expect(polygons.map((polygon) => polygon.map(areaOf))).toEqual([[20, -1, -1]]);
  const parts = labelsOf("11..", "11..", "..11");
  expect(polygonsOf(parts.labels, parts)[0].polygons.map((polygon) => polygon.map(areaOf))).toEqual([[4], [2]]);
});

test("coordinates are pixels whatever the pixel size, and measurements are numbers in pixels and micrometres", () => {
  const { labels, ...size } = labelsOf("....", ".22.", ".22.");
  const outlines = outlineCells(labels, size);
  const cell = {
    id: 2,
    area: 4,
    perimeter: 6,
    row: 1.5,
    column: 1.5,
    majorAxis: 2,
    minorAxis: 2,
    eccentricity: 0,
    orientation: 0,
    circularity: 1,
    solidity: 1,
    feretMaximum: 2.2,
    feretMinimum: 2,
    touchesEdge: true,
    intensities: [{ mean: Number.NaN, minimum: 1, maximum: 2, deviation: 3, integrated: 4 }],
  };
  const { features } = outlinesToGeoJson(outlines, { measurements: [cell], pixelSize: 0.5 });
  expect(features).toEqual([
    {
      type: "Feature",
      id: 2,
      geometry: outlinesToGeoJson(outlines).features[0].geometry,
      properties: { objectType: "detection", name: "2", measurements: expect.anything() },
    },
  ]);
  const { measurements } = features[0].properties;
  expect(measurements).toMatchObject({
    "Area px^2": 4,
    "Area µm^2": 1,
    "Perimeter µm": 3,
    "Max diameter px": 2.2,
    "Touches edge": 1,
    // Counted as the outline's corners are: the cell's pixels are 1 and 2 along both axes, and its corners 1 to 3.
    "Centroid X px": 2,
    "Centroid Y px": 2,
    "Centroid X µm": 1,
    "Centroid Y µm": 1,
    "Intensity: Max": 2,
  });
  // Neither JSON nor QuPath has a number that is none.
  expect(measurements).not.toHaveProperty("Intensity: Mean");
  expect(Object.values(measurements!).every(Number.isFinite)).toBe(true);
});
