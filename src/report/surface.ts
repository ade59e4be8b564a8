/** A surface to draw: heights on a grid, with what stands at its edges. All lengths are from 0 to 1. */
export interface SurfaceShape {
  /** `heights[row][column]`, 0 to 1; NaN leaves a hole. */
  readonly heights: readonly (readonly number[])[];
  /** SVG text for the ends of each axis, and for its name. */
  readonly x: readonly [low: string, name: string, high: string];
  readonly y: readonly [low: string, name: string, high: string];
  readonly z: readonly [low: string, name: string, high: string];
  /** From the lowest height to the highest, evenly: the page that turns the surface has no colour scales of its own. */
  readonly colors: readonly string[];
}

/** Where it is looked at from, in radians: around the vertical axis, and above the plane. */
export interface SurfaceView {
  readonly turn: number;
  readonly tilt: number;
  readonly zoom: number;
}

export const surfaceSize = { width: 900, height: 560 } as const;
export const firstView: SurfaceView = { turn: 0.7, tilt: 0.55, zoom: 1 };

type Point = readonly [x: number, y: number, depth: number];
type Project = (x: number, y: number, z: number) => Point;

/** Turns around the vertical axis, tilts towards the eye, and moves into the picture; parallel lines stay parallel. */
function projector({ turn, tilt, zoom }: SurfaceView): Project {
  const [cosTurn, sinTurn, cosTilt, sinTilt] = [Math.cos(turn), Math.sin(turn), Math.cos(tilt), Math.sin(tilt)];
  const scale = 400 * zoom;
  return (x, y, z) => {
    const [across, away] = [(x - 0.5) * cosTurn - (y - 0.5) * sinTurn, (x - 0.5) * sinTurn + (y - 0.5) * cosTurn];
    const height = (z - 0.5) * 0.7;
    return [
      surfaceSize.width / 2 + scale * across,
      surfaceSize.height / 2 - scale * (height * cosTilt + away * sinTilt),
      away * cosTilt - height * sinTilt,
    ];
  };
}

const at = ([x, y]: Point): string => `${x.toFixed(1)},${y.toFixed(1)}`;

function drawFrame(project: Project): string {
  const edge = (from: Point, to: Point): string => `M${at(from)}L${at(to)}`;
  const corners = [project(0, 0, 0), project(1, 0, 0), project(1, 1, 0), project(0, 1, 0)];
  const sides = corners.map((corner, index) => edge(corner, corners[(index + 1) % 4]));
  return `<path d="${sides.join("")}" fill="none" stroke="currentColor" stroke-opacity=".35"/>`;
}

/** An axis's name and ends beside an edge of the base, moved away from the middle. */
function drawLabels(
  [low, name, high]: readonly [string, string, string],
  place: (share: number) => Point,
  center: Point,
): string {
  const label = (text: string, share: number, away: number): string => {
    const [x, y] = place(share);
    const length = Math.hypot(x - center[0], y - center[1]) || 1;
    const [left, top] = [x + ((x - center[0]) / length) * away, y + ((y - center[1]) / length) * away];
    return `<text x="${left.toFixed(1)}" y="${(top + 4).toFixed(1)}" text-anchor="middle">${text}</text>`;
  };
  return label(low, 0.08, 20) + label(name, 0.5, 34) + label(high, 0.92, 20);
}

function drawHeightAxis(z: SurfaceShape["z"], project: Project): string {
  // At the corner that is furthest to the left, where no surface is in front.
  const corner = (
    [
      [0, 0],
      [1, 0],
      [1, 1],
      [0, 1],
    ] as const
  ).toSorted(([ax, ay], [bx, by]) => project(ax, ay, 0)[0] - project(bx, by, 0)[0])[0];
  const [bottom, top] = [project(corner[0], corner[1], 0), project(corner[0], corner[1], 1)];
  const text = (words: string, [x, y]: Point, shift: number): string =>
    `<text x="${(x - 8).toFixed(1)}" y="${(y + shift).toFixed(1)}" text-anchor="end">${words}</text>`;
  const middle: Point = [(bottom[0] + top[0]) / 2, (bottom[1] + top[1]) / 2, 0];
  return (
    `<path d="M${at(bottom)}L${at(top)}" stroke="currentColor" stroke-opacity=".5"/>` +
    text(z[0], bottom, 0) +
    text(z[1], middle, 4) +
    text(z[2], top, 8)
  );
}

/** The inside of an SVG of {@link surfaceSize}: faces from the furthest to the nearest. */
export function drawSurface({ heights, x, y, z, colors }: SurfaceShape, view: SurfaceView): string {
  const project = projector(view);
  const [rows, columns] = [heights.length - 1, heights[0].length - 1];
  const points = heights.map((line, row) =>
    line.map((height, column) => project(column / columns, row / rows, height)),
  );
  const faces: { readonly depth: number; readonly path: string }[] = [];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const corners = [
        [row, column],
        [row, column + 1],
        [row + 1, column + 1],
        [row + 1, column],
      ] as const;
      const height = corners.reduce((sum, [i, j]) => sum + heights[i][j], 0) / 4;
      if (!Number.isFinite(height)) continue;
      const outline = corners.map(([i, j]) => points[i][j]);
      const depth = outline.reduce((sum, point) => sum + point[2], 0);
      const color = colors[Math.round(Math.min(1, Math.max(0, height)) * (colors.length - 1))];
      faces.push({ depth, path: `<path d="M${outline.map(at).join("L")}Z" fill="${color}"/>` });
    }
  }
  faces.sort((a, b) => b.depth - a.depth);
  const center = project(0.5, 0.5, 0);
  // Of two parallel edges, the one in front.
  const frontY = project(0.5, 0, 0)[2] < project(0.5, 1, 0)[2] ? 0 : 1;
  const frontX = project(0, 0.5, 0)[2] < project(1, 0.5, 0)[2] ? 0 : 1;
  return [
    drawFrame(project),
    `<g stroke="#fff" stroke-opacity=".35" stroke-width=".6" stroke-linejoin="round">${faces.map(({ path }) => path).join("")}</g>`,
    `<g fill="currentColor" font-size="12">`,
    drawLabels(x, (share) => project(share, frontY, 0), center),
    drawLabels(y, (share) => project(frontX, share, 0), center),
    drawHeightAxis(z, project),
    "</g>",
  ].join("");
}
