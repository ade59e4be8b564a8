import type { CellMeasurement } from "./measure.ts";
import { measurementColumns, roundForTable } from "./measurement-table.ts";
import type { CellOutline, Ring } from "./outlines.ts";

type Position = readonly [x: number, y: number];
type Polygon = readonly (readonly Position[])[];

/** A cell as a GeoJSON feature. */
export interface CellFeature {
  readonly type: "Feature";
  readonly id: number;
  readonly geometry:
    | { readonly type: "Polygon"; readonly coordinates: Polygon }
    | { readonly type: "MultiPolygon"; readonly coordinates: readonly Polygon[] };
  readonly properties: {
    readonly objectType: "detection";
    readonly name: string;
    readonly measurements?: Readonly<Record<string, number>>;
  };
}

/** Cells as GeoJSON. */
export interface CellFeatures {
  readonly type: "FeatureCollection";
  readonly features: readonly CellFeature[];
}

/** What is known of the cells beside their outlines. */
export interface FeatureDetails {
  readonly measurements?: readonly CellMeasurement[];
  /** Side of a pixel in micrometres: measurements are then given in micrometres, too. */
  readonly pixelSize?: number;
}

/** Tables count from the centre of the upper left pixel, outlines from its upper left corner. */
const fromCorner = (cell: CellMeasurement): CellMeasurement => ({
  ...cell,
  row: cell.row + 0.5,
  column: cell.column + 0.5,
});

const closed = (ring: Ring): readonly Position[] => [...ring, ring[0]];

/**
 * Outlines as GeoJSON. Coordinates are pixels of the image whatever the pixel size, x to the right and y down from its upper left
 * corner, because QuPath counts so, and the centroids among the measurements are counted in the same way: half a pixel more than in
 * tables. Outer rings are counter-clockwise and holes clockwise in these coordinates.
 *
 * @source RFC 7946, sections 3.1.6 and 3.3; QuPath 0.4 and later, `QuPathTypeAdapters`: `measurements` maps names to numbers
 */
export function outlinesToGeoJson(
  cells: readonly CellOutline[],
  { measurements = [], pixelSize }: FeatureDetails = {},
): CellFeatures {
  const known = new Map(measurements.map((cell) => [cell.id, fromCorner(cell)]));
  const columns = measurementColumns(measurements[0]?.intensities.length ?? 0, pixelSize !== undefined);
  const features = cells.map(({ id, parts }): CellFeature => {
    const coordinates = parts.map((rings) => rings.map(closed));
    const cell = known.get(id);
    // QuPath refuses what is no number, and JSON has no NaN.
    const values = columns
      .map(({ label, value }) => [label, cell === undefined ? null : roundForTable(value(cell, pixelSize))] as const)
      .filter(([, value]) => value !== null && Number.isFinite(value));
    return {
      type: "Feature",
      id,
      geometry:
        parts.length === 1 ? { type: "Polygon", coordinates: coordinates[0] } : { type: "MultiPolygon", coordinates },
      properties: {
        objectType: "detection",
        name: String(id),
        ...(cell === undefined ? {} : { measurements: Object.fromEntries(values) as Record<string, number> }),
      },
    };
  });
  return { type: "FeatureCollection", features };
}
