import { gridOf } from "../../../lab/landscape/directions.ts";
import type { MeasuredPoint } from "../../../lab/measured-point.ts";
import { type LandscapeSummary, type LossPlane, summarizeLandscape } from "../../../lab/landscape/study.ts";

/** What of a landscape a page measures: few points, on few images. */
export const landscapeGrid = { side: 9, radius: 1, seed: 0, mostImages: 200 } as const;

const { side, radius } = landscapeGrid;
const places = gridOf(-radius, radius, side);

/** All points, from the network itself outwards. */
export const landscapePoints: readonly (readonly [x: number, y: number])[] = places
  .flatMap((y) => places.map((x) => [x, y] as const))
  .toSorted((a, b) => Math.hypot(...a) - Math.hypot(...b));

/** The plane of points that are measured in their order. */
export function toPlane(measured: readonly MeasuredPoint[]): LossPlane {
  const rows = (what: keyof MeasuredPoint): readonly (readonly number[])[] =>
    places.map((y) =>
      places.map((x) => {
        const at = landscapePoints.findIndex((point) => point[0] === x && point[1] === y);
        return measured[at]?.[what] ?? Number.NaN;
      }),
    );
  return { xs: places, ys: places, loss: rows("loss"), error: rows("error") };
}

/** What a whole plane comes to; its middle row is the line along the first direction. */
export function summarizePlane(label: string, plane: LossPlane, images: number): LandscapeSummary {
  const middle = (side - 1) / 2;
  return summarizeLandscape({
    label,
    data: "",
    images,
    seed: landscapeGrid.seed,
    radius,
    status: "done",
    line: { at: places, loss: plane.loss[middle], error: plane.error[middle] },
    plane,
  });
}
