import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type CellMeasurement, measureCells } from "./measure.ts";
import { cellTable, measurementTable } from "./measurement-table.ts";
import { summarizeImage, summaryTable } from "./summary.ts";

interface Golden {
  readonly labels: readonly string[];
  readonly cells: readonly CellMeasurement[];
}

/** Labels of a picture: a digit is a cell's number. */
function cellsIn(rows: readonly string[], sample: (at: number) => number = () => 1): readonly CellMeasurement[] {
  const [height, width] = [rows.length, rows[0].length];
  const labels = Int32Array.from(rows.join(""), Number);
  const samples = Float32Array.from({ length: height * width }, (_, at) => sample(at));
  return measureCells(labels, { height, width, channels: 1, samples });
}

test("drawn cells of all shapes measure what NumPy and SciPy find by scikit-image's definitions", () => {
  const golden = JSON.parse(
    readFileSync(new URL("../../../test/golden/cells.json", import.meta.url), "utf8"),
  ) as Golden;
  const [height, width] = [golden.labels.length, golden.labels[0].length];
  const samples = new Uint16Array(2 * height * width);
  for (let at = 0; at < height * width; at++) samples.set([(at * 7919) % 65_521, 60_000 + (at % 97)], 2 * at);
  const found = measureCells(Int32Array.from(golden.labels.join(""), Number), { height, width, channels: 2, samples });
  expect(found).toHaveLength(6);
  found.forEach((cell, index) => {
    const { intensities, ...shape } = golden.cells[index];
    for (const [name, value] of Object.entries(shape)) {
      const own = cell[name as keyof typeof shape];
      // Roundings of float64 sums.
      expect(typeof own).toBe(typeof value);
      expect(Number(own), `${cell.id} ${name}`).toBeCloseTo(Number(value), 9);
    }
    intensities.forEach((channel, place) => {
      for (const [name, value] of Object.entries(channel))
        expect(cell.intensities[place][name as keyof typeof channel], `${cell.id} ${name}`).toBeCloseTo(value, 7);
    });
  });
});

test("a rectangle, an L and a diagonal have the values that are worked out by hand", () => {
  const [rectangle] = cellsIn(["000000000000", ...Array.from({ length: 4 }, () => "011111111110"), "000000000000"]);
  // A row of n pixels has the variance (n² − 1) / 12.
  expect(rectangle.majorAxis).toBeCloseTo(4 * Math.sqrt(99 / 12), 12);
  expect(rectangle.minorAxis).toBeCloseTo(4 * Math.sqrt(15 / 12), 12);
  expect(rectangle.eccentricity).toBeCloseTo(Math.sqrt(1 - 15 / 99), 12);
  expect(Math.abs(rectangle.orientation)).toBeCloseTo(Math.PI / 2, 12);
  expect(rectangle).toMatchObject({ solidity: 1, feretMinimum: 4, touchesEdge: false });
  expect(rectangle.feretMaximum).toBeCloseTo(Math.hypot(10, 3), 12);
  // Of the hull's six pixels, the L has five.
  expect(cellsIn(["100", "100", "111"])[0]).toMatchObject({ solidity: 5 / 6, touchesEdge: true });
  const [diagonal] = cellsIn(["1000", "0100", "0010", "0001"]);
  expect(diagonal).toMatchObject({ minorAxis: 0, eccentricity: 1, orientation: Math.PI / 4 });
});

test("numbers that no pixel has are no cells, and a sample that is no number makes the cell's intensities none", () => {
  const cells = cellsIn(["0505", "0000", "3333"], (at) => (at < 4 ? Number.NaN : at));
  expect(cells.map(({ id }) => id)).toEqual([3, 5]);
  expect(cells[0].intensities).toEqual([
    { mean: 9.5, minimum: 8, maximum: 11, deviation: Math.sqrt(1.25), integrated: 38 },
  ]);
  expect(Object.values(cells[1].intensities[0]).every(Number.isNaN)).toBe(true);
});

test("one table holds the cells of images that differ in channels and pixel size, and sums them up", () => {
  const size = { height: 2, width: 5 };
  const labels = Int32Array.from([1, 1, 0, 2, 2, 1, 1, 0, 0, 0]);
  const grey = measureCells(labels, { ...size, channels: 1, samples: Uint8Array.from(labels, (_, at) => at) });
  const pair = { ...size, channels: 2, samples: Uint8Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? 7 : 9)) };
  const images = [
    { image: "a,1.png", cells: grey, channels: 1 },
    { image: "b.tif", cells: measureCells(labels, pair), channels: 2, pixelSize: 0.5 },
    { image: "none.png", cells: [], channels: 1 },
  ];
  const rows = [...cellTable(images)]
    .join("")
    .trim()
    .split("\n")
    .map((line) => line.replace('"a,1.png"', "a").split(","));
  const [head, ...body] = rows;
  const column = (name: string): readonly string[] => body.map((row) => row[head.indexOf(name)]);
  expect(rows.every(({ length }) => length === head.length)).toBe(true);
  expect(column("image")).toEqual(["a", "a", "b.tif", "b.tif"]);
  expect(column("id")).toEqual(["1", "2", "1", "2"]);
  expect(column("area_px2")).toEqual(["4", "2", "4", "2"]);
  expect(column("area_um2")).toEqual(["", "", "1", "0.5"]);
  expect(column("mean_intensity_1")).toEqual(["3", "3.5", "7", "7"]);
  expect(column("mean_intensity_2")).toEqual(["", "", "9", "9"]);
  const alone = measurementTable(images[0]).split("\n")[0];
  expect(alone).toBe(
    "id,area_px2,perimeter_px,centroid_x_px,centroid_y_px,major_axis_px,minor_axis_px,feret_max_px,feret_min_px," +
      "eccentricity,orientation_rad,circularity,solidity,touches_edge," +
      "mean_intensity,min_intensity,max_intensity,std_intensity,integrated_intensity",
  );
  const summaries = images.map((image) => summarizeImage(image, size));
  expect(summaries[1]).toMatchObject({ cells: 2, totalArea: 6, meanArea: 3, coverage: 0.6, density: 200_000 });
  // 2 cells in 10 pixels of 0.25 µm² each, which are 2.5e-6 mm².
  expect(summaries[1]).toMatchObject({ meanAreaMicrometres: 0.75, cellsPerSquareMillimetre: 800_000 });
  expect(summaryTable(summaries)).toBe(
    "image,width_px,height_px,cells,total_area_px2,mean_area_px2,coverage,cells_per_megapixel," +
      "pixel_size_um,total_area_um2,mean_area_um2,cells_per_mm2,mean_intensity_1,mean_intensity_2\n" +
      '"a,1.png",5,2,2,6,3,0.6,200000,,,,,3.25,\n' +
      "b.tif,5,2,2,6,3,0.6,200000,0.5,1.5,0.75,800000,7,9\n" +
      "none.png,5,2,0,0,,0,0,,,,,,\n",
  );
});
